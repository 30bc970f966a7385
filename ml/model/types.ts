/** The types of a trained model: what it answers, where it comes from, what its training texts looked like. */

/** What the model says about one text. Class 1 is positive, class 0 negative. */
export type Prediction = {
  class: 0 | 1;
  label: 'negative' | 'positive';
  /** Calibrated probability that the text is positive, 0 to 1. */
  probability: number;
  /** Calibrated probability of the predicted label, 0.5 to 1. */
  confidence: number;
  /** Calibrated log-odds of positive; `probability` is its logistic function. */
  score: number;
  /** Number of tokens in the text. */
  tokens: number;
  /** Tokens that the model does not know; 0 for a model without single words among its features. */
  unknownTokens: number;
};

/** How much one word moved the score. */
export type WordContribution = {
  /** The word as written in the given text. */
  text: string;
  /** UTF-16 offsets into the given text; `end` is exclusive. */
  start: number;
  end: number;
  /** Log-odds that the word adds, above 0 towards positive; 0 if the model does not know it. */
  contribution: number;
};

/** A prediction with its reasons: `bias` plus all contributions equals `score`, up to rounding. */
export type Explanation = Prediction & {
  bias: number;
  /** In the order of the text. */
  words: WordContribution[];
  /**
   * Share of the words that the model knows, 0 to 1; 0 for a text without words. Without single words among its
   * features, a model knows the words that move its score.
   */
  knownShare: number;
};

/** score = slope x raw + offset. */
export type Calibration = { slope: number; offset: number };

/** Counts of texts: counts[i] with bounds[i - 1] < value <= bounds[i], and the last one above all bounds. */
export type Distribution = { bounds: number[]; counts: number[] };

/** What the training texts looked like; see profile.ts. */
export type TrainingProfile = {
  version: 1;
  /** Number of tokens in a text. */
  length: Distribution;
  /** Share of a text's tokens that the model does not know, 0 to 1; 0 for a text without tokens. */
  unknown_share: Distribution;
  /** Calibrated probability of positive, 0 to 1; null if training had no out-of-fold scores. */
  probability: Distribution | null;
  /** Mean calibrated probability of the predicted class, 0.5 to 1; null as above. */
  mean_confidence: number | null;
};

/**
 * Where a model comes from. model_building writes it into the artifact; register_model adds what is known only later
 * (metrics of the held-out texts, run, commit). Nothing here comes from the clock of the training machine, so equal
 * inputs give equal bytes.
 */
export type ModelFacts = {
  /** SHA-256 of the training texts and labels. */
  dataDigest: string;
  /** Sources of the texts, as named in params.yaml, joined by a comma. */
  source: string;
  /** Number of training texts. */
  trainingTexts: number;
  /** The same by domain; a model of an older version has none. */
  domains?: Record<string, number>;
  /** The sections of params.yaml that this model was trained with. */
  params: Record<string, unknown>;
  metrics?: Record<string, number>;
  gitCommit?: string;
  runId?: string;
  modelName?: string;
  /** Start of the run that made it, ISO 8601; set on registration. */
  trainedAt?: string;
};

/** What a server or the command line needs of a trained model. No string makes it throw. */
export type Model = {
  readonly facts: ModelFacts;
  /** SHA-256 of the artifact file, hex. */
  readonly digest: string;
  /** Number of columns. */
  readonly featureCount: number;
  /** Undefined for a model trained before profiles existed. */
  readonly profile: TrainingProfile | undefined;
  predict(text: string): Prediction;
  explain(text: string): Explanation;
};

/** The types of a trained model: what it answers, where it comes from, what its training texts looked like. */

/** What the model says about one text. Classes are numbered from 0, in the order of the model's `classes`. */
export type Prediction = {
  /** What the model's decision chooses; without one, the most probable class. */
  class: number;
  /** Name of the class. */
  label: string;
  /**
   * Set if the model should not be asked to decide: it knows no word of the text or too few (`unknown`), or it is less sure than its
   * decision demands (`unsure`). `class` and `label` are its best guess then.
   */
  abstains?: 'unknown' | 'unsure';
  /** Calibrated probability, 0 to 1: of class 1 where there are two, else of the predicted class. */
  probability: number;
  /** Of every class, in their order; the sum is 1. */
  probabilities: readonly number[];
  /** Of the predicted class. */
  confidence: number;
  /**
   * Two classes: calibrated log-odds of class 1; `probability` is its logistic function. More: log-odds of the predicted
   * class against the geometric mean of all.
   */
  score: number;
  /** Numbers of the classes that conformal prediction leaves possible, if the model's decision asks for it. */
  possible?: readonly number[];
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
  /** What the word adds to the score, above 0 towards `towards`; 0 if the model does not know it. */
  contribution: number;
};

/**
 * A prediction with its reasons: `bias` plus all contributions equals `score`, up to rounding. With more than two classes,
 * `score` is that of the class `towards`, which is the predicted one unless another was asked for.
 */
export type Explanation = Prediction & {
  /** Number of the class that contributions above 0 speak for; 1 where there are two. */
  towards: number;
  bias: number;
  /** In the order of the text. */
  words: WordContribution[];
  /**
   * Share of the words that the model knows, 0 to 1; 0 for a text without words. Without single words among its
   * features, a model knows the words that move its score.
   */
  knownShare: number;
};

/**
 * score_k = slope_k x raw_k + offset_k: one of each for two classes, one a class for more. In a text that shows a sign
 * (ml/text/signs.ts), each slope is `signs` times as large; undefined means 1.
 */
export type Calibration = { slopes: readonly number[]; offsets: readonly number[]; signs?: number | undefined };

/** How probabilities become an answer. Nothing given: the most probable class. */
export type Decision = {
  /** The class is chosen if its probability exceeds `above`, else the most probable of the others. */
  threshold?: { class: number; above: number };
  /** costs[i][j] is what it costs to answer j where i is right; the answer with the least expected cost is chosen. */
  costs?: readonly (readonly number[])[];
  /** Least share of known words, 0 to 1, below which the model abstains. */
  least_known?: number;
  /** Least confidence below which the model abstains. */
  abstain_below?: number;
  /**
   * Conformal prediction: a class is possible if its probability is at least `least`, so that the right class is among
   * the possible ones in a share `coverage` of the texts. The model abstains unless exactly one class is possible.
   */
  conformal?: { coverage: number; least: number };
};

/** Counts of texts: counts[i] with bounds[i - 1] < value <= bounds[i], and the last one above all bounds. */
export type Distribution = { bounds: number[]; counts: number[] };

/** What the training texts looked like; see profile.ts. */
export type TrainingProfile = {
  version: 1;
  /** Number of tokens in a text. */
  length: Distribution;
  /** Share of a text's tokens that the model does not know, 0 to 1; 0 for a text without tokens. */
  unknown_share: Distribution;
  /** Calibrated probability of class 1, 0 to 1; null if training had no out-of-fold scores, or more than two classes. */
  probability: Distribution | null;
  /** More than two classes: calibrated probability of each, in their order. */
  probabilities?: Distribution[];
  /** Mean calibrated probability of the predicted class; null if training had no out-of-fold scores. */
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
  /** Another model whose opinion of words it began with, or why it did not; none if not given (ml/prior.ts). */
  prior?: string;
  metrics?: Record<string, number>;
  /** Set on registration. */
  card?: ModelCard;
  gitCommit?: string;
  runId?: string;
  modelName?: string;
  /** Start of the run that made it, ISO 8601; set on registration. */
  trainedAt?: string;
};

/** What a person should know of a model beside its metrics, measured on its held-out texts. */
export type ModelCard = {
  /** Accuracy on the texts whose value is between `from` and `to`, both inclusive. */
  slices: { by: string; from: number; to: number; count: number; accuracy: number; accuracy_se: number }[];
  /** Mean predicted probability and observed share, 0 to 1, in bins; `class` if there are more than two. */
  calibration: { class?: string; predicted: number; observed: number; count: number }[];
  /** By file and test; `decides`: the gate looks at it. */
  behaviour: { file: string; name: string; decides: boolean; passed: number; total: number }[];
  /** Held-out texts for the page, with the right label. None unless params.yaml asks for them. */
  examples: { text: string; label: string }[];
};

/** What a server or the command line needs of a trained model. No string makes it throw. */
export type Model = {
  readonly facts: ModelFacts;
  /** Names of the classes, at least two. */
  readonly classes: readonly string[];
  /** Whether the classes are in an order, such as from negative to positive. */
  readonly ordered: boolean;
  /** SHA-256 of the artifact file, hex. */
  readonly digest: string;
  /** Number of columns. */
  readonly featureCount: number;
  /** Undefined for a model trained before profiles existed. */
  readonly profile: TrainingProfile | undefined;
  predict(text: string): Prediction;
  /** `towards` is the number of the class to explain, by default the predicted one; of two classes, 1 is explained. */
  explain(text: string, towards?: number): Explanation;
};

import type { TrainingProfile } from './profile.ts';

/** What the model says about one text. Class 1 is positive, class 0 negative. */
export type Prediction = {
  class: 0 | 1;
  label: 'negative' | 'positive';
  /** Calibrated probability that the text is positive, 0 to 1. */
  probability: number;
  /** Calibrated probability of the label given, 0.5 to 1. */
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
  /** The word as it stands in the text given. */
  text: string;
  /** UTF-16 offsets into the text given; `end` is exclusive. */
  start: number;
  end: number;
  /** Log-odds added (towards positive) or taken away (towards negative); 0 for words the model does not know. */
  contribution: number;
};

/** A prediction with its reasons: `bias` plus all contributions is `score`, up to rounding. */
export type Explanation = Prediction & {
  bias: number;
  /** In the order of the text. */
  words: WordContribution[];
  /** Share of the words that the model knows, 0 to 1; 0 for a text without words. */
  knownShare: number;
};

/**
 * Where a model comes from. Written into the artifact by model_building; register_model adds what is known only
 * then (metrics of the held-out texts, run, commit). Nothing here depends on the clock of the machine that trained,
 * so that equal inputs give equal bytes.
 */
export type ModelFacts = {
  /** SHA-256 of the training texts and labels. */
  dataDigest: string;
  /** Where the texts came from, as params.yaml names it. */
  source: string;
  /** Number of training texts. */
  trainingTexts: number;
  /** The sections of params.yaml that made this model. */
  params: Record<string, unknown>;
  metrics?: Record<string, number>;
  gitCommit?: string;
  runId?: string;
  modelName?: string;
  /** When the run that made it began, ISO 8601; known once it is registered. */
  trainedAt?: string;
};

/** All that a server or a command line needs of a trained model. Never throws on any string. */
export type Model = {
  readonly facts: ModelFacts;
  /** SHA-256 of the artifact file, hex. */
  readonly digest: string;
  /** Number of columns. */
  readonly featureCount: number;
  /** Undefined for a model that was trained before there were profiles. */
  readonly profile: TrainingProfile | undefined;
  predict(text: string): Prediction;
  explain(text: string): Explanation;
};

/** What every classifier is: a schema of its settings and a fit. registry.ts lists them all. */
import type { z } from 'zod';
import type { Csr } from '../features/csr.ts';

/** What a classifier learns from. Lengths of `target` and `weight` are the matrix's row count. */
export type TrainingSet = {
  x: Csr;
  /** Probability that the text is positive, 0 to 1: 0 or 1 for plain labels, between for graded ones. */
  target: Float64Array;
  /** How much each text counts, 0 or more. */
  weight: Float64Array;
};

/** score = intercept + sum of weight x value; positive scores mean class 1. */
export type LinearModel = {
  /** One number a column. */
  weights: Float64Array<ArrayBuffer>;
  intercept: number;
  /** Passes over the data. */
  iterations: number;
  /** Value of the objective reached; NaN where the method has none. */
  objective: number;
  /** Proven distance of the objective from its minimum, as a share of it; NaN where the method proves none. */
  gap: number;
  converged: boolean;
};

/** What a classifier without weights has learnt. */
export type Scorer = {
  /** Probability of class 1, 0 to 1, for each row. */
  probabilities(x: Csr): Float64Array<ArrayBuffer>;
  /** Size in bytes as it would be stored. */
  bytes: number;
  /** Trees or steps. */
  iterations: number;
};

/**
 * `fit` takes the classifier's own settings from `settings`, fills in defaults and ignores all other keys. `seed`, 0 to
 * 4294967295, fixes every random choice.
 */
type Classifier<Shape extends z.ZodRawShape, Fitted> = {
  settings: z.ZodObject<Shape>;
  fit(set: TrainingSet, settings: object, seed: number): Fitted;
};

type Fit<Shape extends z.ZodRawShape, Fitted> = (
  set: TrainingSet,
  settings: z.output<z.ZodObject<Shape>>,
  seed: number,
) => Fitted;

/** A classifier that the pipeline can train, serve and explain. Its settings stand in params.yaml under model_building. */
export function linearClassifier<Shape extends z.ZodRawShape>(
  settings: z.ZodObject<Shape>,
  learn: Fit<Shape, LinearModel>,
): Classifier<Shape, LinearModel> & { linear: true } {
  return { linear: true, settings, fit: (set, given, seed) => learn(set, settings.parse(given), seed) };
}

/** A classifier for experiments only. */
export function nonLinearClassifier<Shape extends z.ZodRawShape>(
  settings: z.ZodObject<Shape>,
  learn: Fit<Shape, Scorer>,
): Classifier<Shape, Scorer> & { linear: false } {
  return { linear: false, settings, fit: (set, given, seed) => learn(set, settings.parse(given), seed) };
}

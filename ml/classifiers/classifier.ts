/** What every classifier is: a schema of its settings and a fit. registry.ts lists them all. */
import type { z } from 'zod';
import type { Csr } from '../features/csr.ts';

/** What a classifier learns from. */
export type TrainingSet = {
  x: Csr;
  /**
   * Two classes: for each text the probability of class 1, 0 or 1 for plain labels, between for graded ones. K classes:
   * for each text K probabilities that add up to 1, side by side.
   */
  target: Float64Array;
  /** How much each text counts, 0 or more; one number a text. A linear classifier learns nothing from a text of weight 0. */
  weight: Float64Array;
};

/** How many values `target` has for each text: 1 for two classes, else the number of classes. */
export function outputsOf({ x, target }: Pick<TrainingSet, 'x' | 'target'>): number {
  return x.rowCount === 0 ? 1 : target.length / x.rowCount;
}

/**
 * score = intercept + sum of weight x value: for two classes one score, above 0 for class 1; for K classes K scores, the
 * largest for the predicted class.
 */
export type LinearModel = {
  /** One number a column for two classes, K numbers side by side for K. */
  weights: Float64Array<ArrayBuffer>;
  /** One number for two classes, K for K. */
  intercepts: Float64Array<ArrayBuffer>;
  /** Passes over the data. */
  iterations: number;
  /** Value of the objective reached; NaN where the method has none. */
  objective: number;
  /** Proven distance of the objective from its minimum, as a share of it; NaN where the method proves none. */
  gap: number;
  converged: boolean;
};

/**
 * K models of one class against the rest side by side, for a method that knows two classes only. Texts that are of the
 * class are class 1. Calibration turns the K scores into probabilities.
 */
export function oneVersusRest(set: TrainingSet, learn: (set: TrainingSet) => LinearModel): LinearModel {
  const K = outputsOf(set);
  if (K === 1) return learn(set);
  const weights = new Float64Array(set.x.columnCount * K);
  const models = Array.from({ length: K }, (_, k) => {
    const target = Float64Array.from(set.weight, (_, i) => set.target[i * K + k]);
    const model = learn({ ...set, target });
    for (let j = 0; j < set.x.columnCount; j++) weights[j * K + k] = model.weights[j];
    return model;
  });
  return {
    weights,
    intercepts: Float64Array.from(models, ({ intercepts }) => intercepts[0]),
    iterations: Math.max(...models.map(({ iterations }) => iterations)),
    objective: models.reduce((sum, { objective }) => sum + objective, 0),
    gap: Math.max(...models.map(({ gap }) => gap)),
    converged: models.every(({ converged }) => converged),
  };
}

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

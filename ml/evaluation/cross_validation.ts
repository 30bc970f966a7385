/**
 * k-fold cross-validation: every text is scored once, by a model that saw neither the text nor any other of its group.
 *
 * The standard error is that of the mean over folds. Training sets of different folds overlap, so folds are not
 * independent and the error is somewhat too small (Bengio & Grandvalet 2004). Compare two models on the same folds.
 */
import type { Review } from '../corpus/review.ts';
import type { Prediction } from '../model/types.ts';
import { stratifiedFolds } from './folds.ts';
import { type Measures, measure } from './measures.ts';
import { type Classes, type Scored, scorePredictions } from './scored.ts';
import { standardDeviation } from './significance.ts';

/** Numbers of the texts outside a fold, which train its model, and of those inside. */
export type Fold = { train: Uint32Array; held: Uint32Array };

/** Trains on `train` and predicts `held`, in their order. */
export type PredictFold = (fold: Fold) => Prediction[] | Promise<Prediction[]>;

export type CrossValidationSettings = {
  folds: number;
  seed: number;
  /** Number of bins for the calibration error. */
  binCount: number;
  classes: Classes;
  /** Called when a fold ends; the first is 1. */
  onFold?: ((fold: number, measures: Measures) => void) | undefined;
};

export type CrossValidation = {
  /** Measures of each fold. */
  folds: Measures[];
  mean: Measures;
  /** Standard error of the mean over folds. */
  se: Measures;
  /** Measures of all out-of-fold scores together, which mixes the scores of different models. */
  pooled: Measures;
  /** The out-of-fold predictions, in the order of the reviews. */
  scored: Scored;
};

/**
 * Deterministic for a seed if `predictFold` is deterministic. Reviews of one `group` stay in one fold. All folds are begun at
 * once; `predictFold` decides how many run at a time. Throws FOLDS_INVALID and the errors of `predictFold`.
 */
export async function crossValidate(
  reviews: readonly Review[],
  { folds: foldCount, seed, binCount, classes, onFold }: CrossValidationSettings,
  predictFold: PredictFold,
): Promise<CrossValidation> {
  const labels = Uint8Array.from(reviews, (review) => review.label);
  const grouped = reviews.some((review) => review.group !== undefined);
  const groups = grouped ? reviews.map((review) => review.group) : undefined;
  const foldOf = stratifiedFolds(labels, groups, foldCount, seed);
  const numbers = Uint32Array.from(labels, (_, i) => i);
  const predictions = new Array<Prediction>(reviews.length);
  const runs = Array.from({ length: foldCount }, async (_, fold) => {
    const held = numbers.filter((i) => foldOf[i] === fold);
    const own = await predictFold({ train: numbers.filter((i) => foldOf[i] !== fold), held });
    held.forEach((i, at) => {
      predictions[i] = own[at];
    });
    const scored = scorePredictions(
      Array.from(held, (i) => reviews[i]),
      own,
      classes,
    );
    const measures = measure(scored, binCount);
    onFold?.(fold + 1, measures);
    return measures;
  });
  const folds = await Promise.all(runs);
  const scored = scorePredictions(reviews, predictions, classes);
  return {
    folds,
    mean: mapMeasures(folds, (values) => values.reduce((sum, value) => sum + value, 0) / values.length),
    se: mapMeasures(folds, (values) => standardDeviation(values) / Math.sqrt(values.length)),
    pooled: measure(scored, binCount),
    scored,
  };
}

function mapMeasures(folds: readonly Measures[], of: (values: number[]) => number): Measures {
  const result = { ...folds[0] };
  for (const name of Object.keys(result)) result[name] = of(folds.map((fold) => fold[name]));
  return result;
}

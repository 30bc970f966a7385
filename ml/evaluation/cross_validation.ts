/**
 * k-fold cross-validation: every text is scored once, by a model that saw neither the text nor any other of its group.
 *
 * The standard error is that of the mean over folds. Training sets of different folds overlap, so folds are not
 * independent and the error is somewhat too small (Bengio & Grandvalet 2004). Compare two models on the same folds.
 */
import type { Review } from '../corpus/review.ts';
import type { Model, Prediction } from '../model/types.ts';
import { stratifiedFolds } from './folds.ts';
import { type Measures, measure } from './measures.ts';
import { type Classes, type Scored, scorePredictions } from './scored.ts';
import { standardDeviation } from './significance.ts';

/** Trains on reviews. All models must have the same classes. */
export type FitModel = (train: Review[]) => Pick<Model, 'predict' | 'classes' | 'ordered'>;

export type CrossValidationSettings = {
  folds: number;
  seed: number;
  /** Number of bins for the calibration error. */
  binCount: number;
  /** Called after each fold; the first is 1. */
  onFold?: (fold: number, measures: Measures) => void;
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
 * Deterministic for a seed if `fitModel` is deterministic. Reviews of one `group` stay in one fold. Throws
 * FOLDS_INVALID and the errors of `fitModel`.
 */
export function crossValidate(
  reviews: readonly Review[],
  settings: CrossValidationSettings,
  fitModel: FitModel,
): CrossValidation {
  const labels = Uint8Array.from(reviews, (review) => review.label);
  const grouped = reviews.some((review) => review.group !== undefined);
  const groups = grouped ? reviews.map((review) => review.group) : undefined;
  const foldOf = stratifiedFolds(labels, groups, settings.folds, settings.seed);
  const predictions = new Array<Prediction>(reviews.length);
  const folds: Measures[] = [];
  let classes: Classes = { names: [], ordered: true };
  for (let fold = 0; fold < settings.folds; fold++) {
    const model = fitModel(reviews.filter((_, i) => foldOf[i] !== fold));
    classes = { names: model.classes, ordered: model.ordered };
    const held = Uint32Array.from(labels, (_, i) => i).filter((i) => foldOf[i] === fold);
    for (const i of held) predictions[i] = model.predict(reviews[i].text);
    const own = Array.from(held);
    const measures = measure(
      scorePredictions(
        own.map((i) => reviews[i]),
        own.map((i) => predictions[i]),
        classes,
      ),
      settings.binCount,
    );
    folds.push(measures);
    settings.onFold?.(fold + 1, measures);
  }
  const scored = scorePredictions(reviews, predictions, classes);
  return {
    folds,
    mean: mapMeasures(folds, (values) => values.reduce((sum, value) => sum + value, 0) / values.length),
    se: mapMeasures(folds, (values) => standardDeviation(values) / Math.sqrt(values.length)),
    pooled: measure(scored, settings.binCount),
    scored,
  };
}

function mapMeasures(folds: readonly Measures[], of: (values: number[]) => number): Measures {
  const result = { ...folds[0] };
  for (const name of Object.keys(result)) result[name] = of(folds.map((fold) => fold[name]));
  return result;
}

/**
 * k-fold cross-validation: every text is scored once by a model that did not see it (nor any text of its group).
 *
 * The standard error is that of the mean over folds. Training sets of two folds overlap, so the folds are not
 * independent and the error is somewhat too small (Bengio & Grandvalet 2004); for comparing two models, compare them
 * on the same folds.
 */
import type { Review } from '../corpus/review.ts';
import { standardDeviation } from './bootstrap.ts';
import { stratifiedFolds } from './folds.ts';
import { type MeasureName, type Measures, measure } from './measures.ts';
import type { Scored } from './scored.ts';

/** Learns from reviews; what it gives back says how probably a text is positive, 0 to 1. */
export type FitScorer = (train: Review[]) => (text: string) => number;

export type CrossValidationSettings = {
  folds: number;
  seed: number;
  /** Bins of the calibration error. */
  binCount: number;
  /** Called after each fold, counted from 1. */
  onFold?: (fold: number, measures: Measures) => void;
};

export type CrossValidation = {
  /** Measures of each fold. */
  folds: Measures[];
  mean: Measures;
  /** Standard error of the mean over folds. */
  se: Measures;
  /** Measures of all texts together, each scored out of fold: compares scores of different models with one another. */
  pooled: Measures;
  /** The out-of-fold probabilities, in the order of the reviews. */
  scored: Scored;
};

/**
 * Deterministic for a seed and a deterministic `fitScorer`. Reviews with a `group` stay with their group.
 *
 * Throws FOLDS_INVALID, and what `fitScorer` throws.
 */
export function crossValidate(
  reviews: readonly Review[],
  settings: CrossValidationSettings,
  fitScorer: FitScorer,
): CrossValidation {
  const labels = Uint8Array.from(reviews, (review) => review.label);
  const grouped = reviews.some((review) => review.group !== undefined);
  const groups = grouped ? reviews.map((review) => review.group) : undefined;
  const foldOf = stratifiedFolds(labels, groups, settings.folds, settings.seed);
  const probabilities = new Float64Array(reviews.length);
  const folds: Measures[] = [];
  for (let fold = 0; fold < settings.folds; fold++) {
    const probabilityOf = fitScorer(reviews.filter((_, i) => foldOf[i] !== fold));
    const held = Uint32Array.from(labels, (_, i) => i).filter((i) => foldOf[i] === fold);
    for (const i of held) probabilities[i] = probabilityOf(reviews[i].text);
    const measures = measure(
      {
        labels: Uint8Array.from(held, (i) => labels[i]),
        probabilities: Float64Array.from(held, (i) => probabilities[i]),
      },
      settings.binCount,
    );
    folds.push(measures);
    settings.onFold?.(fold + 1, measures);
  }
  const scored = { labels, probabilities };
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
  for (const name of Object.keys(result) as MeasureName[]) result[name] = of(folds.map((fold) => fold[name]));
  return result;
}

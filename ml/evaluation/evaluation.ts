/** All that is said of a model on held-out texts, from one pass of predictions: numbers, cases, curves. */
import type { Review } from '../corpus/review.ts';
import type { Model } from '../model/types.ts';
import type { ModelEvaluationParams } from '../params.ts';
import { type BehaviourReport, runBehaviourTests } from './behaviour.ts';
import { standardErrors } from './bootstrap.ts';
import { type CalibrationBin, positiveBins } from './calibration.ts';
import { type PrecisionRecallPoint, precisionRecallCurve, type RocPoint, rocCurve, thin } from './curves.ts';
import { type MeasureName, measure } from './measures.ts';
import { binomialError, countOutcomes, type Outcomes } from './metrics.ts';
import { type Mistake, worstMistakes } from './mistakes.ts';
import { type Scored, scoreReviews } from './scored.ts';
import { type Slice, sliceReviews } from './slices.ts';
import { type TopWord, topWords } from './top_words.ts';

export type Evaluation = {
  /** Flat numbers under the names they keep in reports/metrics.json and in MLflow; see flatMetrics. */
  metrics: Record<string, number>;
  scored: Scored;
  outcomes: Outcomes;
  roc: RocPoint[];
  precisionRecall: PrecisionRecallPoint[];
  calibration: CalibrationBin[];
  behaviour: BehaviourReport;
  slices: Slice[];
  mistakes: Mistake[];
  topWords: TopWord[];
};

/** Deterministic for a model, texts and settings. Throws NO_TEXTS, ONE_CLASS. */
export function evaluateModel(
  model: Pick<Model, 'predict' | 'explain'>,
  reviews: readonly Review[],
  params: ModelEvaluationParams,
): Evaluation {
  const scored = scoreReviews(reviews, (text) => model.predict(text).probability);
  const behaviour = runBehaviourTests(model);
  return {
    metrics: {
      ...flatMetrics(scored, params),
      behaviour_passed: behaviour.passed,
      behaviour_total: behaviour.total,
      behaviour_pass_rate: behaviour.passed / behaviour.total,
    },
    scored,
    outcomes: countOutcomes(scored),
    roc: thin(
      rocCurve(scored),
      (point) => point.fpr,
      (point) => point.tpr,
    ),
    precisionRecall: thin(
      precisionRecallCurve(scored),
      (point) => point.recall,
      (point) => point.precision,
    ),
    calibration: positiveBins(scored, params.calibration_bins),
    behaviour,
    slices: sliceReviews(reviews, scored),
    mistakes: worstMistakes(reviews, scored),
    topWords: topWords(
      model,
      reviews.map((review) => review.text),
    ),
  };
}

/**
 * Every measure by its name, with `<name>_se` beside it: the binomial standard error for accuracy, the bootstrap's
 * for the others (none with `bootstrap_samples` 0). `n_test` texts, `positive_share` of them positive, `majority_share`
 * what always naming the larger class would get right.
 */
export function flatMetrics(scored: Scored, params: ModelEvaluationParams): Record<string, number> {
  const { calibration_bins, bootstrap_samples, seed } = params;
  const count = scored.labels.length;
  const positiveShare = scored.labels.reduce((sum, label) => sum + label, 0) / count;
  const measures = measure(scored, calibration_bins);
  const errors = {
    ...standardErrors(scored, calibration_bins, bootstrap_samples, seed),
    accuracy: binomialError(measures.accuracy, count),
  };
  const metrics: Record<string, number> = {
    n_test: count,
    positive_share: positiveShare,
    majority_share: Math.max(positiveShare, 1 - positiveShare),
  };
  for (const name of Object.keys(measures) as MeasureName[]) {
    metrics[name] = measures[name];
    const error = errors[name];
    if (error !== undefined) metrics[`${name}_se`] = error;
  }
  return metrics;
}

/** What a model's decision makes of its predictions: how many texts it answers, and how well. */
import type { Prediction } from '../model/types.ts';
import { binomialError } from './measures.ts';
import { predictedClasses, type Scored } from './scored.ts';

/**
 * `answered_share` and `answered_accuracy` for a model that abstains from some texts because it is unsure, and
 * `coverage` with its standard error for conformal prediction: the share of texts whose class is among the possible ones.
 * Nothing for a model that does neither.
 */
export function answerMetrics(scored: Scored, predictions: readonly Prediction[]): Record<string, number> {
  const metrics: Record<string, number> = {};
  const { labels } = scored;
  const predicted = predictedClasses(scored);
  const answered = predictions.flatMap(({ abstains }, i) => (abstains === 'unsure' ? [] : [i]));
  if (answered.length < predictions.length) {
    metrics.answered_share = answered.length / predictions.length;
    const right = answered.filter((i) => predicted[i] === labels[i]).length;
    if (answered.length > 0) metrics.answered_accuracy = right / answered.length;
  }
  if (predictions.some(({ possible }) => possible !== undefined)) {
    const covered = predictions.filter(({ possible }, i) => possible?.includes(labels[i])).length;
    metrics.coverage = covered / labels.length;
    metrics.coverage_se = binomialError(metrics.coverage, labels.length);
    metrics.mean_possible = predictions.reduce((sum, { possible }) => sum + (possible?.length ?? 0), 0) / labels.length;
  }
  return metrics;
}

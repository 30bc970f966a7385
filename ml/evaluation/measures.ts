/** All measures of a scored set of texts in one flat object, under the names they keep in reports and in MLflow. */
import { type CalibrationMetrics, calibrationMetrics } from './calibration.ts';
import { brierScore, type ClassMetrics, classMetrics, countOutcomes, logLoss } from './metrics.ts';
import { type RankingMetrics, rankByProbability, rankingMetrics } from './ranking.ts';
import type { Counts, Scored } from './scored.ts';

export type Measures = ClassMetrics & RankingMetrics & CalibrationMetrics & { log_loss: number; brier: number };

export type MeasureName = keyof Measures;

/**
 * `binCount` is the number of calibration bins. `ranking` is rankByProbability(scored), for callers who measure many
 * samples of the same texts.
 */
export function measure(
  scored: Scored,
  binCount: number,
  counts?: Counts,
  ranking = rankByProbability(scored),
): Measures {
  return {
    ...classMetrics(countOutcomes(scored, counts)),
    ...rankingMetrics(scored, ranking, counts),
    log_loss: logLoss(scored, counts),
    brier: brierScore(scored, counts),
    ...calibrationMetrics(scored, binCount, counts),
  };
}

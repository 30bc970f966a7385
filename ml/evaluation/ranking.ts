/**
 * Measures of order: does the model put positive texts above negative ones? Texts of equal probability are one step,
 * so the order in which they happen to stand changes nothing.
 */
import type { Counts, Scored } from './scored.ts';

/** Indices of the texts by falling probability. */
export function rankByProbability({ probabilities }: Scored): Uint32Array {
  return Uint32Array.from(probabilities, (_, i) => i).sort((a, b) => probabilities[b] - probabilities[a]);
}

/**
 * Walks down the distinct probabilities. `visit` gets each as a threshold, with the numbers of texts of either class
 * that have at least that probability.
 */
export function visitThresholds(
  { labels, probabilities }: Scored,
  ranking: Uint32Array,
  counts: Counts | undefined,
  visit: (truePositives: number, falsePositives: number, threshold: number) => void,
): void {
  let truePositives = 0;
  let falsePositives = 0;
  for (let k = 0; k < ranking.length; k++) {
    const i = ranking[k];
    const times = counts ? counts[i] : 1;
    if (labels[i] === 1) truePositives += times;
    else falsePositives += times;
    const threshold = probabilities[i];
    if (k + 1 === ranking.length || probabilities[ranking[k + 1]] !== threshold) {
      visit(truePositives, falsePositives, threshold);
    }
  }
}

export type RankingMetrics = {
  /** Chance that a positive text is ranked above a negative one, ties counting half (Hanley & McNeil 1982). */
  roc_auc: number;
  /** Area under the precision-recall curve as a sum of steps: no interpolation, which would flatter. */
  average_precision: number;
};

/** `ranking` is rankByProbability of the same texts. Both are NaN when a class has no text. */
export function rankingMetrics(scored: Scored, ranking: Uint32Array, counts?: Counts): RankingMetrics {
  let positives = 0;
  let negatives = 0;
  let area = 0;
  let precisions = 0;
  visitThresholds(scored, ranking, counts, (truePositives, falsePositives) => {
    area += ((falsePositives - negatives) * (truePositives + positives)) / 2;
    if (truePositives > positives) {
      precisions += ((truePositives - positives) * truePositives) / (truePositives + falsePositives);
    }
    positives = truePositives;
    negatives = falsePositives;
  });
  if (positives === 0 || negatives === 0) return { roc_auc: Number.NaN, average_precision: Number.NaN };
  return { roc_auc: area / positives / negatives, average_precision: precisions / positives };
}

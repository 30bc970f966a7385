import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rankByProbability, rankingMetrics } from './ranking.ts';
import type { Scored } from './scored.ts';
import { goldenCases } from './testdata/golden.ts';

const metricsOf = (scored: Scored) => rankingMetrics(scored, rankByProbability(scored));

const fewTexts = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 6 })), { minLength: 2, maxLength: 30 })
  .map((pairs) => ({
    labels: Uint8Array.from(pairs, ([label]) => label),
    probabilities: Float64Array.from(pairs, ([, step]) => step / 6),
  }))
  .filter(({ labels }) => labels.includes(0) && labels.includes(1));

describe('rankingMetrics', () => {
  it.each(goldenCases)("gives scikit-learn's ROC-AUC and average precision on $name", ({ scored, measures }) => {
    const got = metricsOf(scored);
    expect(got.roc_auc).toBeCloseTo(measures.roc_auc, 12);
    expect(got.average_precision).toBeCloseTo(measures.average_precision, 12);
  });

  it('is the share of pairs in the right order, ties counting half', () => {
    fc.assert(
      fc.property(fewTexts, (scored) => {
        let wins = 0;
        let pairs = 0;
        scored.labels.forEach((label, i) => {
          scored.labels.forEach((other, j) => {
            if (label !== 1 || other !== 0) return;
            pairs++;
            wins += (Math.sign(scored.probabilities[i] - scored.probabilities[j]) + 1) / 2;
          });
        });
        expect(metricsOf(scored).roc_auc).toBeCloseTo(wins / pairs, 12);
      }),
    );
  });

  it('does not depend on the order of the texts', () => {
    fc.assert(
      fc.property(fewTexts, (scored) => {
        const reversed = { labels: scored.labels.toReversed(), probabilities: scored.probabilities.toReversed() };
        expect(metricsOf(reversed).average_precision).toBeCloseTo(metricsOf(scored).average_precision, 12);
      }),
    );
  });

  it('measures a sample given by counts as the texts drawn', () => {
    const scored = { labels: Uint8Array.of(0, 1, 1, 0), probabilities: Float64Array.of(0.9, 0.8, 0.3, 0.1) };
    const drawn = { labels: Uint8Array.of(1, 1, 1, 0), probabilities: Float64Array.of(0.8, 0.3, 0.3, 0.1) };
    expect(rankingMetrics(scored, rankByProbability(scored), Uint32Array.of(0, 1, 2, 1))).toEqual(metricsOf(drawn));
  });

  it('has no value without texts of both classes', () => {
    const scored = { labels: Uint8Array.of(1, 1), probabilities: Float64Array.of(0.2, 0.8) };
    expect(metricsOf(scored)).toEqual({ roc_auc: Number.NaN, average_precision: Number.NaN });
  });
});

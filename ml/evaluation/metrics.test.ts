import { describe, expect, it } from 'vitest';
import { brierScore, classMetrics, countOutcomes, logLoss } from './metrics.ts';
import { goldenCases } from './testdata/golden.ts';

describe.each(goldenCases)('on $name', ({ scored, outcomes, measures }) => {
  it('counts the confusion matrix as scikit-learn does', () => {
    expect(countOutcomes(scored)).toEqual(outcomes);
  });

  it("gives scikit-learn's accuracy, precision, recall, F1 (plain and macro) and Matthews correlation", () => {
    const got = classMetrics(outcomes);
    for (const [name, value] of Object.entries(got)) {
      expect(value, name).toBeCloseTo(measures[name as keyof typeof got], 12);
    }
  });

  it("gives scikit-learn's log loss and Brier score", () => {
    expect(logLoss(scored)).toBeCloseTo(measures.log_loss, 12);
    expect(brierScore(scored)).toBeCloseTo(measures.brier, 12);
  });
});

describe('counts', () => {
  const scored = { labels: Uint8Array.of(1, 0, 1), probabilities: Float64Array.of(0.9, 0.6, 0.2) };
  const repeated = { labels: Uint8Array.of(1, 1, 0), probabilities: Float64Array.of(0.9, 0.9, 0.6) };
  const counts = Uint32Array.of(2, 1, 0);

  it('let a text count twice or not at all', () => {
    expect(countOutcomes(scored, counts)).toEqual(countOutcomes(repeated));
    expect(logLoss(scored, counts)).toBeCloseTo(logLoss(repeated), 15);
    expect(brierScore(scored, counts)).toBeCloseTo(brierScore(repeated), 15);
  });
});

it('does not overflow on a million texts of each kind', () => {
  const million = 1_000_000;
  const outcomes = { truePositives: million, falsePositives: 0, trueNegatives: million, falseNegatives: 0 };
  expect(classMetrics(outcomes).mcc).toBeCloseTo(1, 12);
});

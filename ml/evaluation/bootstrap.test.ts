import { describe, expect, it } from 'vitest';
import { resample, standardDeviation, standardErrors } from './bootstrap.ts';
import { measure } from './measures.ts';
import { goldenCase } from './testdata/golden.ts';

const { scored, measures, roc_auc_se_delong } = goldenCase('two thousand texts');

describe('resample', () => {
  it('draws as many texts as there are in every sample', () => {
    const totals: number[] = [];
    resample(50, 20, 1, (counts) => totals.push(counts.reduce((sum, count) => sum + count, 0)));
    expect(totals).toEqual(Array(20).fill(50));
  });

  it('leaves out about 37 % of the texts, as drawing with replacement does', () => {
    const left: number[] = [];
    resample(1000, 50, 2, (counts) => left.push(counts.filter((count) => count === 0).length / 1000));
    expect(left.reduce((sum, share) => sum + share, 0) / 50).toBeCloseTo(1 / Math.E, 2);
  });
});

describe('standardErrors', () => {
  const errors = standardErrors(scored, 10, 500, 42);

  it('agrees with the binomial formula for accuracy', () => {
    const binomial = Math.sqrt((measures.accuracy * (1 - measures.accuracy)) / scored.labels.length);
    expect((errors.accuracy ?? 0) / binomial).toBeGreaterThan(0.9);
    expect((errors.accuracy ?? 0) / binomial).toBeLessThan(1.1);
  });

  it('agrees with the method of DeLong for ROC-AUC', () => {
    expect((errors.roc_auc ?? 0) / roc_auc_se_delong).toBeGreaterThan(0.9);
    expect((errors.roc_auc ?? 0) / roc_auc_se_delong).toBeLessThan(1.1);
  });

  it('has one for every measure', () => {
    expect(Object.keys(errors).sort()).toEqual(Object.keys(measure(scored, 10)).sort());
  });

  it('is the same for a seed and another for another', () => {
    expect(standardErrors(scored, 10, 20, 1)).toEqual(standardErrors(scored, 10, 20, 1));
    expect(standardErrors(scored, 10, 20, 1)).not.toEqual(standardErrors(scored, 10, 20, 2));
  });

  it('is empty without samples', () => {
    expect(standardErrors(scored, 10, 0, 1)).toEqual({});
  });

  it('passes over samples of one class where a measure needs both', () => {
    const two = { labels: Uint8Array.of(0, 1), probabilities: Float64Array.of(0.3, 0.6) };
    const { roc_auc, accuracy } = standardErrors(two, 10, 40, 1);
    expect(roc_auc).toBe(0);
    expect(accuracy).toBe(0);
  });
});

it('standardDeviation divides by one less than the number of values', () => {
  expect(standardDeviation([1, 3])).toBeCloseTo(Math.SQRT2, 12);
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import { measure, rankByProbability, rankingMetrics } from './measures.ts';
import {
  binomialAtMost,
  bootstrapInterval,
  calibrationErrorByChance,
  countDifferences,
  dropInErrors,
  exactInterval,
  mcnemar,
  pairedDifference,
  resample,
  standardDeviation,
  standardErrors,
  wilsonInterval,
} from './significance.ts';
import { goldenCase, goldenMcnemar } from './testdata/golden.ts';

const { scored, measures, roc_auc_se_delong } = goldenCase('two thousand texts');

describe('resample', () => {
  it('draws as many texts as there are in every sample', () => {
    const totals: number[] = [];
    resample(50, 20, 1, (counts) => totals.push(counts.reduce((sum, count) => sum + count, 0)));
    expect(totals).toEqual(Array(20).fill(50));
  });

  it('leaves out about 37 % of the texts, as expected with replacement', () => {
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

  it('is equal for equal seeds and differs for others', () => {
    expect(standardErrors(scored, 10, 20, 1)).toEqual(standardErrors(scored, 10, 20, 1));
    expect(standardErrors(scored, 10, 20, 1)).not.toEqual(standardErrors(scored, 10, 20, 2));
  });

  it('is empty without samples', () => {
    expect(standardErrors(scored, 10, 0, 1)).toEqual({});
  });

  it('skips samples with one class if a measure needs both', () => {
    const two = { labels: Uint8Array.of(0, 1), probabilities: Float64Array.of(0.3, 0.6) };
    const { roc_auc, accuracy } = standardErrors(two, 10, 40, 1);
    expect(roc_auc).toBe(0);
    expect(accuracy).toBe(0);
  });
});

it('standardDeviation divides by one less than the number of values', () => {
  expect(standardDeviation([1, 3])).toBeCloseTo(Math.SQRT2, 12);
});

/** Number of outcomes of `tosses` coins with at least `heads` heads: a sum of binomial coefficients. */
function tossesWithAtLeast(heads: number, tosses: number): bigint {
  let coefficient = 1n;
  let sum = 0n;
  for (let k = 0; k <= tosses; k++) {
    if (k >= heads) sum += coefficient;
    coefficient = (coefficient * BigInt(tosses - k)) / BigInt(k + 1);
  }
  return sum;
}

describe('mcnemar', () => {
  it.each(goldenMcnemar)("gives SciPy's exact binomial test for $onlyFirstRight against $onlySecondRight", (golden) => {
    const got = mcnemar(golden.onlyFirstRight, golden.onlySecondRight);
    for (const side of ['twoSided', 'firstBetter', 'secondBetter'] as const) {
      expect(Math.abs(got[side] - golden[side]), side).toBeLessThanOrEqual(1e-9 * golden[side]);
    }
  });

  it('is the share of all coin tosses with at least that many heads, counted exactly', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), (first, second) => {
        const exact = Number(tossesWithAtLeast(first, first + second)) / 2 ** (first + second);
        expect(mcnemar(first, second).firstBetter / exact).toBeCloseTo(1, 9);
      }),
    );
  });

  it('mirrors when the two change places, and its two-sided chance doubles the smaller side, up to 1', () => {
    fc.assert(
      fc.property(fc.nat(3000), fc.nat(3000), (first, second) => {
        const { firstBetter, secondBetter, twoSided } = mcnemar(first, second);
        expect(mcnemar(second, first)).toEqual({ firstBetter: secondBetter, secondBetter: firstBetter, twoSided });
        expect(twoSided).toBe(Math.min(1, 2 * Math.min(firstBetter, secondBetter)));
      }),
    );
  });
});

// scipy.stats.binom.cdf of SciPy 1.17.1.
it.each([
  [93, 126, 0.8, 0.055389048577380855],
  [97, 114, 0.85, 0.5505408949819092],
  [0, 10, 0.7, 5.9049000000000085e-6],
  [9, 10, 0.7, 0.9717524751000001],
  [50, 5000, 0.02, 1.8537598149059513e-8],
  [126, 126, 0.5, 1],
  [9, 10, 1, 0],
  [0, 10, 0, 1],
  [-1, 10, 0.5, 0],
])("binomialAtMost(%d, %d, %d) is SciPy's", (successes, throws, share, expected) => {
  expect(Math.abs(binomialAtMost(successes, throws, share) - expected)).toBeLessThanOrEqual(1e-10 * expected);
});

it('countDifferences counts the texts that only one has right', () => {
  const labels = Uint8Array.of(1, 1, 0, 0, 1);
  const first = Uint8Array.of(1, 1, 0, 1, 0);
  const second = Uint8Array.of(0, 0, 1, 0, 0);
  expect(countDifferences(labels, first, second)).toEqual({ onlyFirstRight: 3, onlySecondRight: 1 });
});

describe('pairedDifference', () => {
  const random = createRandom(5);
  const worse = { ...scored, probabilities: scored.probabilities.map((p) => p + 0.5 * (random() - p)) };
  const options = { binCount: 10, samples: 300, seed: 1 };

  it('is 0 between a model and itself', () => {
    expect(pairedDifference('accuracy', scored, scored, options)).toEqual({ difference: 0, se: 0, low: 0, high: 0 });
  });

  it('finds a model with noisy scores significantly worse', () => {
    const { difference, se, low, high } = pairedDifference('roc_auc', scored, worse, options);
    expect(difference).toBeGreaterThan(0);
    expect(low).toBeGreaterThan(0);
    expect(high).toBeGreaterThan(difference);
    expect(high - low).toBeGreaterThan(3 * se);
    expect(high - low).toBeLessThan(5 * se);
  });

  it('has a smaller error than two separate samples, because both see the same texts', () => {
    const { se } = pairedDifference('accuracy', scored, worse, options);
    const one = Math.sqrt((measures.accuracy * (1 - measures.accuracy)) / scored.labels.length);
    expect(se).toBeLessThan(Math.SQRT2 * one);
  });
});

describe('exactInterval', () => {
  // Clopper & Pearson: R's binom.test.
  it.each([
    [8, 10, 0.4439045, 0.9747893],
    [0, 10, 0, 0.3084971],
    [10, 10, 0.6915029, 1],
    [1, 1, 0.025, 1],
  ])('of %d of %d is %d to %d', (right, count, low, high) => {
    const interval = exactInterval(right, count);
    expect(interval[0]).toBeCloseTo(low, 6);
    expect(interval[1]).toBeCloseTo(high, 6);
  });

  it('leaves 2.5 % on each side, and holds for many trials', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (count, share) => {
        const successes = Math.floor(share * count);
        const [low, high] = exactInterval(successes, count);
        expect(binomialAtMost(successes, count, high)).toBeCloseTo(0.025, 4);
        if (successes > 0) expect(1 - binomialAtMost(successes - 1, count, low)).toBeCloseTo(0.025, 4);
      }),
      { numRuns: 30 },
    );
    expect(exactInterval(80_000, 100_000)[1]).toBeCloseTo(0.8 + (1.96 * 0.4) / Math.sqrt(100_000), 4);
  });
});

it('dropInErrors is the two-proportion z-test', () => {
  // Pooled share .75: sqrt(.75 x .25 x 2 / 100) is .0612.
  expect(dropInErrors({ share: 0.8, count: 100 }, { share: 0.7, count: 100 })).toBeCloseTo(0.1 / 0.0612372, 5);
  expect(dropInErrors({ share: 1, count: 5 }, { share: 1, count: 9 })).toBe(0);
});

it('bootstrapInterval lies around the measure, as wide as four standard errors', () => {
  const ranking = rankByProbability(scored);
  const [low, high] = bootstrapInterval(
    scored.labels.length,
    { samples: 500, seed: 42 },
    (counts) => rankingMetrics(scored, ranking, counts).roc_auc,
  );
  expect((high - low) / (3.92 * roc_auc_se_delong)).toBeGreaterThan(0.9);
  expect((high - low) / (3.92 * roc_auc_se_delong)).toBeLessThan(1.1);
  expect((low + high) / 2).toBeCloseTo(measures.roc_auc, 2);
});

describe('calibrationErrorByChance', () => {
  const options = { binCount: 10, samples: 1000, seed: 1 };
  const random = createRandom(3);
  const probabilitiesOf = (count: number) => Float64Array.from({ length: count }, random);

  it('is exceeded by one of twenty perfectly calibrated models', () => {
    const probabilities = probabilitiesOf(300);
    const limit = calibrationErrorByChance({ probabilities }, options);
    let beyond = 0;
    for (let i = 0; i < 2000; i++) {
      const labels = Uint8Array.from(probabilities, (p) => (random() < p ? 1 : 0));
      if (measure({ labels, probabilities }, 10).ece > limit) beyond++;
    }
    expect(beyond / 2000).toBeGreaterThan(0.03);
    expect(beyond / 2000).toBeLessThan(0.07);
  });

  it('shrinks with the square root of the number of texts', () => {
    const [few, many] = [100, 10_000].map((count) =>
      calibrationErrorByChance({ probabilities: probabilitiesOf(count) }, { ...options, samples: 300 }),
    );
    expect(few / many).toBeGreaterThan(8);
    expect(few / many).toBeLessThan(12);
  });
});

describe('wilsonInterval', () => {
  // Computed with the formula in Python.
  it.each([
    [8, 10, 0.4901625, 0.9433178],
    [0, 10, 0, 0.2775328],
    [845, 1000, 0.8212532, 0.8661064],
  ])('of %d of %d is %d to %d', (right, count, low, high) => {
    const interval = wilsonInterval(right / count, count);
    expect(interval[0]).toBeCloseTo(low, 6);
    expect(interval[1]).toBeCloseTo(high, 6);
  });
});

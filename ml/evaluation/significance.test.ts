import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import { countDifferences, mcnemar, pairedDifference } from './significance.ts';
import { goldenCase, goldenMcnemar } from './testdata/golden.ts';

describe('mcnemar', () => {
  it.each(goldenMcnemar)("gives SciPy's exact binomial test for $onlyFirstRight against $onlySecondRight", (golden) => {
    const got = mcnemar(golden.onlyFirstRight, golden.onlySecondRight);
    for (const side of ['twoSided', 'firstBetter', 'secondBetter'] as const) {
      expect(Math.abs(got[side] - golden[side]), side).toBeLessThanOrEqual(1e-9 * golden[side]);
    }
  });

  it('stays between 0 and 1, and mirrors when the two change places', () => {
    fc.assert(
      fc.property(fc.nat(3000), fc.nat(3000), (first, second) => {
        const one = mcnemar(first, second);
        const other = mcnemar(second, first);
        expect(one.twoSided).toBe(other.twoSided);
        expect(one.firstBetter).toBe(other.secondBetter);
        for (const p of Object.values(one)) {
          expect(p).toBeGreaterThanOrEqual(0);
          expect(p).toBeLessThanOrEqual(1 + 1e-9);
        }
      }),
    );
  });
});

it('countDifferences counts the texts that only one has right', () => {
  const labels = Uint8Array.of(1, 1, 0, 0, 1);
  const first = Uint8Array.of(1, 1, 0, 1, 0);
  const second = Uint8Array.of(0, 0, 1, 0, 0);
  expect(countDifferences(labels, first, second)).toEqual({ onlyFirstRight: 3, onlySecondRight: 1 });
});

describe('pairedDifference', () => {
  const { scored, measures } = goldenCase('two thousand texts');
  const random = createRandom(5);
  const worse = { ...scored, probabilities: scored.probabilities.map((p) => p + 0.5 * (random() - p)) };
  const options = { binCount: 10, samples: 300, seed: 1 };

  it('is nothing between a model and itself', () => {
    expect(pairedDifference('accuracy', scored, scored, options)).toEqual({ difference: 0, se: 0, low: 0, high: 0 });
  });

  it('finds a model with noise in its scores worse, beyond chance', () => {
    const { difference, se, low, high } = pairedDifference('roc_auc', scored, worse, options);
    expect(difference).toBeGreaterThan(0);
    expect(low).toBeGreaterThan(0);
    expect(high).toBeGreaterThan(difference);
    expect(high - low).toBeGreaterThan(3 * se);
    expect(high - low).toBeLessThan(5 * se);
  });

  it('is surer than two separate errors, since both meet the same texts', () => {
    const { se } = pairedDifference('accuracy', scored, worse, options);
    const one = Math.sqrt((measures.accuracy * (1 - measures.accuracy)) / scored.labels.length);
    expect(se).toBeLessThan(Math.SQRT2 * one);
  });
});

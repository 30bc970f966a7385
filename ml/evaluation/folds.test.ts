import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stratifiedFolds } from './folds.ts';

function countsByFold(labels: Uint8Array, folds: Uint8Array, foldCount: number): number[][] {
  const counts = Array.from({ length: foldCount }, () => [0, 0]);
  labels.forEach((label, i) => {
    counts[folds[i]][label]++;
  });
  return counts;
}

const spread = (values: number[]) => Math.max(...values) - Math.min(...values);

const labelsAndFolds = fc
  .tuple(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 }))
  .chain(([k, more, other]) =>
    fc.tuple(
      fc.constant(k),
      fc
        .shuffledSubarray([...Array(k + more).fill(0), ...Array(k + other).fill(1)], {
          minLength: 2 * k + more + other,
        })
        .map((values) => Uint8Array.from(values)),
      fc.nat(),
    ),
  );

describe('stratifiedFolds', () => {
  it('spreads each class and all texts evenly, to within one text', () => {
    fc.assert(
      fc.property(labelsAndFolds, ([k, labels, seed]) => {
        const counts = countsByFold(labels, stratifiedFolds(labels, undefined, k, seed), k);
        expect(spread(counts.map((c) => c[0]))).toBeLessThanOrEqual(1);
        expect(spread(counts.map((c) => c[1]))).toBeLessThanOrEqual(1);
        expect(spread(counts.map((c) => c[0] + c[1]))).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('gives the same folds for the same seed, and others for another', () => {
    const labels = Uint8Array.from({ length: 100 }, (_, i) => i % 2);
    expect(stratifiedFolds(labels, undefined, 5, 42)).toEqual(stratifiedFolds(labels, undefined, 5, 42));
    expect(stratifiedFolds(labels, undefined, 5, 42)).not.toEqual(stratifiedFolds(labels, undefined, 5, 43));
  });

  it('does not follow the order of the texts, so it mixes a sorted corpus', () => {
    const labels = Uint8Array.from({ length: 100 }, (_, i) => (i < 50 ? 0 : 1));
    const folds = stratifiedFolds(labels, undefined, 5, 1);
    expect(new Set(folds.subarray(0, 10)).size).toBeGreaterThan(1);
  });

  it('keeps a group in one fold', () => {
    fc.assert(
      fc.property(labelsAndFolds, fc.integer({ min: 12, max: 40 }), ([k, labels, seed], groupCount) => {
        const groups = Array.from(labels, (_, i) => `review ${(i * 7) % groupCount}`);
        fc.pre(new Set(groups).size >= k);
        const folds = stratifiedFolds(labels, groups, k, seed);
        const foldOf = new Map(groups.map((group, i) => [group, folds[i]]));
        groups.forEach((group, i) => {
          expect(folds[i]).toBe(foldOf.get(group));
        });
        expect(new Set(folds).size).toBe(k);
      }),
    );
  });

  it('balances classes over groups of different size and class', () => {
    const groups: string[] = [];
    const labels: number[] = [];
    for (let g = 0; g < 60; g++) {
      for (let i = 0; i < 1 + (g % 6); i++) {
        groups.push(`g${g}`);
        labels.push((g + (i === 0 ? 1 : 0)) % 2);
      }
    }
    const counts = countsByFold(Uint8Array.from(labels), stratifiedFolds(Uint8Array.from(labels), groups, 5, 3), 5);
    for (const count of counts) {
      expect(Math.abs(count[0] - labels.filter((l) => l === 0).length / 5)).toBeLessThanOrEqual(3);
      expect(Math.abs(count[1] - labels.filter((l) => l === 1).length / 5)).toBeLessThanOrEqual(3);
    }
  });

  it('treats texts without a group as groups of their own', () => {
    const labels = Uint8Array.from({ length: 40 }, (_, i) => i % 2);
    const folds = stratifiedFolds(labels, Array(40).fill(undefined), 4, 9);
    expect(countsByFold(labels, folds, 4)).toEqual(Array(4).fill([5, 5]));
  });

  it.each([1, 0, 2.5, Number.NaN, 256])('refuses %s folds', (k) => {
    expect(() => stratifiedFolds(Uint8Array.of(0, 1, 0, 1), undefined, k, 1)).toThrowError(
      expect.objectContaining({ code: 'FOLDS_INVALID', exitCode: 2, message: expect.stringContaining(String(k)) }),
    );
  });

  it('refuses more folds than a class has texts, and says how many it has', () => {
    expect(() => stratifiedFolds(Uint8Array.of(0, 0, 0, 0, 1, 1), undefined, 3, 1)).toThrowError(
      expect.objectContaining({ code: 'FOLDS_INVALID', message: expect.stringContaining('4 negative and 2 positive') }),
    );
  });

  it('refuses more folds than there are groups', () => {
    expect(() => stratifiedFolds(Uint8Array.of(0, 0, 0, 1, 1, 1), ['a', 'a', 'b', 'b', 'a', 'b'], 3, 1)).toThrowError(
      expect.objectContaining({ code: 'FOLDS_INVALID', message: expect.stringContaining('there are 2') }),
    );
  });
});

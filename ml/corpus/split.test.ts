import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Clusters, type Split, type SplitInput, splitAsGiven, splitTexts } from './split.ts';

function sharesOf({ test }: Split, labels: ArrayLike<number>): [negative: number, positive: number] {
  const positives = test.reduce((sum, i) => sum + labels[i], 0);
  return [test.length - positives, positives];
}

function input(negatives: number, positives: number, more: Partial<SplitInput> = {}): SplitInput {
  const labels = [...Array(negatives).fill(0), ...Array(positives).fill(1)];
  return { labels, clusters: labels.map((_, i) => i), testShare: 0.2, seed: 42, ...more };
}

describe('a split', () => {
  it('holds out the share of each class and loses no text', () => {
    const sizes = fc.integer({ min: 2, max: 200 });
    const shares = fc.double({ min: 0.01, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(sizes, sizes, shares, fc.nat(), (negatives, positives, testShare, seed) => {
        const given = input(negatives, positives, { testShare, seed });
        const split = splitTexts(given);
        expect([...split.train, ...split.test].sort((a, b) => a - b)).toEqual(given.clusters);
        const wanted = (size: number) => Math.min(Math.max(Math.round(testShare * size), 1), size - 1);
        expect(sharesOf(split, given.labels)).toEqual([wanted(negatives), wanted(positives)]);
      }),
    );
  });

  it('keeps clusters together and stays close to the share of each class', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 12 }), (seed, size) => {
        const given = input(300, 200, { seed });
        given.clusters = Array.from(given.labels, (_, i) => (i * 7919) % Math.ceil(500 / size));
        const split = splitTexts(given);
        const test = new Set(split.test);
        const side = new Map<number, boolean>();
        Array.from(given.clusters).forEach((cluster, i) => {
          expect(side.get(cluster) ?? test.has(i)).toBe(test.has(i));
          side.set(cluster, test.has(i));
        });
        const [negatives, positives] = sharesOf(split, given.labels);
        expect(Math.abs(negatives - 60)).toBeLessThanOrEqual(size);
        expect(Math.abs(positives - 40)).toBeLessThanOrEqual(size);
      }),
    );
  });

  it('depends on the seed alone, and is shuffled', () => {
    const first = splitTexts(input(50, 50));
    expect(splitTexts(input(50, 50))).toEqual(first);
    expect(splitTexts(input(50, 50, { seed: 43 }))).not.toEqual(first);
    expect(first.train).not.toEqual(first.train.toSorted());
    // Fixed for good: another split would make figures incomparable.
    expect(splitTexts(input(5, 5))).toEqual({
      train: Uint32Array.of(9, 6, 3, 8, 1, 5, 2, 4),
      test: Uint32Array.of(0, 7),
    });
  });

  it.each([
    ['one text of a class', input(1, 9)],
    ['one cluster', input(10, 10, { clusters: Array(20).fill(0) })],
    ['a cluster that holds a whole class', input(2, 10, { clusters: [0, 0, ...Array(10).keys()] })],
  ])('of %s is impossible, and says so', (_, given) => {
    expect(() => splitTexts(given)).toThrow(expect.objectContaining({ code: 'SPLIT_IMPOSSIBLE' }));
  });
});

describe('the split of a source', () => {
  it('is kept, shuffled', () => {
    const labels = [0, 1, 0, 1, 0, 1, 1, 0];
    const { train, test } = splitAsGiven(labels, (i) => i >= 6, 1);
    expect([...train].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...test].sort()).toEqual([6, 7]);
  });

  it('needs both classes in both parts', () => {
    expect(() => splitAsGiven([0, 1, 1, 1], (i) => i >= 2, 1)).toThrow(
      'the test part would have 2 positive and 0 negative of 4 texts, but it needs both classes',
    );
  });
});

describe('clusters', () => {
  it('join texts that share a key, directly or through others', () => {
    const clusters = new Clusters();
    for (const keys of [['a'], ['b'], ['c'], ['a', 'b'], []]) clusters.add(keys);
    const [a, b, c, ab, none] = [0, 1, 2, 3, 4].map((i) => clusters.find(i));
    expect([b, ab]).toEqual([a, a]);
    expect(new Set([a, c, none]).size).toBe(3);
  });

  it('agree with a slow method: join pairs until nothing changes', () => {
    const keys = fc.array(fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { maxLength: 3 }), { maxLength: 30 });
    fc.assert(
      fc.property(keys, (texts) => {
        const clusters = new Clusters();
        for (const text of texts) clusters.add(text);
        const slow = texts.map((_, i) => i);
        for (let changed = true; changed; ) {
          changed = false;
          texts.forEach((text, i) => {
            texts.forEach((other, j) => {
              if (slow[i] >= slow[j] || !text.some((key) => other.includes(key))) return;
              slow[j] = slow[i];
              changed = true;
            });
          });
        }
        const pairs = texts.flatMap((_, i) => texts.map((_, j) => [i, j]));
        for (const [i, j] of pairs) expect(clusters.find(i) === clusters.find(j)).toBe(slow[i] === slow[j]);
      }),
    );
  });
});

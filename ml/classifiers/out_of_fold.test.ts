import { expect, test } from 'vitest';
import type { Csr } from '../features/csr.ts';
import { createRandom } from '../random.ts';
import { type FoldFits, fitFolds, foldWork, OutOfFoldScores, scoresOfAll } from './out_of_fold.ts';

const TEXTS = 6000;

/** `values` a text in 50 columns, the last of them in a column of its own, and K classes. */
function fitsOf(values: number, K: number): FoldFits {
  const random = createRandom(7);
  const x: Csr = {
    rowCount: TEXTS,
    columnCount: 50 + TEXTS,
    start: Uint32Array.from({ length: TEXTS + 1 }, (_, i) => i * values),
    columns: Uint32Array.from({ length: TEXTS * values }, (_, k) =>
      k % values === values - 1 ? 50 + Math.floor(k / values) : Math.floor(random() * 50),
    ),
    values: Float32Array.from({ length: TEXTS * values }, () => random() - 0.5),
    blocks: [{ end: 50 + TEXTS, min_df: 1, norm: 'l2' }],
  };
  const target = new Float64Array(TEXTS * (K === 2 ? 1 : K));
  for (let i = 0; i < TEXTS; i++) {
    const label = x.values[i * values] > 0 ? 1 : Math.floor(random() * K);
    if (K === 2) target[i] = label;
    else target[i * K + label] = 1;
  }
  const weight = new Float64Array(TEXTS).fill(1);
  const folds = Uint8Array.from({ length: TEXTS }, (_, i) => i % 3);
  const settings = { classifier: 'logistic_regression', seed: 1, C: 0.01, nb_blend: 0.5 } as const;
  return { set: { x, target, weight }, folds, foldCount: 3, settings };
}

test.each([2, 3])('the scores of %i classes are the same to the last bit with one, two and four threads', (K) => {
  // Enough values for threads.
  const fits = fitsOf(100, K);
  const one = new OutOfFoldScores(fits, 1).finish();
  expect(one).toHaveLength(fits.set.target.length);
  expect(new Set(one).size).toBeGreaterThan(TEXTS / 2);
  for (const threads of [2, 4]) expect(new OutOfFoldScores(fits, threads).finish()).toEqual(one);
});

test('a fold that a thread has taken and never ends is fitted by the caller', () => {
  const fits = fitsOf(4, 2);
  const all = new OutOfFoldScores(fits, 1).finish();
  const work = foldWork(fits);
  Atomics.add(work.state, 0, 1);
  fitFolds(work);
  expect(work.scores.filter((score) => score === 0)).toHaveLength(TEXTS / 3);
  expect(scoresOfAll(work, 1)).toEqual(all);
});

test('the error of a fold is that of its fit', () => {
  const wrong = { ...fitsOf(4, 2), settings: { classifier: 'ml_logistic_regression', seed: 1 } as const };
  wrong.set.target.fill(0.5);
  expect(() => new OutOfFoldScores(wrong, 1).finish()).toThrow(expect.objectContaining({ code: 'CLASSIFIER_TARGET' }));
  const work = foldWork(wrong);
  expect(() => fitFolds(work)).toThrow();
  expect(() => scoresOfAll(work, 1)).toThrow(expect.objectContaining({ code: 'CLASSIFIER_TARGET' }));
});

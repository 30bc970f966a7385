import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { binMatrix, binRows } from './bins.ts';
import type { Scorer } from './classifier.ts';
import { fitGradientBoosting } from './gradient_boosting.ts';
import { TreeGrower } from './histogram_tree.ts';
import { fitRandomForest } from './random_forest.ts';
import { inventTexts, matrixOf } from './testdata/matrix.ts';

const golden = JSON.parse(readFileSync(join(import.meta.dirname, 'testdata/trees_and_bayes.json'), 'utf8'));
const invented = inventTexts();
const { train, held, heldLabels } = invented;

const boosting = { rounds: 100, learning_rate: 0.3, max_depth: 6, min_child_weight: 1, lambda: 1, max_bins: 64 };
const forest = { trees: 200, max_depth: 0, min_child_weight: 1, max_bins: 32 };

function accuracy(learnt: Scorer): number {
  const probabilities = learnt.probabilities(held);
  return heldLabels.filter((label, i) => (probabilities[i] > 0.5 ? 1 : 0) === label).length / heldLabels.length;
}

test('the matrix is the one that XGBoost and scikit-learn learned from', () => {
  expect([invented.positives, invented.entries]).toEqual([golden.positives, golden.entries]);
});

test("gradient boosting is within a point of XGBoost's accuracy", () => {
  expect(Math.abs(accuracy(fitGradientBoosting(train, boosting)) - golden.gradient_boosting)).toBeLessThanOrEqual(0.01);
});

test("a random forest is within a point of scikit-learn's accuracy", { timeout: 60_000 }, () => {
  const mean = [1, 2, 3].reduce((sum, seed) => sum + accuracy(fitRandomForest(train, forest, seed)), 0) / 3;
  expect(Math.abs(mean - golden.random_forest)).toBeLessThanOrEqual(0.01);
});

describe.each([
  ['gradient boosting', () => fitGradientBoosting(train, { ...boosting, rounds: 5 })],
  ['a random forest', () => fitRandomForest(train, { ...forest, trees: 5 }, 1)],
])('%s', (_, grow) => {
  test('learns the same twice', () => {
    expect(grow().probabilities(held)).toEqual(grow().probabilities(held));
  });

  test('gives probabilities', () => {
    for (const p of grow().probabilities(held)) expect(p >= 0 && p <= 1).toBe(true);
  });
});

test('another seed grows another forest', () => {
  const grow = (seed: number) => fitRandomForest(train, { ...forest, trees: 3 }, seed).probabilities(held);
  expect(grow(1)).not.toEqual(grow(2));
});

test('a tree splits at the word that decides the label', () => {
  const texts = [1, 1, 0, 0].map(
    (label) =>
      new Map(
        label === 1
          ? [
              [0, 1],
              [1, 1],
            ]
          : [[0, 1]],
      ),
  );
  const bins = binMatrix(matrixOf(texts, 2), 8, 1);
  const settings = { max_depth: 0, min_child_weight: 1, lambda: 0, columns_per_split: 0 };
  const fitted = new Float64Array(4);
  const tree = new TreeGrower(bins, settings, createRandom(0)).grow(
    Float64Array.from([1, 1, 0, 0]),
    new Float64Array(4).fill(1),
    fitted,
  );
  expect(tree.column[0]).toBe(1);
  expect(tree.column.length).toBe(3);
  expect([...fitted]).toEqual([1, 1, 0, 0]);
});

const cellValues = fc.array(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 4, maxLength: 4 }), {
  minLength: 2,
  maxLength: 30,
});

const sparse = (rows: number[][]) =>
  matrixOf(
    rows.map((row) => new Map([...row.entries()].filter(([, value]) => value !== 0))),
    4,
  );

/** The least squared error that one split of one column leaves, or the tree's root without a split. */
function bestStump(rows: number[][], target: Float64Array): number {
  const errorOf = (part: number[]) => {
    const mean = part.reduce((sum, value) => sum + value, 0) / part.length;
    return part.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  };
  const errors = rows[0].flatMap((_, j) =>
    [-3, -2, -1, 0, 1, 2].map((edge) => {
      const sides = [rows.map((row) => row[j] <= edge), rows.map((row) => row[j] > edge)];
      return sides.reduce((sum, side) => sum + errorOf([...target].filter((_, i) => side[i])), 0);
    }),
  );
  return Math.min(errorOf([...target]), ...errors);
}

test('on small data a tree without limits fits at least as well as the best single split, and keeps the mean', () => {
  fc.assert(
    fc.property(cellValues, fc.integer(), (rows, seed) => {
      const random = createRandom(seed);
      const target = Float64Array.from(rows, () => (random() < 0.5 ? 0 : 1));
      for (const columns_per_split of [0, 2]) {
        const settings = { max_depth: 0, min_child_weight: 1, lambda: 0, columns_per_split };
        const bins = binMatrix(sparse(rows), 16, 1);
        const fitted = new Float64Array(rows.length);
        new TreeGrower(bins, settings, random).grow(target, new Float64Array(rows.length).fill(1), fitted);
        const total = fitted.reduce((sum, value) => sum + value, 0);
        expect(total).toBeCloseTo(
          target.reduce((sum, value) => sum + value, 0),
          6,
        );
        if (columns_per_split > 0) continue;
        const error = fitted.reduce((sum, value, i) => sum + (target[i] - value) ** 2, 0);
        expect(error).toBeLessThanOrEqual(bestStump(rows, target) + 1e-6);
      }
    }),
  );
});

test('equal values share a bin, and bins rise with the values', () => {
  fc.assert(
    fc.property(cellValues, fc.integer({ min: 1, max: 4 }), (rows, maxBins) => {
      const x = sparse(rows);
      const bins = binMatrix(x, maxBins, 1);
      const binOf = (i: number, j: number) => {
        const { start, entries } = binRows(x, bins);
        const found = entries.subarray(start[i], start[i + 1]).find((bin) => bins.columnOf[bin] === j);
        return found ?? bins.zero[j];
      };
      for (let j = 0; j < 4; j++) {
        const pairs = rows.map((row, i) => [row[j], binOf(i, j)]).sort((a, b) => a[0] - b[0]);
        for (let k = 1; k < pairs.length; k++) {
          if (pairs[k][0] === pairs[k - 1][0]) expect(pairs[k][1]).toBe(pairs[k - 1][1]);
          else expect(pairs[k][1]).toBeGreaterThanOrEqual(pairs[k - 1][1]);
          const signs = [Math.sign(pairs[k][0]), Math.sign(pairs[k - 1][0])];
          if (signs[0] !== signs[1]) expect(pairs[k][1]).toBeGreaterThan(pairs[k - 1][1]);
        }
      }
    }),
  );
});

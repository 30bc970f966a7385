import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { dot } from '../features/csr.ts';
import { sigmoid } from './logistic_loss.ts';
import { fitMultinomialNaiveBayes } from './multinomial_naive_bayes.ts';
import { inventTexts, matrixOf } from './testdata/matrix.ts';

/** Made by testdata/trees_and_bayes.py with scikit-learn. */
const golden = JSON.parse(readFileSync(new URL('./testdata/trees_and_bayes.json', import.meta.url), 'utf8'));

const set = (rows: [number, number][][], target: number[], weight = target.map(() => 1)) => ({
  x: matrixOf(
    rows.map((row) => new Map(row)),
    2,
  ),
  target: Float64Array.from(target),
  weight: Float64Array.from(weight),
});

test("gives the probabilities of scikit-learn's MultinomialNB", () => {
  const { train, held } = inventTexts();
  const { weights, intercepts } = fitMultinomialNaiveBayes(train, { alpha: 1 });
  expect(golden.multinomial_naive_bayes.length).toBe(10);
  golden.multinomial_naive_bayes.forEach((p: number, i: number) => {
    expect(sigmoid(intercepts[0] + dot(held, i, weights))).toBeCloseTo(p, 9);
  });
});

test('gives the weights that one computes by hand', () => {
  // Two positive texts with 3 and 1 of the columns, one negative with 0 and 1; smoothing 1: (4, 2) of 6 and (1, 2) of 3.
  const texts = set(
    [
      [[0, 2]],
      [
        [0, 1],
        [1, 1],
      ],
      [[1, 1]],
    ],
    [1, 1, 0],
  );
  const { weights, intercepts } = fitMultinomialNaiveBayes(texts, { alpha: 1 });
  expect(weights[0]).toBeCloseTo(Math.log(4 / 6 / (1 / 3)), 12);
  expect(weights[1]).toBeCloseTo(Math.log(2 / 6 / (2 / 3)), 12);
  expect(intercepts[0]).toBeCloseTo(Math.log(2), 12);
});

test('counts a negated word of one class as the plain word of the other', () => {
  const negated = fitMultinomialNaiveBayes(set([[[0, 1]], [[0, -1]], [[1, 1]]], [1, 0, 0]), { alpha: 1 });
  const plain = fitMultinomialNaiveBayes(set([[[0, 1]], [[0, 1]], [[1, 1]]], [1, 1, 0]), { alpha: 1 });
  expect(negated.weights).toEqual(plain.weights);
});

test('splits a text with a graded target between the classes, by its weight', () => {
  const graded = fitMultinomialNaiveBayes(set([[[0, 1]], [[1, 1]]], [0.75, 0], [4, 1]), { alpha: 1 });
  const parts = fitMultinomialNaiveBayes(set([[[0, 1]], [[0, 1]], [[1, 1]]], [1, 0, 0], [3, 1, 1]), { alpha: 1 });
  expect(graded.weights).toEqual(parts.weights);
  expect(graded.intercepts[0]).toBeCloseTo(Math.log(3 / 2), 12);
});

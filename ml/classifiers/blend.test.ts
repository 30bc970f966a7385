import { expect, it } from 'vitest';
import { type Csr, dot } from '../features/csr.ts';
import { blended } from './blend.ts';
import type { LinearModel } from './classifier.ts';
import { logisticRegression } from './logistic_regression.ts';
import { inventTexts } from './testdata/matrix.ts';

const rows: Csr = {
  rowCount: 4,
  columnCount: 2,
  start: Uint32Array.of(0, 1, 2, 4, 4),
  columns: Uint32Array.of(0, 1, 0, 1),
  values: Float32Array.of(1, 2, -1, 3),
};
const set = { x: rows, target: new Float64Array(4), weight: Float64Array.of(1, 1, 1, 1) };
const model = (weights: number[], intercept: number): LinearModel => ({
  weights: Float64Array.from(weights),
  intercepts: Float64Array.of(intercept),
  iterations: 3,
  objective: 1,
  gap: 1e-5,
  converged: true,
});
const scores = ({ weights, intercepts }: LinearModel) =>
  Array.from({ length: rows.rowCount }, (_, i) => dot(rows, i, weights) + intercepts[0]);

it('adds the scores of two models, each divided by its deviation, and keeps the size of the first', () => {
  const first = model([1, 0], 0.5);
  const second = model([0, 10], -1);
  // The scores without intercepts are 1, 0, -1, 0 and 0, 20, 30, 0, with the deviations sqrt(1/2) and sqrt(168.75).
  const factor = (0.4 * Math.sqrt(0.5)) / Math.sqrt(168.75);
  const wanted = scores(first).map((score, i) => 0.6 * score + factor * scores(second)[i]);
  const both = blended(set, first, second, 0.4);
  for (const [i, score] of scores(both).entries()) expect(score).toBeCloseTo(wanted[i], 12);
  expect(both.iterations).toBe(6);
});

it('leaves out a second model that says the same of every text', () => {
  const first = model([1, 0], 0.5);
  expect(blended(set, first, model([0, 0], 7), 0.4)).toBe(first);
});

it('is a choice of logistic regression: with the share 1 the second model alone, with 0 the first', () => {
  const { train } = inventTexts();
  const alone = logisticRegression.fit(train, { nb_blend: 0, nb_alpha: 0.5 }, 1);
  const second = logisticRegression.fit(train, { nb_blend: 1, nb_blend_alpha: 0.5 }, 1);
  const ratio = second.weights[0] / alone.weights[0];
  for (const [j, weight] of second.weights.entries()) expect(weight).toBeCloseTo(ratio * alone.weights[j], 8);
});

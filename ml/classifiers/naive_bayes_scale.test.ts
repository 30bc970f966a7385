import { expect, it } from 'vitest';
import type { Csr } from '../features/csr.ts';
import { naiveBayesScale, scaleColumns } from './naive_bayes_scale.ts';

/** Two texts: "good film" (positive), "bad film" (negative); columns good, bad, film. */
const x: Csr = {
  rowCount: 2,
  columnCount: 3,
  start: Uint32Array.of(0, 2, 4),
  columns: Uint32Array.of(0, 2, 1, 2),
  values: Float32Array.of(1, 1, -1, 1),
};

it('the log-count ratio is the one of Wang & Manning', () => {
  const r = naiveBayesScale({ x, target: Float64Array.of(1, 0), weight: Float64Array.of(1, 1) }, 1);
  // p = (2, 1, 2) and q = (1, 2, 2), each of sum 5.
  expect([...r]).toEqual([Math.log(2), -Math.log(2), 0]);
});

it('measures of a text keep their scale, and count in no sum', () => {
  const scale = naiveBayesScale(
    { x: { ...x, measures: 1 }, target: Float64Array.of(1, 0), weight: Float64Array.of(1, 1) },
    1,
  );
  // p = (2, 1) and q = (1, 2).
  expect([...scale]).toEqual([Math.log(2), -Math.log(2), 1]);
});

it('a scaled matrix keeps its pattern', () => {
  expect([...scaleColumns(x, Float64Array.of(2, 3, 5)).values]).toEqual([2, 5, -3, 5]);
});

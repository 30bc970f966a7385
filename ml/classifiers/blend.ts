/**
 * Two linear models over the same columns as one: their scores, each divided by its standard deviation over the training texts,
 * are added with shares. A sum of linear models is linear, so one vector of weights serves both.
 */
import { dot } from '../features/csr.ts';
import type { LinearModel, TrainingSet } from './classifier.ts';

/** `share` of the second model, 0 to 1, is its part of the score, which keeps the size of the first. */
export function blended(set: TrainingSet, first: LinearModel, second: LinearModel, share: number): LinearModel {
  const size = deviation(set, second);
  // A model that says the same of every text has nothing to add.
  if (size === 0) return first;
  const factor = (share * deviation(set, first)) / size;
  const sum = (own: Float64Array, other: Float64Array) =>
    own.map((value, j) => (1 - share) * value + factor * other[j]);
  return {
    ...first,
    weights: sum(first.weights, second.weights),
    intercepts: sum(first.intercepts, second.intercepts),
    iterations: first.iterations + second.iterations,
    gap: Math.max(first.gap, second.gap),
    converged: first.converged && second.converged,
  };
}

/** Standard deviation of a model's scores over the texts, each as often as it weighs. */
function deviation({ x, weight }: TrainingSet, { weights }: LinearModel): number {
  let total = 0;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < x.rowCount; i++) {
    if (weight[i] === 0) continue;
    const score = dot(x, i, weights);
    total += weight[i];
    sum += weight[i] * score;
    squares += weight[i] * score * score;
  }
  return Math.sqrt(Math.max(0, squares / total - (sum / total) ** 2));
}

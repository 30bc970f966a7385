/**
 * Naive Bayes log-count ratios as a scale for each column (Wang & Manning 2012, "NBSVM"):
 *
 *     r_j = ln( (alpha + p_j) / |alpha + p| ) - ln( (alpha + q_j) / |alpha + q| )
 *
 * with p_j and q_j the sums of |value| over positive and negative texts. Training on x_j r_j and multiplying the
 * weights by r_j afterwards leaves a plain linear model over x.
 */
import type { Csr } from '../features/csr.ts';
import type { TrainingSet } from './types.ts';

export function naiveBayesScale({ x, target, weight }: TrainingSet, alpha: number): Float64Array {
  const positive = new Float64Array(x.columnCount).fill(alpha);
  const negative = new Float64Array(x.columnCount).fill(alpha);
  for (let i = 0; i < x.rowCount; i++) {
    const forPositive = weight[i] * target[i];
    const forNegative = weight[i] - forPositive;
    for (let k = x.start[i]; k < x.start[i + 1]; k++) {
      const value = Math.abs(x.values[k]);
      positive[x.columns[k]] += forPositive * value;
      negative[x.columns[k]] += forNegative * value;
    }
  }
  const sum = (vector: Float64Array) => vector.reduce((total, value) => total + value, 0);
  const shift = Math.log(sum(negative)) - Math.log(sum(positive));
  return positive.map((value, j) => Math.log(value) - Math.log(negative[j]) + shift);
}

/** x with each column multiplied by its scale. */
export function scaleColumns(x: Csr, scale: Float64Array): Csr {
  return { ...x, values: x.values.map((value, k) => value * scale[x.columns[k]]) };
}

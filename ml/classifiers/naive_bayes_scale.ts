/**
 * Naive Bayes log-count ratios as a scale for each column (Wang & Manning 2012, "NBSVM"):
 *
 *     r_j = ln( (alpha + p_j) / |alpha + p| ) - ln( (alpha + q_j) / |alpha + q| )
 *
 * p_j and q_j are the sums of |value| over positive and negative texts. Training on x_j r_j and multiplying the
 * weights by r_j afterwards leaves a plain linear model over x. Measures of a text, such as the sum of its words' ratings, are
 * not counts: their sizes in both classes are alike whatever they say, so they keep the scale 1.
 */
import { z } from 'zod';
import type { Csr } from '../features/csr.ts';
import type { LinearModel, TrainingSet } from './classifier.ts';

export const nbAlpha = z
  .number()
  .min(0)
  .default(0)
  .describe('Smoothing of naive Bayes log-count ratios as a scale of the features; 0 turns the scale off.');

/** Learns from scaled columns and returns the model over x. `alpha` 0 leaves the columns as they are. */
export function withNaiveBayesScale(
  set: TrainingSet,
  alpha: number,
  learn: (set: TrainingSet) => LinearModel,
): LinearModel {
  if (alpha === 0) return learn(set);
  const scale = naiveBayesScale(set, alpha);
  const model = learn({ ...set, x: scaleColumns(set.x, scale) });
  return { ...model, weights: model.weights.map((weight, j) => weight * scale[j]) };
}

export function naiveBayesScale({ x, target, weight }: TrainingSet, alpha: number): Float64Array {
  const { start, columns, values, columnCount } = x;
  const ngrams = columnCount - (x.measures ?? 0);
  const positive = new Float64Array(ngrams).fill(alpha);
  const negative = new Float64Array(ngrams).fill(alpha);
  for (let i = 0; i < x.rowCount; i++) {
    if (weight[i] === 0) continue;
    const forPositive = weight[i] * target[i];
    const forNegative = weight[i] - forPositive;
    const end = start[i + 1];
    for (let k = start[i]; k < end; k++) {
      const column = columns[k];
      if (column >= ngrams) continue;
      const value = Math.abs(values[k]);
      positive[column] += forPositive * value;
      negative[column] += forNegative * value;
    }
  }
  const scale = new Float64Array(columnCount).fill(1);
  scale.set(logRatios(positive, negative));
  return scale;
}

/** ln(p_j / sum of p) - ln(q_j / sum of q) for each column. All values must be above 0. */
export function logRatios(positive: Float64Array, negative: Float64Array): Float64Array<ArrayBuffer> {
  const shift = Math.log(sumOf(negative)) - Math.log(sumOf(positive));
  const ratios = new Float64Array(positive.length);
  for (let j = 0; j < ratios.length; j++) ratios[j] = Math.log(positive[j]) - Math.log(negative[j]) + shift;
  return ratios;
}

function sumOf(vector: Float64Array): number {
  let sum = 0;
  for (const value of vector) sum += value;
  return sum;
}

/** x with each column multiplied by its scale. */
export function scaleColumns(x: Csr, scale: Float64Array): Csr {
  const { columns, values } = x;
  const scaled = new Float32Array(values.length);
  for (let k = 0; k < scaled.length; k++) scaled[k] = values[k] * scale[columns[k]];
  return { ...x, values: scaled };
}

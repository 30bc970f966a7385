/**
 * Multinomial naive Bayes (McCallum & Nigam 1998), which for two classes is a linear score:
 *
 *     score = ln(P / N) + sum_j x_j [ ln( (alpha + p_j) / |alpha + p| ) - ln( (alpha + q_j) / |alpha + q| ) ]
 *
 * p_j and q_j are the sums of x_j over positive and negative texts, P and N the texts' numbers; a graded target gives
 * to both. A negative count (a word under a negation) is one for the other class: "not good" in a praising text is a
 * "good" of a damning one. On counts of 0 and more it is scikit-learn's MultinomialNB.
 */
import { sigmoid } from '../../classifiers/logistic.ts';
import type { TrainingSet } from '../../classifiers/types.ts';
import { dot } from '../../features/csr.ts';
import type { Learnt } from './types.ts';

export type MultinomialNaiveBayesSettings = {
  /** Smoothing, above 0. */
  alpha: number;
};

export function fitMultinomialNaiveBayes(
  { x, target, weight }: TrainingSet,
  { alpha }: MultinomialNaiveBayesSettings,
): Learnt {
  const positive = new Float64Array(x.columnCount).fill(alpha);
  const negative = new Float64Array(x.columnCount).fill(alpha);
  const texts = [0, 0];
  for (let i = 0; i < x.rowCount; i++) {
    const forPositive = weight[i] * target[i];
    const forNegative = weight[i] - forPositive;
    texts[1] += forPositive;
    texts[0] += forNegative;
    for (let k = x.start[i]; k < x.start[i + 1]; k++) {
      const value = x.values[k];
      const j = x.columns[k];
      positive[j] += value > 0 ? value * forPositive : -value * forNegative;
      negative[j] += value > 0 ? value * forNegative : -value * forPositive;
    }
  }
  const shift = Math.log(sum(negative)) - Math.log(sum(positive));
  const weights = positive.map((value, j) => Math.log(value) - Math.log(negative[j]) + shift);
  const prior = Math.log(texts[1]) - Math.log(texts[0]);
  return {
    probabilities: (rows) =>
      Float64Array.from({ length: rows.rowCount }, (_, i) => sigmoid(prior + dot(rows, i, weights))),
    bytes: 4 * (weights.length + 1),
    iterations: 1,
  };
}

function sum(vector: Float64Array): number {
  return vector.reduce((total, value) => total + value, 0);
}

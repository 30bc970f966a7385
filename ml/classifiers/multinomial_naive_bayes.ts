/**
 * Multinomial naive Bayes (McCallum & Nigam 1998), which for two classes is a linear score:
 *
 *     score = ln(P / N) + sum_j x_j [ ln( (alpha + p_j) / |alpha + p| ) - ln( (alpha + q_j) / |alpha + q| ) ]
 *
 * p_j and q_j are the sums of x_j over positive and negative texts, P and N the weights of these texts; a graded target
 * gives its share to both. A negative count (a word under a negation) counts for the other class: "not good" in a
 * positive text is a "good" in a negative one. On counts of 0 and more this is scikit-learn's MultinomialNB.
 */
import { z } from 'zod';
import { type LinearModel, linearClassifier, type TrainingSet } from './classifier.ts';
import { logRatios } from './naive_bayes_scale.ts';

const settings = z.object({
  alpha: z.number().gt(0).default(1).describe('Smoothing of multinomial_naive_bayes: what is added to every count.'),
});

export const multinomialNaiveBayes = linearClassifier(settings, fitMultinomialNaiveBayes);

export function fitMultinomialNaiveBayes(
  { x, target, weight }: TrainingSet,
  { alpha }: z.output<typeof settings>,
): LinearModel {
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
  const intercept = Math.log(texts[1]) - Math.log(texts[0]);
  const nothingProven = { objective: Number.NaN, gap: Number.NaN, converged: true };
  return { weights: logRatios(positive, negative), intercept, iterations: 1, ...nothingProven };
}

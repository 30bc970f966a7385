/**
 * Multinomial naive Bayes (McCallum & Nigam 1998), a linear score for each class:
 *
 *     score_k = ln N_k + sum_j x_j ln( (alpha + n_kj) / |alpha + n_k| )
 *
 * n_kj is the sum of x_j over the texts of class k, N_k the weight of these texts; a graded target gives each class its
 * share. Two classes have one score, that of class 1 minus that of class 0. A negative count (a word under a negation)
 * counts for the other classes: "not good" in a positive text is a "good" in a negative one. On counts of 0 and more this
 * is scikit-learn's MultinomialNB.
 */
import { z } from 'zod';
import { type LinearModel, linearClassifier, outputsOf, type TrainingSet } from './classifier.ts';
import { logRatios } from './naive_bayes_scale.ts';

const settings = z.object({
  alpha: z.number().gt(0).default(1).describe('Smoothing of multinomial_naive_bayes: what is added to every count.'),
});

export const multinomialNaiveBayes = linearClassifier(settings, fitMultinomialNaiveBayes);

export function fitMultinomialNaiveBayes(set: TrainingSet, { alpha }: z.output<typeof settings>): LinearModel {
  const { x, target, weight } = set;
  const outputs = outputsOf(set);
  const K = Math.max(2, outputs);
  const counts = Array.from({ length: K }, () => new Float64Array(x.columnCount).fill(alpha));
  const texts = new Float64Array(K);
  const share = new Float64Array(K);
  for (let i = 0; i < x.rowCount; i++) {
    if (outputs === 1) share[1] = weight[i] * target[i];
    else for (let k = 1; k < K; k++) share[k] = weight[i] * target[i * K + k];
    share[0] = weight[i];
    for (let k = 1; k < K; k++) share[0] -= share[k];
    for (let k = 0; k < K; k++) texts[k] += share[k];
    for (let at = x.start[i]; at < x.start[i + 1]; at++) {
      const value = x.values[at];
      const j = x.columns[at];
      for (let k = 0; k < K; k++) {
        if (value > 0) counts[k][j] += value * share[k];
        else counts[k][j] -= K === 2 ? value * share[1 - k] : (value * (weight[i] - share[k])) / (K - 1);
      }
    }
  }
  const nothingProven = { iterations: 1, objective: Number.NaN, gap: Number.NaN, converged: true };
  if (outputs === 1) {
    const intercepts = Float64Array.of(Math.log(texts[1]) - Math.log(texts[0]));
    return { weights: logRatios(counts[1], counts[0]), intercepts, ...nothingProven };
  }
  const weights = new Float64Array(x.columnCount * K);
  counts.forEach((ofClass, k) => {
    const total = Math.log(ofClass.reduce((sum, value) => sum + value, 0));
    for (let j = 0; j < ofClass.length; j++) weights[j * K + k] = Math.log(ofClass[j]) - total;
  });
  return { weights, intercepts: texts.map(Math.log), ...nothingProven };
}

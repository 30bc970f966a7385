/**
 * The project's own logistic regression: l2 by dual coordinate ascent, l1 by coordinate descent. More than two classes
 * are multinomial under l2; l1 and a naive Bayes scale, which is of one class, put each class against the rest.
 */
import { z } from 'zod';
import { linearClassifier, oneVersusRest, outputsOf } from './classifier.ts';
import { fitL1 } from './logistic_l1.ts';
import { fitL2 } from './logistic_l2.ts';
import { fitMultinomialL2 } from './multinomial_l2.ts';
import { nbAlpha, withNaiveBayesScale } from './naive_bayes_scale.ts';

const settings = z.object({
  C: z.number().gt(0).default(5).describe('Inverse strength of the penalty: smaller means stronger.'),
  penalty: z.enum(['l2', 'l1']).default('l2').describe('l1 sets most weights to zero and takes longer.'),
  nb_alpha: nbAlpha,
  tolerance: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.0001)
    .describe('Stop when the objective is proven to be within this share of its minimum.'),
  max_iterations: z.number().int().min(1).default(1000).describe('Limit of passes over the data.'),
});

export const logisticRegression = linearClassifier(settings, (set, { nb_alpha, ...given }, seed) => {
  const solver = { ...given, seed };
  if (given.penalty === 'l2' && nb_alpha === 0 && outputsOf(set) > 1) return fitMultinomialL2(set, solver);
  const solve = given.penalty === 'l1' ? fitL1 : fitL2;
  return oneVersusRest(set, (binary) => withNaiveBayesScale(binary, nb_alpha, (scaled) => solve(scaled, solver)));
});

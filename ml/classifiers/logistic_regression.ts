/**
 * The project's own logistic regression: l2 by dual coordinate ascent, l1 by coordinate descent. More than two classes
 * are multinomial under l2; l1 and a naive Bayes scale, which is of one class, put each class against the rest. For two
 * classes, a second model of columns with that scale is blended in (blend.ts).
 */
import { z } from 'zod';
import { blended } from './blend.ts';
import { type LinearModel, linearClassifier, oneVersusRest, outputsOf, type TrainingSet } from './classifier.ts';
import { fitL1 } from './logistic_l1.ts';
import { fitL2 } from './logistic_l2.ts';
import type { LogisticRegressionSettings } from './logistic_loss.ts';
import { fitMultinomialL2 } from './multinomial_l2.ts';
import { nbAlpha, withNaiveBayesScale } from './naive_bayes_scale.ts';

const settings = z.object({
  C: z.number().gt(0).default(5).describe('Inverse strength of the penalty: smaller means stronger.'),
  penalty: z.enum(['l2', 'l1']).default('l2').describe('l1 sets most weights to zero and takes longer.'),
  nb_alpha: nbAlpha,
  nb_blend: z
    .number()
    .min(0)
    .max(1)
    .default(0.6)
    .describe(
      'Share of a second model, of n-grams scaled by naive Bayes, in the score; two classes only. 0 leaves it out.',
    ),
  nb_blend_alpha: z.number().gt(0).default(0.03).describe('Smoothing of the log-count ratios of the second model.'),
  tolerance: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.0001)
    .describe('Stop when the objective is proven to be within this share of its minimum.'),
  max_iterations: z.number().int().min(1).default(1000).describe('Limit of passes over the data.'),
});

export const logisticRegression = linearClassifier(settings, (set, given, seed) => {
  const { nb_alpha, nb_blend, nb_blend_alpha, ...solver } = given;
  const plain = solve(set, { ...solver, seed }, nb_alpha);
  if (nb_blend === 0 || outputsOf(set) > 1) return plain;
  return blended(set, plain, solve(set, { ...solver, seed }, nb_blend_alpha), nb_blend);
});

function solve(
  set: TrainingSet,
  solver: LogisticRegressionSettings & { penalty: 'l1' | 'l2' },
  alpha: number,
): LinearModel {
  if (solver.penalty === 'l2' && alpha === 0 && outputsOf(set) > 1) return fitMultinomialL2(set, solver);
  const learn = solver.penalty === 'l1' ? fitL1 : fitL2;
  return oneVersusRest(set, (binary) => withNaiveBayesScale(binary, alpha, (scaled) => learn(scaled, solver)));
}

/** The algorithms of a comparison behind one function. */
import { sigmoid } from '../../classifiers/logistic.ts';
import { type Csr, dot } from '../../features/csr.ts';
import type { ModelBuildingParams } from '../../params.ts';
import { fitWeights, type Labels, trainingSet } from '../../training.ts';
import { fitGradientBoosting, type GradientBoostingSettings } from './gradient_boosting.ts';
import { fitMultinomialNaiveBayes, type MultinomialNaiveBayesSettings } from './multinomial_naive_bayes.ts';
import { fitRandomForest, type RandomForestSettings } from './random_forest.ts';
import type { Learnt } from './types.ts';

export type Learner =
  | { learner: 'linear'; settings: ModelBuildingParams }
  | { learner: 'multinomial_naive_bayes'; settings: MultinomialNaiveBayesSettings }
  | { learner: 'random_forest'; settings: Omit<RandomForestSettings, 'seed'>; seed: number }
  | { learner: 'gradient_boosting'; settings: GradientBoostingSettings };

/** `model` says what targets and weights are. Throws what the learner throws. */
export function learn(x: Csr, labels: Labels, model: ModelBuildingParams, learner: Learner): Learnt {
  if (learner.learner === 'linear') return learnLinear(x, labels, learner.settings);
  const set = trainingSet(x, labels, model);
  switch (learner.learner) {
    case 'multinomial_naive_bayes':
      return fitMultinomialNaiveBayes(set, learner.settings);
    case 'random_forest':
      return fitRandomForest(set, { ...learner.settings, seed: learner.seed });
    case 'gradient_boosting':
      return fitGradientBoosting(set, learner.settings);
  }
}

/** As the pipeline trains and serves: calibrated if the settings say so, weights of 32 bits. */
function learnLinear(x: Csr, labels: Labels, settings: ModelBuildingParams): Learnt {
  const { model, calibration } = fitWeights(x, labels, settings);
  const weights = Float32Array.from(model.weights);
  // The l1 penalty leaves few weights other than 0; those are all that need be stored, each with its column.
  const used = weights.reduce((sum, weight) => sum + (weight === 0 ? 0 : 1), 0);
  const score = (rows: Csr, i: number) => dot(rows, i, weights) + model.intercept;
  return {
    probabilities: (rows) =>
      Float64Array.from({ length: rows.rowCount }, (_, i) =>
        sigmoid(calibration.slope * score(rows, i) + calibration.offset),
      ),
    bytes: Math.min(4 * weights.length, 8 * used) + 4,
    iterations: model.iterations,
  };
}

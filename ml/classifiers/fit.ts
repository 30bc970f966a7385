/** The classifiers one can name in params.yaml, behind one function. */
import { fitL1 } from './logistic_l1.ts';
import { fitL2 } from './logistic_l2.ts';
import { fitWithLibrary } from './ml_logistic_regression.ts';
import { naiveBayesScale, scaleColumns } from './naive_bayes_scale.ts';
import type { LinearModel, LogisticRegressionSettings, OnProgress, TrainingSet } from './types.ts';

export type ClassifierSettings = LogisticRegressionSettings & {
  classifier: 'logistic_regression' | 'ml_logistic_regression';
  /** Smoothing of the naive Bayes scale, 0 for none. */
  nb_alpha: number;
  learning_rate: number;
  steps: number;
};

export function fitClassifier(set: TrainingSet, settings: ClassifierSettings, onProgress?: OnProgress): LinearModel {
  if (settings.nb_alpha === 0) return fitPlain(set, settings, onProgress);
  const scale = naiveBayesScale(set, settings.nb_alpha);
  const model = fitPlain({ ...set, x: scaleColumns(set.x, scale) }, settings, onProgress);
  return { ...model, weights: model.weights.map((weight, j) => weight * scale[j]) };
}

function fitPlain(set: TrainingSet, settings: ClassifierSettings, onProgress?: OnProgress): LinearModel {
  if (settings.classifier === 'ml_logistic_regression') return fitWithLibrary(set, settings);
  return settings.penalty === 'l1' ? fitL1(set, settings, onProgress) : fitL2(set, settings, onProgress);
}

/**
 * All classifiers by name. To add one, write its file, its test, and its line in `classifiers`: params.yaml,
 * experiments.yaml, the command line and MLflow take name and settings from here.
 */
import { gradientBoosting } from './gradient_boosting.ts';
import { logisticRegression } from './logistic_regression.ts';
import { mlLogisticRegression } from './ml_logistic_regression.ts';
import { multinomialNaiveBayes } from './multinomial_naive_bayes.ts';
import { randomForest } from './random_forest.ts';

export const classifiers = {
  logistic_regression: logisticRegression,
  ml_logistic_regression: mlLogisticRegression,
  multinomial_naive_bayes: multinomialNaiveBayes,
  random_forest: randomForest,
  gradient_boosting: gradientBoosting,
};

type Classifiers = typeof classifiers;
export type ClassifierName = keyof Classifiers;
export type LinearName = {
  [Name in ClassifierName]: Classifiers[Name] extends { linear: true } ? Name : never;
}[ClassifierName];

export const classifierNames = Object.keys(classifiers) as ClassifierName[];
export const linearNames = classifierNames.filter(isLinear);

export function isClassifier(name: unknown): name is ClassifierName {
  return typeof name === 'string' && Object.hasOwn(classifiers, name);
}

export function isLinear(name: ClassifierName): name is LinearName {
  return classifiers[name].linear;
}

type Intersection<Union> = (Union extends unknown ? (member: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;

/** The settings of all linear classifiers, as one flat section of params.yaml has them. Equal names mean equal settings. */
export const linearSettings = Object.assign(
  {},
  ...linearNames.map((name) => classifiers[name].settings.shape),
) as Intersection<Classifiers[LinearName]['settings']['shape']>;

/**
 * A model in the JSON of the npm package ml-logistic-regression, which its own `load` reads.
 *
 * Columns are the model's features in order, then a column of ones for the intercept. The calibration is folded in, so
 * that both sides draw the lines between the classes at the same places (a decision other than the most probable class is
 * not). For two classes, 1 - the library's score of class 0 is the model's probability of class 0; for more, the library
 * has no softmax: its classes are the model's, its scores are not probabilities. `features` names the columns; the
 * library ignores it.
 */
import { usageError } from '../errors.ts';
import { readModel } from './artifact.ts';

const STEPS = 50_000;
const RATE = 5e-4;

export type ExportedModel = {
  name: 'LogisticRegression';
  /** The library's training settings; unused when it predicts. */
  numSteps: number;
  learningRate: number;
  numberClasses: number;
  /** The library takes the class whose score is least: its weights are those of "not this class". */
  classifiers: ExportedClassifier[];
  features: string[];
};

type ExportedClassifier = { numSteps: number; learningRate: number; weights: [number[]] };

/** Throws MODEL_MISSING, MODEL_DAMAGED, MODEL_VERSION, and EXPORT_HASHED (2) for a model whose columns have no names. */
export function exportModel(path: string): ExportedModel {
  const { weights, intercepts, calibration, vectorizer } = readModel(path).parts;
  if (vectorizer.settings.hashing !== undefined) {
    const problem = `the n-grams of ${path} are hashed, so its columns have no names`;
    throw usageError('EXPORT_HASHED', problem, 'train it without feature_engineering.hashing');
  }
  const outputs = intercepts.length;
  const rows = intercepts.map((intercept, k) => {
    const own = weights.filter((_, at) => at % outputs === k);
    const row = [...own, intercept].map((weight) => calibration.slopes[k] * weight);
    row[row.length - 1] += calibration.offsets[k];
    return row;
  });
  // The library's sigmoid of a large score is 1 for several classes; a common shift keeps their order.
  const ofClass = outputs === 1 ? [rows[0].map((weight) => -weight), rows[0]] : centredRows(rows);
  const features = vectorizer.blocks.flatMap(({ ngrams }) => ngrams.terms().map((term) => `${ngrams.unit}:${term}`));
  return {
    name: 'LogisticRegression',
    numSteps: STEPS,
    learningRate: RATE,
    numberClasses: ofClass.length,
    classifiers: ofClass.map((row) => ({
      numSteps: STEPS,
      learningRate: RATE,
      weights: [row.map((weight) => -weight)],
    })),
    features: [...features, 'intercept:1'],
  };
}

function centredRows(rows: readonly number[][]): number[][] {
  const means = rows[0].map((_, at) => rows.reduce((sum, row) => sum + row[at], 0) / rows.length);
  return rows.map((row) => row.map((weight, at) => weight - means[at]));
}

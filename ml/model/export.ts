/**
 * A model in the JSON of the npm package ml-logistic-regression, which its own `load` reads.
 *
 * Columns are the model's features in order, then a column of ones for the intercept. The calibration is folded in, so
 * that both sides draw the line between the classes at the same place. `features` names the columns; the library
 * ignores it.
 */
import { readModel } from './artifact.ts';

const STEPS = 50_000;
const RATE = 5e-4;

export type ExportedModel = {
  name: 'LogisticRegression';
  /** The library's training settings; unused when it predicts. */
  numSteps: number;
  learningRate: number;
  numberClasses: 2;
  /** The library takes the class whose score is least: its weights are those of "not this class". */
  classifiers: [ExportedClassifier, ExportedClassifier];
  features: string[];
};

type ExportedClassifier = { numSteps: number; learningRate: number; weights: [number[]] };

/** Throws MODEL_MISSING, MODEL_DAMAGED or MODEL_VERSION. */
export function exportModel(path: string): ExportedModel {
  const { weights, intercept, calibration, vectorizer } = readModel(path).parts;
  const row = [...weights, intercept].map((weight) => calibration.slope * weight);
  row[row.length - 1] += calibration.offset;
  const classifier = (sign: 1 | -1): ExportedClassifier => ({
    numSteps: STEPS,
    learningRate: RATE,
    weights: [row.map((weight) => sign * weight)],
  });
  const features = vectorizer.blocks.flatMap(({ unit, vocabulary }) =>
    Array.from({ length: vocabulary.size }, (_, column) => `${unit}:${vocabulary.term(column)}`),
  );
  return {
    name: 'LogisticRegression',
    numSteps: STEPS,
    learningRate: RATE,
    numberClasses: 2,
    classifiers: [classifier(1), classifier(-1)],
    features: [...features, 'intercept:1'],
  };
}

/**
 * The npm package ml-logistic-regression as a classifier: full-batch gradient descent on a dense matrix, without
 * penalty or stopping rule. A column of ones gives it the intercept it lacks. For small vocabularies; on the default
 * features it would need hundreds of gigabytes and says so.
 */
import LogisticRegression from 'ml-logistic-regression';
import { Matrix } from 'ml-matrix';
import { SentimentError, usageError } from '../errors.ts';
import type { LinearModel, TrainingSet } from './types.ts';

const MOST_CELLS = 50_000_000;

export type DescentSettings = {
  /** Step length on the summed gradient, above 0; too long a step never settles. */
  learning_rate: number;
  /** Number of steps, always all of them. */
  steps: number;
};

/** Throws CLASSIFIER_TARGET for graded or weighted texts, CLASSIFIER_TOO_LARGE, CLASSIFIER_DIVERGED. */
export function fitWithLibrary({ x, target, weight }: TrainingSet, settings: DescentSettings): LinearModel {
  if (x.rowCount * (x.columnCount + 1) > MOST_CELLS) {
    throw new SentimentError(
      'CLASSIFIER_TOO_LARGE',
      `ml_logistic_regression works on a dense matrix; ${x.rowCount} texts x ${x.columnCount} features exceed ` +
        `${MOST_CELLS} cells`,
      { next: 'set max_features to a few hundred and char to null, or use classifier logistic_regression' },
    );
  }
  if (target.some((t) => t !== 0 && t !== 1) || weight.some((w) => w !== weight[0])) {
    throw usageError(
      'CLASSIFIER_TARGET',
      'ml_logistic_regression knows neither graded targets nor weights',
      'set target: hard, sample_weight: none and class_weight: none in params.yaml',
    );
  }
  const library = new LogisticRegression({ numSteps: settings.steps, learningRate: settings.learning_rate });
  library.train(denseWithOnes(x), Matrix.columnVector(Array.from(target)));
  // Its classifier 0 gives the score of "not class 0", which is ours.
  const row = library.classifiers[0].weights.to1DArray();
  if (!row.every(Number.isFinite)) {
    throw new SentimentError('CLASSIFIER_DIVERGED', `gradient descent overflowed at rate ${settings.learning_rate}`, {
      next: 'lower learning_rate in params.yaml',
    });
  }
  const weights = Float64Array.from(row.slice(0, -1));
  const intercept = row[row.length - 1];
  return { weights, intercept, iterations: settings.steps, objective: Number.NaN, gap: Number.NaN, converged: true };
}

function denseWithOnes(x: TrainingSet['x']): Matrix {
  const dense = Matrix.zeros(x.rowCount, x.columnCount + 1);
  for (let i = 0; i < x.rowCount; i++) {
    for (let k = x.start[i]; k < x.start[i + 1]; k++) dense.set(i, x.columns[k], x.values[k]);
    dense.set(i, x.columnCount, 1);
  }
  return dense;
}

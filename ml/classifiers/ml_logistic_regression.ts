/**
 * The npm package ml-logistic-regression as a classifier: full-batch gradient descent on a dense matrix, without
 * penalty or stopping rule, one class against the rest. A column of ones gives it the intercept it lacks. It suits small vocabularies; the default
 * features would need hundreds of gigabytes, which it refuses.
 */
import LogisticRegression from 'ml-logistic-regression';
import { Matrix } from 'ml-matrix';
import { z } from 'zod';
import { SentimentError, usageError } from '../errors.ts';
import { selectRows } from '../features/csr.ts';
import { type LinearModel, linearClassifier, oneVersusRest, type TrainingSet } from './classifier.ts';
import { nbAlpha, withNaiveBayesScale } from './naive_bayes_scale.ts';

const MOST_CELLS = 50_000_000;

const settings = z.object({
  learning_rate: z
    .number()
    .gt(0)
    .default(0.0002)
    .describe('Step length of ml_logistic_regression on the summed gradient; too long a step never settles.'),
  steps: z.number().int().min(1).default(2000).describe('Number of steps of ml_logistic_regression; all are taken.'),
  nb_alpha: nbAlpha,
});

export const mlLogisticRegression = linearClassifier(settings, (set, given) =>
  oneVersusRest(set, (binary) =>
    withNaiveBayesScale(binary, given.nb_alpha, (scaled) => fitWithLibrary(scaled, given)),
  ),
);

type DescentSettings = Omit<z.output<typeof settings>, 'nb_alpha'>;

/** Throws CLASSIFIER_TARGET for graded or weighted texts, CLASSIFIER_TOO_LARGE, CLASSIFIER_DIVERGED. */
export function fitWithLibrary(set: TrainingSet, { learning_rate, steps }: DescentSettings): LinearModel {
  const { x, target, weight } = withoutIdleTexts(set);
  if (x.rowCount * (x.columnCount + 1) > MOST_CELLS) {
    throw new SentimentError(
      'CLASSIFIER_TOO_LARGE',
      `ml_logistic_regression works on a dense matrix; ${x.rowCount} texts x ${x.columnCount} features exceed the ` +
        `limit of ${MOST_CELLS} cells`,
      { next: 'set max_features to a few hundred and char to null, or use classifier logistic_regression' },
    );
  }
  if (target.some((t) => t !== 0 && t !== 1) || weight.some((w) => w !== weight[0])) {
    throw usageError(
      'CLASSIFIER_TARGET',
      'ml_logistic_regression supports neither graded targets nor weights',
      'set target: hard, sample_weight: none and class_weight: none in params.yaml',
    );
  }
  const library = new LogisticRegression({ numSteps: steps, learningRate: learning_rate });
  library.train(denseWithOnes(x), Matrix.columnVector(Array.from(target)));
  // Its classifier 0 gives the score of "not class 0", which is ours.
  const row = library.classifiers[0].weights.to1DArray();
  if (!row.every(Number.isFinite)) {
    throw new SentimentError('CLASSIFIER_DIVERGED', `gradient descent overflowed at rate ${learning_rate}`, {
      next: 'lower learning_rate in params.yaml',
    });
  }
  const weights = Float64Array.from(row.slice(0, -1));
  const intercepts = Float64Array.of(row[row.length - 1]);
  return { weights, intercepts, iterations: steps, objective: Number.NaN, gap: Number.NaN, converged: true };
}

/** The library knows no weights, so texts of weight 0 are left out. */
function withoutIdleTexts({ x, target, weight }: TrainingSet): TrainingSet {
  const rows = Uint32Array.from(weight, (_, i) => i).filter((i) => weight[i] > 0);
  if (rows.length === weight.length) return { x, target, weight };
  const of = (values: Float64Array) => Float64Array.from(rows, (i) => values[i]);
  return { x: selectRows(x, rows), target: of(target), weight: of(weight) };
}

function denseWithOnes(x: TrainingSet['x']): Matrix {
  const dense = Matrix.zeros(x.rowCount, x.columnCount + 1);
  for (let i = 0; i < x.rowCount; i++) {
    for (let k = x.start[i]; k < x.start[i + 1]; k++) dense.set(i, x.columns[k], x.values[k]);
    dense.set(i, x.columnCount, 1);
  }
  return dense;
}

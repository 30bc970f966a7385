/** The figures of a study's cells, which are equal for equal seeds, and their times, which are not. */

import { type MeasureName, measure } from '../evaluation/measures.ts';
import { pickTexts, type Scored } from '../evaluation/scored.ts';
import { standardDeviation } from '../evaluation/significance.ts';
import type { Split, Texts } from './splits.ts';
import type { Cell } from './study.ts';
import type { Outcome } from './worker.ts';

export type Row = {
  cell: string;
  algorithm: string;
  features: string;
  /** Mean over the folds and the standard error of that mean. */
  accuracy: number;
  accuracy_se: number;
  roc_auc: number;
  roc_auc_se: number;
  f1: number;
  log_loss: number;
  ece: number;
  columns: number;
  /** Vocabulary and parameters. */
  model_bytes: number;
};

/** Processor time: seconds of one fold, mean over folds, and microseconds to score one vectorised text. */
export type Times = { cell: string; vectorize_seconds: number; train_seconds: number; score_us_per_text: number };

export type CellResult = {
  row: Row;
  times: Times;
  /** Accuracy of each fold. */
  folds: number[];
  /** Out-of-fold probabilities of all texts. */
  scored: Scored;
};

/** One outcome for each split, in the same order; every text is held out in exactly one split. */
export function summarizeCell(
  { name, algorithm, features }: Pick<Cell, 'name' | 'algorithm' | 'features'>,
  splits: readonly Split[],
  outcomes: readonly Outcome[],
  { labels, classes }: Pick<Texts, 'labels' | 'classes'>,
  binCount: number,
): CellResult {
  const outputs = classes.names.length === 2 ? 1 : classes.names.length;
  const probabilities = new Float64Array(labels.length * outputs);
  splits.forEach(({ held }, fold) => {
    held.forEach((i, k) => {
      probabilities.set(outcomes[fold].probabilities.subarray(k * outputs, (k + 1) * outputs), i * outputs);
    });
  });
  const scored: Scored = { labels, probabilities, ...(outputs > 1 && { classes }) };
  const folds = splits.map(({ held }) => measure(pickTexts(scored, held), binCount));
  const valuesOf = (measureName: MeasureName) => folds.map((fold) => fold[measureName]);
  const error = (values: number[]) => standardDeviation(values) / Math.sqrt(values.length);
  const meanOf = (of: (outcome: Outcome) => number) => mean(outcomes.map(of));
  const scoreSeconds = outcomes.reduce((sum, outcome) => sum + outcome.score_seconds, 0);
  return {
    row: {
      ...{ cell: name, algorithm, features },
      accuracy: mean(valuesOf('accuracy')),
      accuracy_se: error(valuesOf('accuracy')),
      roc_auc: mean(valuesOf('roc_auc')),
      roc_auc_se: error(valuesOf('roc_auc')),
      f1: mean(valuesOf(outputs === 1 ? 'f1' : 'f1_macro')),
      log_loss: mean(valuesOf('log_loss')),
      ece: mean(valuesOf('ece')),
      columns: Math.round(meanOf((outcome) => outcome.columns)),
      model_bytes: Math.round(meanOf((outcome) => outcome.bytes)),
    },
    times: {
      cell: name,
      vectorize_seconds: meanOf((outcome) => outcome.vectorize_seconds),
      train_seconds: meanOf((outcome) => outcome.train_seconds),
      score_us_per_text: (1e6 * scoreSeconds) / labels.length,
    },
    folds: valuesOf('accuracy'),
    scored,
  };
}

/** The best first; equal ones keep their order. */
export function byAccuracy(results: readonly CellResult[]): CellResult[] {
  return results.toSorted((a, b) => b.row.accuracy - a.row.accuracy);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Cross-validation of what params.yaml would train, as many folds at a time as there are processors. */
import { availableParallelism } from 'node:os';
import { classSetOf } from './corpus/classes.ts';
import type { Review } from './corpus/review.ts';
import { type CrossValidation, crossValidate, type Fold } from './evaluation/cross_validation.ts';
import type { Measures } from './evaluation/measures.ts';
import type { FoldData } from './fold_worker.ts';
import type { Prediction } from './model/types.ts';
import type { Params } from './params.ts';
import { priorOf } from './prior.ts';
import { Pool } from './threads.ts';

export type ModelFolds = {
  folds: number;
  /** Called when a fold ends; the first is 1. */
  onFold?: (fold: number, measures: Measures) => void;
  /** How many folds at a time; by default one a processor. The result is the same. */
  threads?: number;
};

/** Throws FOLDS_INVALID (2), and what priorOf and trainModel throw. */
export async function crossValidateModel(
  reviews: readonly Review[],
  params: Params,
  { folds, onFold, threads = availableParallelism() }: ModelFolds,
): Promise<CrossValidation> {
  const { calibration_bins: binCount, seed } = params.model_evaluation;
  const { names, ordered } = classSetOf(params.data_ingestion);
  const prior = priorOf(params.feature_engineering.prior, reviews);
  let pool: Pool<Fold, Prediction[]> | undefined;
  try {
    return await crossValidate(reviews, { folds, seed, binCount, onFold, classes: { names, ordered } }, (fold) => {
      const data: FoldData = { reviews, params, prior };
      pool ??= new Pool(Math.min(folds, threads), new URL('./fold_worker.ts', import.meta.url), data);
      return pool.ask(fold);
    });
  } finally {
    await pool?.close();
  }
}

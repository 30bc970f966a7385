/** A thread of cross_validate_model.ts: trains on the texts outside a fold and predicts those inside. */
import { workerData } from 'node:worker_threads';
import type { Review } from './corpus/review.ts';
import type { Fold } from './evaluation/cross_validation.ts';
import type { Prior } from './lexicon/lexicon.ts';
import type { Prediction } from './model/types.ts';
import type { Params } from './params.ts';
import { answerTasks } from './threads.ts';
import { trainModel } from './training.ts';

/** Given to each thread once. */
export type FoldData = { reviews: readonly Review[]; params: Params; prior: Prior | undefined };

const { reviews, params, prior }: FoldData = workerData;

answerTasks(({ train, held }: Fold): Prediction[] => {
  const model = trainModel(
    Array.from(train, (i) => reviews[i]),
    params,
    prior,
  );
  return Array.from(held, (i) => model.predict(reviews[i].text));
});

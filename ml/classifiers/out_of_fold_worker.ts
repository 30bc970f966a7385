/** A thread of out_of_fold.ts. */
import { workerData } from 'node:worker_threads';
import { type FoldWork, fitFolds } from './out_of_fold.ts';

const work: FoldWork = workerData;
fitFolds(work);

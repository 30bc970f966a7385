/** What the main thread asks of a worker, and what it gets. */
import type { VectorizerSettings } from '../features/vectorizer.ts';
import type { ModelBuildingParams } from '../params.ts';
import type { Split, Texts } from './corpus.ts';
import type { Learner } from './learners/learn.ts';
import type { SharedMatrix } from './shared_matrix.ts';

/** Given to each worker once. */
export type WorkerData = Pick<Texts, 'texts' | 'labels' | 'ratings'>;

/** Vocabulary and weights are learnt from the training part alone. */
export type Vectorize = { kind: 'vectorize'; split: Split; settings: VectorizerSettings };
export type Vectorized = { train: SharedMatrix; held: SharedMatrix; vocabularyBytes: number; seconds: number };

export type Learn = { kind: 'learn'; split: Split; matrices: Vectorized; model: ModelBuildingParams; learner: Learner };
/** What one cell reached on one split. Seconds are the thread's own processor time. */
export type Outcome = {
  /** Of the held texts, in their order. */
  probabilities: Float64Array<ArrayBuffer>;
  columns: number;
  bytes: number;
  iterations: number;
  vectorize_seconds: number;
  train_seconds: number;
  score_seconds: number;
};

export type Answer = { result: Vectorized | Outcome } | { error: string; code: string; next: string | undefined };

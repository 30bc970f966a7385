/** What every algorithm of a comparison offers: learn from a matrix, score another of the same columns. */
import type { TrainingSet } from '../../classifiers/types.ts';
import type { Csr } from '../../features/csr.ts';

export type Learnt = {
  /** Probability of class 1, 0 to 1, for each row. */
  probabilities(x: Csr): Float64Array<ArrayBuffer>;
  /** Size of what was learnt, in bytes as it would be stored: 4 a weight, 16 a node of a tree. */
  bytes: number;
  /** Passes, trees or steps. */
  iterations: number;
};

export type Learn<Settings> = (set: TrainingSet, settings: Settings) => Learnt;

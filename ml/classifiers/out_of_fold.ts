/**
 * Raw scores of each text by a model that did not learn from the text's fold, of the row that a new text would have (unseen.ts).
 *
 * The fits of the folds do not depend on each other, so threads share them out: each takes the next fold that nobody has taken, and
 * all read one copy of the matrix. Every fit is the same wherever it runs, so the scores do not depend on the number of threads,
 * to the last bit.
 *
 * The calling thread waits without its event loop, so that learning stays a plain function. A thread that ended without its
 * scores would keep it waiting; after some patience it fits that fold itself.
 */
import { Worker } from 'node:worker_threads';
import { type Csr, scoreRow } from '../features/csr.ts';
import { asUnseen } from '../features/unseen.ts';
import { outputsOf, type TrainingSet } from './classifier.ts';
import { classifiers, type LinearName } from './registry.ts';

export type FoldFits = {
  set: TrainingSet;
  /** The fold of each text. */
  folds: Uint8Array;
  foldCount: number;
  settings: { classifier: LinearName; seed: number };
};

/** What the threads share. */
export type FoldWork = FoldFits & {
  /** As many as targets; each text's stand at its own place. */
  scores: Float64Array<ArrayBufferLike>;
  /** The next fold that nobody has taken; then for each fold 1 when its scores are there, 2 if its fit failed. */
  state: Int32Array<ArrayBufferLike>;
};

const NEXT = 0;
const FOLDS = 1;
const SCORED = 1;
const FAILED = 2;

/** A thread starts in 0.1 s of processor time; a matrix with fewer values takes about as long. */
const LEAST_VALUES = 1 << 19;
const PATIENCE_MS = 10_000;

/** Begins at once in `threads` - 1 threads beside the caller, who asks for the scores later. */
export class OutOfFoldScores {
  readonly #work: FoldWork;
  readonly #began = performance.now();

  constructor(fits: FoldFits, threads: number) {
    const others = fits.set.x.values.length < LEAST_VALUES ? 0 : Math.min(threads, fits.foldCount) - 1;
    this.#work = foldWork(others > 0 ? { ...fits, set: shared(fits.set), folds: sharedCopy(fits.folds) } : fits);
    for (let i = 0; i < others; i++) {
      const worker = new Worker(new URL('./out_of_fold_worker.ts', import.meta.url), { workerData: this.#work });
      // What it leaves undone is done by the caller, who gets the error then.
      worker.on('error', () => {});
      worker.unref();
    }
  }

  /** Takes part, then waits for the folds of others. Throws what the classifier throws. */
  finish(): Float64Array<ArrayBufferLike> {
    fitFolds(this.#work);
    return scoresOfAll(this.#work, PATIENCE_MS + 10 * (performance.now() - this.#began));
  }

  /** The scores are not needed any more. */
  stop(): void {
    Atomics.store(this.#work.state, NEXT, this.#work.foldCount);
  }
}

/** None of the folds is taken. */
export function foldWork(fits: FoldFits): FoldWork {
  const scores = new Float64Array(new SharedArrayBuffer(8 * fits.set.target.length));
  const state = new Int32Array(new SharedArrayBuffer(4 * (FOLDS + fits.foldCount)));
  return { ...fits, scores, state };
}

/** Takes folds until none is left. */
export function fitFolds(work: FoldWork): void {
  const { state, foldCount } = work;
  for (let fold = Atomics.add(state, NEXT, 1); fold < foldCount; fold = Atomics.add(state, NEXT, 1)) {
    let result = FAILED;
    try {
      fitFold(work, fold);
      result = SCORED;
    } finally {
      Atomics.store(state, FOLDS + fold, result);
      Atomics.notify(state, FOLDS + fold);
    }
  }
}

/** When all folds are taken. Fits those that failed, or whose thread has not ended them within `patience` milliseconds. */
export function scoresOfAll(work: FoldWork, patience: number): Float64Array<ArrayBufferLike> {
  const { state, foldCount, scores } = work;
  for (let fold = 0; fold < foldCount; fold++) {
    Atomics.wait(state, FOLDS + fold, 0, patience);
    if (Atomics.load(state, FOLDS + fold) !== SCORED) fitFold(work, fold);
  }
  return scores;
}

function fitFold({ set, folds, settings, scores }: FoldWork, fold: number): void {
  const outputs = outputsOf(set);
  const weight = set.weight.map((own, i) => (folds[i] === fold ? 0 : own));
  const { weights, intercepts } = classifiers[settings.classifier].fit({ ...set, weight }, settings, settings.seed);
  const own = new Float64Array(outputs);
  const held = Uint32Array.from(folds, (_, i) => i).filter((i) => folds[i] === fold);
  const rows = asUnseen(set.x, held);
  for (const [at, i] of held.entries()) {
    own.fill(0);
    scoreRow(rows, at, weights, own);
    for (let k = 0; k < outputs; k++) scores[i * outputs + k] = own[k] + intercepts[k];
  }
}

/** In memory that threads share. Readers of the types need not know: only its owner could detach or resize a buffer. */
function shared({ x, target, weight }: TrainingSet): TrainingSet {
  const { start, columns, values, rowCount, columnCount, measures, blocks } = x;
  const rows = { start: sharedCopy(start), columns: sharedCopy(columns), values: sharedCopy(values) };
  const own: Csr = { rowCount, columnCount, measures, blocks, ...rows };
  return { x: own, target: sharedCopy(target), weight: sharedCopy(weight) };
}

function sharedCopy<T extends Uint8Array | Uint32Array | Float32Array | Float64Array>(array: T): T {
  const copy = new (array.constructor as new (buffer: SharedArrayBuffer) => T)(new SharedArrayBuffer(array.byteLength));
  copy.set(array);
  return copy;
}

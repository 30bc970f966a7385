/** A thread of a study: answers one task after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { describeError, SentimentError } from '../errors.ts';
import { fitVectorizer, type Vectorizer } from '../features/vectorizer.ts';
import { learn } from './learners/learn.ts';
import { asCsr, shareMatrix } from './shared_matrix.ts';
import type { Answer, Learn, Outcome, Vectorize, Vectorized, WorkerData } from './tasks.ts';

const { texts, labels, ratings }: WorkerData = workerData;

parentPort?.on('message', (task: Vectorize | Learn) => {
  parentPort?.postMessage(answer(task));
});

function answer(task: Vectorize | Learn): Answer {
  try {
    return { result: task.kind === 'vectorize' ? vectorize(task) : learnAndScore(task) };
  } catch (error) {
    if (error instanceof SentimentError) return { error: error.message, code: error.code, next: error.next };
    return { error: describeError(error), code: 'CELL_FAILED', next: undefined };
  }
}

function vectorize({ split, settings }: Vectorize): Vectorized {
  const began = cpuSeconds();
  const { vectorizer, x } = fitVectorizer(textsOf(split.train), settings);
  const held = shareMatrix(vectorizer.transform(textsOf(split.held)));
  return {
    train: shareMatrix(x),
    held,
    vocabularyBytes: vocabularyBytes(vectorizer),
    seconds: cpuSeconds() - began,
  };
}

function learnAndScore({ split, matrices, model, learner }: Learn): Outcome {
  const part = {
    labels: Uint8Array.from(split.train, (i) => labels[i]),
    ratings: Float64Array.from(split.train, (i) => ratings[i]),
  };
  const began = cpuSeconds();
  const learnt = learn(asCsr(matrices.train), part, model, learner);
  const trained = cpuSeconds();
  const probabilities = learnt.probabilities(asCsr(matrices.held));
  return {
    probabilities,
    columns: matrices.train.columnCount,
    bytes: learnt.bytes + matrices.vocabularyBytes,
    iterations: learnt.iterations,
    vectorize_seconds: matrices.seconds,
    train_seconds: trained - began,
    score_seconds: cpuSeconds() - trained,
  };
}

function* textsOf(rows: Uint32Array): Generator<string> {
  for (const i of rows) yield texts[i];
}

function vocabularyBytes({ blocks }: Vectorizer): number {
  return blocks.reduce((sum, { vocabulary, idf }) => {
    const parts = Object.values(vocabulary.data());
    return sum + idf.byteLength + parts.reduce((bytes, part) => bytes + part.byteLength, 0);
  }, 0);
}

/** Of this thread alone, so that what else runs on the machine counts little. */
function cpuSeconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e6;
}

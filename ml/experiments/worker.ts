/** A thread of a study: makes matrices, learns from them and scores, one task after the other. */
import { workerData } from 'node:worker_threads';
import type { Scorer } from '../classifiers/classifier.ts';
import { type ClassifierName, classifiers } from '../classifiers/registry.ts';
import { usageError } from '../errors.ts';
import { type Csr, scoreRow } from '../features/csr.ts';
import { fitVectorizer, type Vectorizer, type VectorizerSettings } from '../features/vectorizer.ts';
import { type Lexicon, lexiconOf } from '../lexicon/lexicon.ts';
import { calibrated, probabilitiesOf } from '../model/linear_text_model.ts';
import { vectorizerSections } from '../model/vectorizer_file.ts';
import type { ModelBuildingParams } from '../params.ts';
import { answerTasks } from '../threads.ts';
import { fitWeights, type Labels, trainingSet } from '../weights.ts';
import type { Split, Texts } from './splits.ts';

/** Given to each worker once. */
export type WorkerData = Pick<Texts, 'texts' | 'classes' | keyof Labels>;

/** Vocabulary and weights are learnt from the training part alone. */
export type Vectorize = { kind: 'vectorize'; split: Split; settings: VectorizerSettings };
export type Vectorized = {
  settings: VectorizerSettings;
  train: SharedMatrix;
  held: SharedMatrix;
  vocabularyBytes: number;
  seconds: number;
};

export type Learn = {
  kind: 'learn';
  split: Split;
  matrices: Vectorized;
  model: ModelBuildingParams;
  learner: Learner;
};

/** A classifier with its own settings. A linear one takes its settings from `model_building`. */
export type Learner = { classifier: ClassifierName; settings: Record<string, unknown>; seed: number };

/** What one cell reached on one split. Seconds are the thread's own processor time. */
export type Outcome = {
  /** Of the held-out texts, in their order, as Scored has them. */
  probabilities: Float64Array<ArrayBuffer>;
  columns: number;
  bytes: number;
  iterations: number;
  vectorize_seconds: number;
  train_seconds: number;
  score_seconds: number;
};

/** A matrix in memory that all threads see, so that handing it over copies nothing. */
type SharedMatrix = {
  rowCount: number;
  columnCount: number;
  start: Uint32Array<SharedArrayBuffer>;
  columns: Uint32Array<SharedArrayBuffer>;
  values: Float32Array<SharedArrayBuffer>;
  signs: Uint8Array<SharedArrayBuffer>;
  blocks: Csr['blocks'];
};

const { texts, labels, ratings, weights, classes }: WorkerData = workerData;

answerTasks((task: Vectorize | Learn) => (task.kind === 'vectorize' ? vectorize(task) : learnAndScore(task)));

function vectorize({ split, settings }: Vectorize): Vectorized {
  const began = cpuSeconds();
  const { vectorizer, x } = fitVectorizer(textsOf(split.train), settings);
  const held = shareMatrix(vectorizer.transform(textsOf(split.held)));
  return {
    settings,
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
    weights: Float64Array.from(split.train, (i) => weights[i]),
  };
  const began = cpuSeconds();
  const learnt = learn(asCsr(matrices.train), part, model, learner, lexiconOf(matrices.settings));
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

/** What the vectorizer takes in an artifact. */
function vocabularyBytes(vectorizer: Vectorizer): number {
  return [...vectorizerSections(vectorizer).values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** Processor time of this thread alone, so that other load on the machine counts little. */
function cpuSeconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e6;
}

/** `model` says what targets and weights are. Throws what the classifier throws. */
function learn(
  x: Csr,
  part: Labels,
  model: ModelBuildingParams,
  { classifier, settings, seed }: Learner,
  lexicon: Lexicon | undefined,
): Scorer {
  const chosen = classifiers[classifier];
  if (chosen.linear) return learnLinear(x, part, model, lexicon);
  if (classes.names.length === 2) return chosen.fit(trainingSet(x, part, classes, model), settings, seed);
  throw usageError(
    'CLASSIFIER_CLASSES',
    `${classifier} learns two classes, not ${classes.names.length}`,
    'leave it out of the study, or use two classes',
  );
}

/** As the pipeline trains and serves: calibrated if the settings say so, weights of 32 bits. */
function learnLinear(x: Csr, part: Labels, settings: ModelBuildingParams, lexicon: Lexicon | undefined): Scorer {
  const { model, calibration } = fitWeights(x, part, classes, settings, lexicon);
  const weights = Float32Array.from(model.weights);
  // The l1 penalty leaves few weights other than 0; only those need storing, each with its column.
  const used = weights.reduce((sum, weight) => sum + (weight === 0 ? 0 : 1), 0);
  const intercepts = [...model.intercepts];
  return {
    probabilities(rows) {
      const outputs = intercepts.length;
      const result = new Float64Array(rows.rowCount * outputs);
      for (let i = 0; i < rows.rowCount; i++) {
        const sums = new Float64Array(outputs);
        scoreRow(rows, i, weights, sums);
        const probabilities = probabilitiesOf(calibrated(sums, intercepts, calibration, rows.signs?.[i] === 1));
        result.set(outputs === 1 ? probabilities.slice(1) : probabilities, i * outputs);
      }
      return result;
    },
    bytes: Math.min(4 * weights.length, 8 * used) + 4,
    iterations: model.iterations,
  };
}

function shareMatrix({ rowCount, columnCount, start, columns, values, signs, blocks }: Csr): SharedMatrix {
  const shared = (length: number) => new SharedArrayBuffer(4 * length);
  const result = {
    rowCount,
    columnCount,
    start: new Uint32Array(shared(start.length)),
    columns: new Uint32Array(shared(columns.length)),
    values: new Float32Array(shared(values.length)),
    signs: new Uint8Array(new SharedArrayBuffer(rowCount)),
    blocks,
  };
  result.start.set(start);
  result.columns.set(columns);
  result.values.set(values);
  if (signs) result.signs.set(signs);
  return result;
}

/**
 * The same memory under the type that classifiers take. They only read it; the types differ in what a buffer's owner may
 * do (detach, resize), which no reader does.
 */
function asCsr(matrix: SharedMatrix): Csr {
  return matrix as unknown as Csr;
}

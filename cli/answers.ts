/** What `predict` says of a text, and threads that say it for the rows of large tables. */
import { usageError } from '../ml/errors.ts';
import { readModel } from '../ml/model/artifact.ts';
import { knownShareOf } from '../ml/model/decision.ts';
import { LinearTextModel } from '../ml/model/linear_text_model.ts';
import type { Model } from '../ml/model/types.ts';
import { Pool } from '../ml/threads.ts';

export type Answered = {
  /**
   * Label and probability, and for more than two classes the probability of each. All are null for an empty text; the
   * label is null where the model abstains.
   */
  cells: [label: string | null, ...probabilities: (number | null)[]];
  /** Share of the words that the model knows; null for an empty text. */
  known: number | null;
};

export function answerOf(model: Model, text: string): Answered {
  const more = model.classes.length > 2 ? model.classes.length : 0;
  if (!/\S/.test(text)) return { cells: [null, null, ...new Array<null>(more).fill(null)], known: null };
  const prediction = model.predict(text);
  const { label, abstains, probability, probabilities } = prediction;
  const cells: Answered['cells'] = [abstains ? null : label, probability];
  if (more > 0) cells.push(...probabilities);
  return { cells, known: knownShareOf(prediction) };
}

/** `writtenOut`: read a written-out \n, \t or \" as the sign that it stands for. */
export type ModelToRead = { path: string; writtenOut?: boolean | undefined };

/** Throws PREDICT_WRITTEN_OUT (2), and what readModel throws. */
export function readModelOf({ path, writtenOut }: ModelToRead): LinearTextModel {
  return writtenOut ? readingWrittenOut(readModel(path), path) : readModel(path);
}

/** The same model for texts of an export that writes line ends and quotes out, as \n and \". */
function readingWrittenOut({ parts, digest }: LinearTextModel, path: string): LinearTextModel {
  if (parts.normalize.rules === undefined) {
    throw usageError(
      'PREDICT_WRITTEN_OUT',
      `${path} was made before --written-out existed, and reads texts by the rules of that time`,
      'train the model anew, or replace the written-out line ends in the table',
    );
  }
  return new LinearTextModel({ ...parts, normalize: { ...parts.normalize, written_out: true } }, digest);
}

/** Batches that are answered before threads are started: they take as long to start as some 2,000 texts to answer. */
const HERE = 8;

/**
 * Answers batches of texts. The first are answered at once, here; those of a large table by threads, each with the model in
 * memory once more, while the caller reads and writes.
 */
export class Answering {
  /** Texts in a batch. */
  readonly batchSize: number;
  /** How many batches to ask for before waiting for the first. */
  readonly ahead: number;
  readonly #model: Model;
  readonly #toRead: ModelToRead;
  readonly #threads: number;
  #asked = 0;
  #pool: Pool<readonly string[], Answered[]> | undefined;

  constructor(model: Model, { batchSize, threads, ...toRead }: ModelToRead & { batchSize: number; threads: number }) {
    this.batchSize = batchSize;
    this.ahead = batchSize === 1 ? 0 : 2 * threads;
    this.#model = model;
    this.#toRead = toRead;
    this.#threads = batchSize === 1 ? 0 : threads;
  }

  ask(texts: readonly string[]): Promise<Answered[]> | Answered[] {
    if (this.#threads === 0 || this.#asked++ < HERE) return texts.map((text) => answerOf(this.#model, text));
    this.#pool ??= new Pool(this.#threads, new URL('./answer_worker.ts', import.meta.url), this.#toRead);
    return this.#pool.ask(texts);
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }
}

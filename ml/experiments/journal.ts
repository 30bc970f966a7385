/**
 * Finished work, one file for each cell and split, so that a stopped study resumes where it was. Everything that a file's
 * content depends on is in its name: texts, code, settings, split. Each is written under a temporary name and renamed,
 * so no file is ever half written.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { writeText } from '../files.ts';
import type { Cell } from './study.ts';
import type { Outcome } from './worker.ts';

/** The code on which a cell's outcome depends. */
const CODE = [
  ...['ml/text', 'ml/features', 'ml/classifiers', 'ml/experiments/worker.ts', 'ml/experiments/splits.ts'],
  ...['ml/evaluation/folds.ts', 'ml/training.ts', 'ml/random.ts'],
];

const outcome = z.strictObject({
  probabilities: z.string(),
  columns: z.number(),
  bytes: z.number(),
  iterations: z.number(),
  vectorize_seconds: z.number(),
  train_seconds: z.number(),
  score_seconds: z.number(),
});

/** Key of a cell: equal for equal texts, code, settings and splits. `context` stands for all that the cells share. */
export function cellKey(cell: Cell, context: string): string {
  const { feature_engineering, model_building, learner } = cell;
  const parts = [context, feature_engineering, model_building, learner];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** Digest of that code without tests. */
export function codeDigest(root: string = resolve(import.meta.dirname, '../..')): string {
  const hash = createHash('sha256');
  const names = CODE.flatMap((path) => {
    if (path.endsWith('.ts')) return [path];
    return readdirSync(join(root, path))
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .sort()
      .map((name) => `${path}/${name}`);
  });
  for (const name of names) hash.update(name).update(readFileSync(join(root, name)));
  return hash.digest('hex');
}

export class Journal {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  write(key: string, split: string, result: Outcome): void {
    writeText(join(this.#folder, key, `${split}.json`), `${JSON.stringify(outcomeToText(result))}\n`);
  }

  /** Undefined for a missing or damaged file. */
  read(key: string, split: string): Outcome | undefined {
    try {
      return outcomeFromText(JSON.parse(readFileSync(join(this.#folder, key, `${split}.json`), 'utf8')));
    } catch {
      return undefined;
    }
  }
}

export type OutcomeText = z.infer<typeof outcome>;

/** Probabilities as base64 of little-endian 64-bit numbers: every bit survives. */
export function outcomeToText(result: Outcome): OutcomeText {
  const { buffer, byteOffset, byteLength } = result.probabilities;
  return { ...result, probabilities: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
}

/** Throws a ZodError for another shape. */
export function outcomeFromText(text: unknown): Outcome {
  const parsed = outcome.parse(text);
  const bytes = Uint8Array.from(Buffer.from(parsed.probabilities, 'base64'));
  return { ...parsed, probabilities: new Float64Array(bytes.buffer) };
}

/** `sentiment predict`: one text, lines of stdin, or a table of any size. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { usageError } from '../errors.ts';
import { loadModel } from '../model/load.ts';
import type { Model } from '../model/types.ts';
import { type PredictTableOptions, predictTable } from './predict_table.ts';
import { printable } from './printable.ts';

export type PredictOptions = Omit<PredictTableOptions, 'data'> & { model: string; data?: string };

/** Throws PREDICT_BOTH (2) or PREDICT_OUT (2), and what loading the model and going through the table throw. */
export async function predict(text: string | undefined, { model: path, data, ...options }: PredictOptions) {
  if (text !== undefined && data !== undefined) {
    throw usageError('PREDICT_BOTH', 'a text and --data are both given', 'give one of the two');
  }
  if (data === undefined && options.out !== undefined) {
    throw usageError('PREDICT_OUT', '--out goes with --data', 'name the table with --data, or redirect: > file');
  }
  const model = await loadModel(path);
  if (data !== undefined) await predictTable(model, path, { data, ...options });
  else if (text !== undefined) process.stdout.write(lineOf(model, text));
  else await predictLines(model);
}

async function predictLines(model: Model): Promise<void> {
  if (process.stdin.isTTY) process.stderr.write('One text a line; Ctrl-D ends.\n');
  for await (const text of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (!process.stdout.write(lineOf(model, text))) await once(process.stdout, 'drain');
  }
}

function lineOf(model: Model, text: string): string {
  const { label, probability } = model.predict(text);
  return `${label}\t${probability.toFixed(4)}\t${printable(text)}\n`;
}

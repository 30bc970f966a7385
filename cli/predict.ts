/**
 * `sentiment predict`: one text, lines of stdin, or a table of any size. A table keeps its rows in order and all its
 * columns, is read one row at a time, and its output file appears only when it is complete.
 */
import { once } from 'node:events';
import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { formatOf, type TableFormat } from '../ml/corpus/data_file.ts';
import { readTable, requireColumns, type Table } from '../ml/corpus/table.ts';
import { openTableWriter, type TableWriter } from '../ml/corpus/table_writer.ts';
import { SentimentError, usageError } from '../ml/errors.ts';
import { readModel } from '../ml/model/artifact.ts';
import type { Model } from '../ml/model/types.ts';
import { checkOutput, cleaningUp, printable } from './output.ts';
import { startProgress } from './progress.ts';

export type PredictOptions = Omit<TableOptions, 'data'> & { model: string; data?: string };

type TableOptions = {
  /** Path of the table, or - for stdin. */
  data: string;
  /** Defaults to what the name of the file says. */
  format?: TableFormat;
  textColumn: string;
  out?: string;
  /** Put before the names of the added columns. */
  prefix: string;
};

const STDIN = '-';

/**
 * Throws PREDICT_BOTH (2), PREDICT_OUT (2), COLUMN_TAKEN (2), TEXT_INVALID, and what readModel, readTable,
 * openTableWriter and checkOutput throw.
 */
export async function predict(text: string | undefined, { model: path, data, ...options }: PredictOptions) {
  if (text !== undefined && data !== undefined) {
    throw usageError('PREDICT_BOTH', 'a text and --data are both given', 'give one of the two');
  }
  if (data === undefined && options.out !== undefined) {
    throw usageError('PREDICT_OUT', '--out needs --data', 'name the table with --data, or redirect: > file');
  }
  const model = readModel(path);
  if (data !== undefined) await predictTable(model, path, { data, ...options });
  else if (text !== undefined) process.stdout.write(lineOf(model, text));
  else await predictLines(model);
}

async function predictLines(model: Model): Promise<void> {
  if (process.stdin.isTTY) process.stderr.write('Type one text per line; Ctrl-D ends the input.\n');
  for await (const text of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (!process.stdout.write(lineOf(model, text))) await once(process.stdout, 'drain');
  }
}

function lineOf(model: Model, text: string): string {
  const { label, probability } = model.predict(text);
  return `${label}\t${probability.toFixed(4)}\t${printable(text)}\n`;
}

/** `modelPath` is a file that --out may not overwrite. */
async function predictTable(model: Model, modelPath: string, options: TableOptions): Promise<void> {
  const { data, out, textColumn, prefix } = options;
  const name = data === STDIN ? 'stdin' : data;
  const format = options.format ?? (data === STDIN ? 'csv' : formatOf(data));
  const outFormat = out === undefined ? format : formatOf(out);
  const target = out === undefined ? process.stdout : checkOutput(out, [data, modelPath]);

  const progress = startProgress(data === STDIN ? 0 : (statSync(data, { throwIfNoEntry: false })?.size ?? 0));
  const source = data === STDIN ? process.stdin : createReadStream(data, { highWaterMark: 1 << 17 });
  const table = await readTable(progress.countBytes(source), { name, format });
  const columns = { label: `${prefix}label`, probability: `${prefix}probability` };
  try {
    requireColumns(table, [textColumn]);
    for (const column of Object.values(columns)) if (table.columns.includes(column)) throw columnTaken(name, column);
  } catch (error) {
    await table.close();
    throw error;
  }
  const writer = await openTableWriter(target, {
    columns: [...table.columns, columns.label, columns.probability],
    format: outFormat,
    gzip: out?.endsWith('.gz') ?? false,
  });
  const withoutText = await cleaningUp(
    () => writePredictions({ model, table, textColumn, columns, writer, onRow: progress.countRow }),
    () => writer.abort(),
  );
  progress.done(`${withoutText > 0 ? ` (${withoutText} without text)` : ''}${out === undefined ? '' : ` -> ${out}`}`);
}

type Work = {
  model: Model;
  table: Table;
  textColumn: string;
  columns: { label: string; probability: string };
  writer: TableWriter;
  onRow(): void;
};

/** Returns the number of rows without a text; they get neither label nor probability. */
async function writePredictions({ model, table, textColumn, columns, writer, onRow }: Work): Promise<number> {
  let withoutText = 0;
  for await (const { line, row } of table.rows) {
    // In JSONL every row can have fields of its own.
    for (const column of Object.values(columns)) {
      if (column in row) throw columnTaken(`${table.name}:${line}`, column);
    }
    const text = textOf(row[textColumn], textColumn, `${table.name}:${line}`);
    const prediction = /\S/.test(text) ? model.predict(text) : undefined;
    if (!prediction) withoutText++;
    row[columns.label] = prediction?.label ?? null;
    row[columns.probability] = prediction?.probability ?? null;
    await writer.write(row);
    onRow();
  }
  await writer.finish();
  return withoutText;
}

function textOf(value: unknown, column: string, where: string): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  if (typeof value !== 'object') return String(value);
  const what = Array.isArray(value) ? 'a list' : 'an object';
  throw new SentimentError('TEXT_INVALID', `${where}: field ${JSON.stringify(column)} is ${what}, not a string`, {
    next: 'name the field that holds the text with --text-column',
  });
}

function columnTaken(where: string, column: string): SentimentError {
  return new SentimentError('COLUMN_TAKEN', `${where} already has a column ${JSON.stringify(column)}`, {
    next: 'give the added columns other names: --prefix predicted_',
    exitCode: 2,
  });
}

/**
 * Predictions beside the rows they belong to: order and columns kept, one row at a time in memory, and an output file
 * that is there only when it is whole.
 */
import { createReadStream, statSync } from 'node:fs';
import { requireColumns } from '../corpus/columns.ts';
import { readTable, type Table } from '../corpus/table.ts';
import { formatOf, type TableFormat } from '../corpus/table_format.ts';
import { openTableWriter, type TableWriter } from '../corpus/table_writer.ts';
import { SentimentError } from '../errors.ts';
import type { Model } from '../model/types.ts';
import { cleaningUp } from './cleaning_up.ts';
import { checkOutput } from './output_file.ts';
import { startProgress } from './progress.ts';

export type PredictTableOptions = {
  /** Path of the table, or - for stdin. */
  data: string;
  /** By default what the path ends in. */
  format?: TableFormat;
  textColumn: string;
  out?: string;
  /** Put before the names of the columns added. */
  prefix: string;
};

const STDIN = '-';

/**
 * Throws COLUMN_TAKEN, TEXT_INVALID, and what readTable, openTableWriter and checkOutput throw. `modelPath` is a file
 * that --out may not overwrite.
 */
export async function predictTable(model: Model, modelPath: string, options: PredictTableOptions): Promise<void> {
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

/** Returns the number of rows without text, which get neither label nor probability. */
async function writePredictions({ model, table, textColumn, columns, writer, onRow }: Work): Promise<number> {
  let withoutText = 0;
  for await (const { line, row } of table.rows) {
    // Of JSONL, any row can bring fields of its own.
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
  throw new SentimentError('TEXT_INVALID', `${where}: field ${JSON.stringify(column)} is ${what}, not a text`, {
    next: 'name the field that holds the text with --text-column',
  });
}

function columnTaken(where: string, column: string): SentimentError {
  return new SentimentError('COLUMN_TAKEN', `${where} has a column ${JSON.stringify(column)} already`, {
    next: 'give the added columns other names: --prefix predicted_',
    exitCode: 2,
  });
}

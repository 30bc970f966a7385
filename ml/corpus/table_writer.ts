/**
 * Writes a table (CSV, TSV, JSONL, gzipped or not) row by row, in constant memory.
 *
 *     const writer = openTableWriter(stream, { format: 'csv', columns: [...table.columns, 'label'] });
 *     for await (const { row } of table.rows) await writer.write({ ...row, label: 'positive' });
 *     await writer.finish();
 */
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { PassThrough, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Stringifier } from 'csv-stringify';
import { SentimentError } from '../errors.ts';
import { openPartial } from '../files.ts';
import { DELIMITERS, formatOf, type TableFormat } from './table_format.ts';

export type TableWriter = {
  /** Resolves when the next row may come. Throws COLUMN_UNEXPECTED for a row with a field that CSV has no column for. */
  write(row: Record<string, unknown>): Promise<void>;
  /** Resolves when all is written. An output path has its content only from then on. */
  finish(): Promise<void>;
  /** Leaves nothing behind under an output path. */
  abort(): Promise<void>;
};

export type TableWriterOptions = {
  /** The header of CSV and TSV. JSONL writes each row with the fields it has. */
  columns: readonly string[];
  /** By default what the path ends in; on a stream csv. */
  format?: TableFormat;
  /** By default whether the path ends in .gz. */
  gzip?: boolean;
};

/**
 * `output` is a path, written under a temporary name and renamed by `finish`, or a stream, which is left open: it may
 * be process.stdout. Throws TABLE_FORMAT (2) for a path whose ending says nothing.
 */
export async function openTableWriter(output: string | Writable, options: TableWriterOptions): Promise<TableWriter> {
  if (typeof output !== 'string')
    return streamWriter(output, { ...options, format: options.format ?? 'csv' }, { end: false });
  const format = options.format ?? formatOf(output);
  const gzip = options.gzip ?? output.endsWith('.gz');
  const existing = await stat(output).catch(() => undefined);
  // A device or a named pipe is written to as it is: renaming would put a file in its place.
  const partial = existing && !existing.isFile() ? undefined : openPartial(output);
  const writer = streamWriter(createWriteStream(partial?.path ?? output), { ...options, format, gzip }, { end: true });
  if (!partial) return writer;
  return {
    write: writer.write,
    async finish() {
      await writer.finish();
      await partial.commit();
    },
    async abort() {
      await writer.abort();
      await partial.discard();
    },
  };
}

function streamWriter(
  output: Writable,
  { format, columns, gzip }: TableWriterOptions & { format: TableFormat },
  { end }: { end: boolean },
): TableWriter {
  const rows = format === 'jsonl' ? new PassThrough() : new Stringifier(csvOptions(format, columns));
  const done = gzip ? pipeline(rows, createGzip(), output, { end }) : pipeline(rows, output, { end });
  // Whoever writes or finishes next gets the error.
  done.catch(() => {});
  const known = new Set(columns);
  if (rows instanceof Stringifier) rows.write(columns);

  function chunkOf(row: Record<string, unknown>): string | string[] {
    if (format === 'jsonl') return `${JSON.stringify(row)}\n`;
    const unexpected = Object.keys(row).find((column) => !known.has(column));
    if (unexpected !== undefined) throw unexpectedColumn(unexpected, format);
    return columns.map((column) => cellOf(row[column]));
  }

  return {
    async write(row) {
      if (rows.destroyed) await done;
      if (rows.write(chunkOf(row))) return;
      await Promise.race([new Promise<void>((resolve) => rows.once('drain', resolve)), done]);
    },
    async finish() {
      rows.end();
      await done;
    },
    async abort() {
      rows.destroy();
      await done.catch(() => {});
    },
  };
}

function csvOptions(format: 'csv' | 'tsv', columns: readonly string[]) {
  return {
    delimiter: DELIMITERS[format],
    // A row of one empty cell would be a blank line, and a mark at the start of the file no part of a name.
    quoted_empty: columns.length === 1,
    quoted_match: /^\ufeff/,
  };
}

/** Strings as they are, nothing for null and undefined, and JSON for what a cell cannot say: numbers, lists, objects. */
function cellOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

function unexpectedColumn(column: string, format: TableFormat): SentimentError {
  return new SentimentError(
    'COLUMN_UNEXPECTED',
    `a row has the field ${JSON.stringify(column)}, which the first row has not, and ${format.toUpperCase()} has one header for all`,
    { next: 'write JSONL instead, or give every row the same fields' },
  );
}

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
import { DELIMITERS, formatOf, type TableFormat } from './data_file.ts';

export type TableWriter = {
  /** Resolves when the writer is ready for the next row. Throws COLUMN_UNEXPECTED for a field without a column (CSV, TSV). */
  write(row: Record<string, unknown>): Promise<void>;
  /** Resolves when everything is written. The file at an output path is replaced only then. */
  finish(): Promise<void>;
  /** Deletes what was written so far to an output path. */
  abort(): Promise<void>;
};

export type TableWriterOptions = {
  /** The header of CSV and TSV. JSONL writes the fields of each row. */
  columns: readonly string[];
  /** By default the format that the path ends in; for a stream csv. */
  format?: TableFormat;
  /** By default true if the path ends in .gz. */
  gzip?: boolean;
};

/**
 * `output` is a path, which `finish` replaces in one step, or a stream such as process.stdout, which stays open. Throws
 * TABLE_FORMAT (2) for a path with an unknown ending.
 */
export async function openTableWriter(output: string | Writable, options: TableWriterOptions): Promise<TableWriter> {
  if (typeof output !== 'string')
    return streamWriter(output, { ...options, format: options.format ?? 'csv' }, { end: false });
  const format = options.format ?? formatOf(output);
  const gzip = options.gzip ?? output.endsWith('.gz');
  const existing = await stat(output).catch(() => undefined);
  // A device or a named pipe is written to directly: renaming would replace it by a file.
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
  // The next call of write or finish throws the error.
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
    // Unquoted, a row of one empty cell would be a blank line, and a byte order mark would not be part of a name.
    quoted_empty: columns.length === 1,
    quoted_match: /^\ufeff/,
  };
}

/** Strings unchanged, an empty cell for null and undefined, JSON for numbers, booleans, lists and objects. */
function cellOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

function unexpectedColumn(column: string, format: TableFormat): SentimentError {
  return new SentimentError(
    'COLUMN_UNEXPECTED',
    `a row has the field ${JSON.stringify(column)}, which the header of this ${format.toUpperCase()} file does not have`,
    { next: 'write JSONL, or give every row the same fields' },
  );
}

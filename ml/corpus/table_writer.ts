/**
 * Writes the rows of one table to another with columns added (CSV, TSV, JSONL, gzipped or not), row by row, in constant
 * memory.
 *
 *     const writer = await openTableWriter('out.csv', { source: table, added: ['label'] });
 *     for await (const row of table.rows) await writer.write(row, ['positive']);
 *     await writer.finish();
 */
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { PassThrough, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { openPartial } from '../files.ts';
import { formatOf, type TableFormat } from './data_file.ts';
import type { TableRow } from './table.ts';
import { type AddedValue, type TableLines, type TableSource, tableLines } from './table_lines.ts';

export type TableWriter = {
  /**
   * `added` has a value for each added column. Resolves when the writer is ready for the next row. Throws RowError, and
   * writes nothing, for a row that the format cannot hold.
   */
  write(row: TableRow, added: readonly AddedValue[]): Promise<void>;
  /** Resolves when everything is written. The file at an output path is replaced only then. */
  finish(): Promise<void>;
  /** Deletes what was written so far to an output path. */
  abort(): Promise<void>;
};

export type TableWriterOptions = {
  /** The table that the rows come from. Its own format is written back byte for byte. */
  source: TableSource;
  /** Names of the added columns. */
  added: readonly string[];
  /** By default the format that the path ends in; for a stream that of the source. */
  format?: TableFormat;
  /** By default true if the path ends in .gz. */
  gzip?: boolean;
  /** Puts an apostrophe before each cell of CSV and TSV that a spreadsheet would run as a formula. */
  spreadsheetSafe?: boolean;
};

/**
 * `output` is a path, which `finish` replaces in one step, or a stream such as process.stdout, which stays open. Throws
 * TABLE_FORMAT (2) for a path with an unknown ending.
 */
export async function openTableWriter(output: string | Writable, options: TableWriterOptions): Promise<TableWriter> {
  const { source, added, spreadsheetSafe = false } = options;
  const format = options.format ?? (typeof output === 'string' ? formatOf(output) : source.format);
  const lines = tableLines({ source, added, format, spreadsheetSafe });
  if (typeof output !== 'string') return streamWriter(output, lines, { gzip: options.gzip ?? false, end: false });
  const gzip = options.gzip ?? output.endsWith('.gz');
  const existing = await stat(output).catch(() => undefined);
  // A device or a named pipe is written to directly: renaming would replace it by a file.
  const partial = existing && !existing.isFile() ? undefined : openPartial(output);
  const writer = streamWriter(createWriteStream(partial?.path ?? output), lines, { gzip, end: true });
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
  lines: TableLines,
  { gzip, end }: { gzip: boolean; end: boolean },
): TableWriter {
  const rows = new PassThrough();
  const done = gzip ? pipeline(rows, createGzip(), output, { end }) : pipeline(rows, output, { end });
  // The next call of write or finish throws the error.
  done.catch(() => {});
  if (lines.opening.length > 0) rows.write(lines.opening);

  return {
    async write(row, added) {
      const line = lines.lineOf(row, added);
      if (rows.destroyed) await done;
      if (rows.write(line)) return;
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

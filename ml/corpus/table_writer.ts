/**
 * Writes the lines of a table (table_lines.ts) to a file or a stream, gzipped or not, in constant memory.
 *
 *     const writer = await openTableWriter('out.csv', { opening: lines.opening });
 *     for await (const row of table.rows) await writer.write(lines.lineOf(row, ['positive']));
 *     await writer.finish();
 */
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { PassThrough, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { openPartial } from '../files.ts';

export type TableWriter = {
  /** Resolves when the writer is ready for the next lines. */
  write(lines: Uint8Array): Promise<void>;
  /** Resolves when everything is written. The file at an output path is replaced only then. */
  finish(): Promise<void>;
  /** Deletes what was written so far to an output path. */
  abort(): Promise<void>;
};

export type TableWriterOptions = {
  /** Byte order mark and header. */
  opening: Uint8Array;
  /** By default true if the path ends in .gz. */
  gzip?: boolean;
};

/** `output` is a path, which `finish` replaces in one step, or a stream such as process.stdout, which stays open. */
export async function openTableWriter(output: string | Writable, options: TableWriterOptions): Promise<TableWriter> {
  const { opening } = options;
  if (typeof output !== 'string') return streamWriter(output, opening, { gzip: options.gzip ?? false, end: false });
  const gzip = options.gzip ?? output.endsWith('.gz');
  const existing = await stat(output).catch(() => undefined);
  // A device or a named pipe is written to directly: renaming would replace it by a file.
  const partial = existing && !existing.isFile() ? undefined : openPartial(output);
  const writer = streamWriter(createWriteStream(partial?.path ?? output), opening, { gzip, end: true });
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
  opening: Uint8Array,
  { gzip, end }: { gzip: boolean; end: boolean },
): TableWriter {
  const rows = new PassThrough();
  const done = gzip ? pipeline(rows, createGzip(), output, { end }) : pipeline(rows, output, { end });
  // The next call of write or finish throws the error.
  done.catch(() => {});
  if (opening.length > 0) rows.write(opening);

  return {
    async write(lines) {
      if (rows.destroyed) await done;
      if (rows.write(lines)) return;
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

/**
 * What a data file is, by its content first and its name second, and its text as a stream of UTF-8: decompressed (gzip,
 * bzip2, Zstandard, ZIP of one file), decoded, without a byte order mark; a Parquet file is JSON lines. What is clearly no
 * table is refused by name.
 */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { SentimentError, usageError } from '../errors.ts';
import { isBzip2, unpackBzip2 } from './bzip2.ts';
import { type Encoding, findEncoding, toUtf8 } from './encoding.ts';
import { refuseForeign, refuseTar } from './foreign.ts';
import { isParquet, unpackParquet } from './parquet.ts';
import { isZip, openZip } from './zip.ts';
import { isZstd, unpackZstd } from './zstd.ts';

/**
 * `csv` is RFC 4180 with a header; `tsv` is the same with tabs, and a quote that does not enclose a cell is a plain
 * character; `jsonl` is one JSON object a line, or a JSON array of objects.
 */
export type TableFormat = 'csv' | 'tsv' | 'jsonl';

export type ByteSource = string | AsyncIterable<Uint8Array>;

export const DELIMITERS = { csv: ',', tsv: '\t' } as const;

const FORMATS: Record<string, TableFormat> = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
};
const CHUNK = 1 << 17;
/** What is not given is detected from as many bytes. */
const HEAD = 1 << 16;

/** Throws TABLE_FORMAT (2) unless the name ends in .csv, .tsv, .tab, .jsonl or .ndjson, with or without .gz. */
export function formatOf(name: string): TableFormat {
  const format = findFormat(name);
  if (format) return format;
  throw usageError(
    'TABLE_FORMAT',
    `cannot tell the format of ${name} from its name`,
    'use a name that ends in .csv, .tsv or .jsonl, with or without .gz',
  );
}

const COMPRESSED = ['gz', 'zst', 'zip', 'bz2'];

export function findFormat(name: string): TableFormat | undefined {
  const endings = name.toLowerCase().split('.').slice(1);
  const ending = endings.findLast((each) => !COMPRESSED.includes(each));
  return ending !== undefined && Object.hasOwn(FORMATS, ending) ? FORMATS[ending] : undefined;
}

export function isArchiveName(name: string): boolean {
  return /\.(tar|tar\.gz|tgz)$/i.test(name);
}

export type DataFile = {
  /** The file's name inside a ZIP archive. */
  member: string | undefined;
  /** Whether the text was made from a Parquet file, an object a line. */
  parquet: boolean;
  encoding: Encoding;
  /** The first 64 KiB of the text, in UTF-8, or all of it if `whole`. */
  head: Buffer;
  whole: boolean;
  /** All of the text, in UTF-8. Stopping early closes the source. */
  text: AsyncGenerator<Buffer, void>;
};

/**
 * `source` is a path or a stream; errors call it `name`.
 *
 * Throws FILE_UNREADABLE, FILE_DAMAGED (broken compression), FILE_FOREIGN, ENCODING_UNKNOWN (2); reading the text also
 * ENCODING_WRONG.
 */
export async function openDataFile(source: ByteSource, name: string, encoding?: string): Promise<DataFile> {
  try {
    const data = await peel(source, name);
    try {
      refuseTar(data.head, name);
      const found = findEncoding(data.head.subarray(0, HEAD), data.whole, data.parquet ? 'utf-8' : encoding);
      const { head, whole, chunks } = await peek(toUtf8(data.chunks, found, name));
      return {
        member: data.member,
        parquet: data.parquet ?? false,
        encoding: found,
        head: head.subarray(0, HEAD),
        whole,
        text: explained(chunks, name),
      };
    } catch (error) {
      await data.chunks.return();
      throw error;
    }
  } catch (error) {
    throw explain(error, name);
  }
}

/**
 * The bytes of a file, decompressed. No chunk is empty. The source is closed when the reader stops early.
 *
 * Throws FILE_UNREADABLE, FILE_DAMAGED (broken compression) or FILE_FOREIGN.
 */
export async function* readBytes(source: ByteSource, name: string): AsyncGenerator<Buffer, void> {
  try {
    yield* (await peel(source, name)).chunks;
  } catch (error) {
    throw explain(error, name);
  }
}

async function* explained(chunks: AsyncGenerator<Buffer, void>, name: string): AsyncGenerator<Buffer, void> {
  try {
    yield* chunks;
  } catch (error) {
    throw explain(error, name);
  }
}

type Peeked = { head: Buffer; whole: boolean; chunks: AsyncGenerator<Buffer, void> };
/** What a file is under its compression. */
type Peeled = Peeked & { member?: string; parquet?: boolean };

/** Takes compression off, in layers if there are several. */
async function peel(source: ByteSource, name: string): Promise<Peeled> {
  const raw = typeof source === 'string' ? createReadStream(source, { highWaterMark: CHUNK }) : source;
  let data: Peeled = await peek(raw);
  for (;;) {
    const { head, chunks } = data;
    try {
      refuseForeign(head, name);
      if (isZip(head)) {
        const { member, chunks: unpacked } = openZip(head, chunks, name);
        data = { ...(await peek(unpacked)), member };
        continue;
      }
      if (isZstd(head)) {
        data = { ...data, ...(await peek(unpackZstd(chunks, name))) };
        continue;
      }
      if (isBzip2(head)) {
        data = { ...data, ...(await peek(unpackBzip2(chunks, name))) };
        continue;
      }
      if (isParquet(head)) return { ...data, ...(await peek(unpackParquet(chunks, name))), parquet: true };
      if (head[0] !== 0x1f || head[1] !== 0x8b) return data;
      const gunzip = createGunzip({ chunkSize: CHUNK });
      // pipeline destroys gunzip with the error, which then reaches its reader.
      pipeline(chunks, gunzip, () => {});
      data = { ...data, ...(await peek(gunzip)) };
    } catch (error) {
      chunks.return().catch(() => {});
      throw error;
    }
  }
}

/** The first bytes (HEAD, unless there are fewer), and all chunks including them. */
async function peek(source: AsyncIterable<Uint8Array>): Promise<Peeked> {
  const iterator = source[Symbol.asyncIterator]();
  const parts: Uint8Array[] = [];
  let length = 0;
  let whole = false;
  while (length < HEAD && !whole) {
    const { done, value } = await iterator.next();
    if (done) whole = true;
    else {
      parts.push(value);
      length += value.length;
    }
  }
  const head = Buffer.concat(parts);
  return { head, whole, chunks: chunksOf(head, iterator) };
}

async function* chunksOf(head: Buffer, iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Buffer, void> {
  try {
    if (head.length > 0) yield head;
    for (let step = await iterator.next(); !step.done; step = await iterator.next()) {
      const { buffer, byteOffset, byteLength } = step.value;
      if (byteLength > 0) yield Buffer.from(buffer, byteOffset, byteLength);
    }
  } finally {
    await iterator.return?.();
  }
}

function explain(error: unknown, name: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/^Z_/.test(code)) {
    return new SentimentError('FILE_DAMAGED', `${name} is damaged or cut off: its gzip data cannot be decompressed`, {
      cause: error,
      next: 'download or create the file again',
    });
  }
  if (/^ZSTD_/.test(code)) {
    return new SentimentError('FILE_DAMAGED', `${name} is damaged: its Zstandard data cannot be decompressed`, {
      cause: error,
      next: 'download or create the file again',
    });
  }
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
    EISDIR: 'it is a folder',
  };
  if (code in reasons) {
    return new SentimentError('FILE_UNREADABLE', `cannot read ${name}: ${reasons[code]}`, { cause: error });
  }
  return error;
}

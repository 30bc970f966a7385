/**
 * What a data file is: its format, by its name, and its bytes as a stream, decompressed if they are gzip, without a byte
 * order mark. Files that are clearly something else (UTF-16, Excel, Parquet) are refused by name.
 */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { SentimentError, usageError } from '../errors.ts';

/**
 * `csv` is RFC 4180 with a header; `tsv` is the same with tabs, and a quote inside a cell is a plain character; `jsonl`
 * is one JSON object a line. All are UTF-8, and any may be gzipped, with or without `.gz` at the end of the name.
 */
export type TableFormat = 'csv' | 'tsv' | 'jsonl';

export type ByteSource = string | AsyncIterable<Uint8Array>;

export const DELIMITERS = { csv: ',', tsv: '\t' } as const;

const FORMATS: Record<string, TableFormat> = { csv: 'csv', tsv: 'tsv', tab: 'tsv', jsonl: 'jsonl', ndjson: 'jsonl' };
const CHUNK = 1 << 17;
const HEAD = 4;
const UTF8_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

const FOREIGN: { start: Buffer; what: string; next: string }[] = [
  { start: Buffer.from([0xff, 0xfe]), what: 'UTF-16', next: 'save it as UTF-8: iconv -f UTF-16 -t UTF-8' },
  { start: Buffer.from([0xfe, 0xff]), what: 'UTF-16', next: 'save it as UTF-8: iconv -f UTF-16 -t UTF-8' },
  { start: Buffer.from('PK\x03\x04'), what: 'a ZIP or Excel file', next: 'unpack it, or save the sheet as CSV UTF-8' },
  { start: Buffer.from('PAR1'), what: 'a Parquet file', next: 'convert it to CSV or JSONL' },
];

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

export function findFormat(name: string): TableFormat | undefined {
  const ending = /\.([a-z]+)(\.gz)?$/i.exec(name)?.[1].toLowerCase();
  return ending === undefined ? undefined : FORMATS[ending];
}

export function isArchiveName(name: string): boolean {
  return /\.(tar|tar\.gz|tgz)$/i.test(name);
}

/**
 * `source` is a path or a stream; errors call it `name`. No chunk is empty. The source is closed when the reader stops
 * early. `onMark` is called before the first chunk if the bytes begin with a byte order mark, which is left out.
 *
 * Throws FILE_UNREADABLE, FILE_DAMAGED (broken gzip) or FILE_FOREIGN.
 */
export async function* readBytes(
  source: ByteSource,
  name: string,
  onMark: () => void = () => {},
): AsyncGenerator<Buffer, void> {
  const raw = typeof source === 'string' ? createReadStream(source, { highWaterMark: CHUNK }) : source;
  try {
    const outer = await peek(raw);
    if (outer.head[0] !== 0x1f || outer.head[1] !== 0x8b) return yield* withoutMark(outer, name, onMark);
    const gunzip = createGunzip({ chunkSize: CHUNK });
    // pipeline destroys gunzip with the error, which then reaches the reader of gunzip.
    pipeline(outer.chunks, gunzip, () => {});
    yield* withoutMark(await peek(gunzip), name, onMark);
  } catch (error) {
    throw explain(error, name);
  }
}

type Peeked = { head: Buffer; chunks: AsyncGenerator<Buffer, void>; close: () => Promise<unknown> };

/** The first bytes (at least HEAD, unless there are fewer), and all chunks including them. */
async function peek(source: AsyncIterable<Uint8Array>): Promise<Peeked> {
  const iterator = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < HEAD) {
    const { done, value } = await iterator.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  return { head, chunks: chunksOf(head, iterator), close: async () => iterator.return?.() };
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

async function* withoutMark(
  { head, chunks, close }: Peeked,
  name: string,
  onMark: () => void,
): AsyncGenerator<Buffer, void> {
  const foreign = FOREIGN.find(({ start }) => head.subarray(0, start.length).equals(start));
  if (foreign) {
    await close();
    throw new SentimentError('FILE_FOREIGN', `${name} is ${foreign.what}, not UTF-8 text`, { next: foreign.next });
  }
  let skip = head.subarray(0, UTF8_MARK.length).equals(UTF8_MARK) ? UTF8_MARK.length : 0;
  if (skip > 0) onMark();
  for await (const chunk of chunks) {
    if (chunk.length > skip) yield chunk.subarray(skip);
    skip = 0;
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

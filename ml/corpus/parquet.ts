/**
 * Parquet as JSON lines, an object a row, so that everything after it is as with JSONL. Whole numbers beyond 2^53 are text
 * with all digits, dates are text in ISO 8601, bytes that are not UTF-8 are text in base64, and NaN is null.
 *
 * The index stands at a file's end, so the packed file is held in memory, and of the rows one row group.
 */
import { isUtf8 } from 'node:buffer';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { type Compressors, type FileMetaData, parquetMetadata, parquetReadObjects } from 'hyparquet';
import { SentimentError } from '../errors.ts';
import { foreign } from './foreign.ts';

/** Of the packed file. */
const MOST_BYTES = 2 ** 30;
/** Rows turned into text at a time. */
const BATCH = 1000;

const compressors: Compressors = {
  GZIP: (input) => gunzipSync(input),
  BROTLI: (input) => brotliDecompressSync(input),
  ZSTD: (input) => zstdDecompressSync(input),
};
const READ = ['UNCOMPRESSED', 'SNAPPY', ...Object.keys(compressors)];

export function isParquet(head: Buffer): boolean {
  return head.toString('latin1', 0, 4) === 'PAR1';
}

/** Throws FILE_DAMAGED, or FILE_FOREIGN for a file that is too large or packed in another way. */
export async function* unpackParquet(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer, void> {
  const file = await gather(chunks, name);
  const metadata = readIndex(file, name);
  const parts = metadata.row_groups.flatMap(({ columns }) => columns);
  const codec = parts.map(({ meta_data }) => meta_data?.codec).find((one) => one && !READ.includes(one));
  if (codec) throw foreign(name, `a Parquet file packed with ${codec}`, `write it with one of ${READ.join(', ')}`);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const rows = await readRows(file, metadata, rowStart, rowEnd, name);
    for (let i = 0; i < rows.length; i += BATCH) {
      yield Buffer.from(
        rows
          .slice(i, i + BATCH)
          .map(lineOf)
          .join(''),
      );
    }
    rowStart = rowEnd;
  }
}

async function gather(chunks: AsyncIterable<Buffer>, name: string): Promise<ArrayBuffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    length += chunk.length;
    if (length > MOST_BYTES) throw foreign(name, 'a Parquet file of more than 1 GiB', 'split it, or convert it to CSV');
  }
  const file = new ArrayBuffer(length);
  const bytes = new Uint8Array(file);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return file;
}

function readIndex(file: ArrayBuffer, name: string): FileMetaData {
  try {
    return parquetMetadata(file);
  } catch (error) {
    throw damaged(name, error);
  }
}

async function readRows(
  file: ArrayBuffer,
  metadata: FileMetaData,
  rowStart: number,
  rowEnd: number,
  name: string,
): Promise<Record<string, unknown>[]> {
  try {
    return await parquetReadObjects({ file, metadata, rowStart, rowEnd, compressors, utf8: false });
  } catch (error) {
    throw damaged(name, error);
  }
}

function damaged(name: string, cause: unknown): SentimentError {
  return new SentimentError('FILE_DAMAGED', `${name} is a Parquet file whose data cannot be read: damaged or cut off`, {
    // The library's own words; a TypeError of it says nothing to a person.
    cause: cause instanceof TypeError || cause instanceof RangeError ? undefined : cause,
    next: 'download or create the file again, or convert it to CSV or JSONL',
  });
}

function lineOf(row: Record<string, unknown>): string {
  return `${JSON.stringify(row, asJson)}\n`;
}

function asJson(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (!(value instanceof Uint8Array)) return value;
  return Buffer.from(value).toString(isUtf8(value) ? 'utf8' : 'base64');
}

/**
 * Records of a table (CSV, TSV or JSONL) with the lines they start on, in order, in constant memory. csv-parse does the
 * parsing of CSV and TSV.
 *
 * A bad row is reported and the reading goes on, except after broken quotes: they hide where the next row starts.
 */
import { isUtf8 } from 'node:buffer';
import { pipeline } from 'node:stream';
import { CsvError, Parser } from 'csv-parse';
import { SentimentError } from '../errors.ts';
import { DELIMITERS } from './data_file.ts';
import { type RawRecord, RecordBytes, rawRecord } from './raw_record.ts';

/** A fault of one row. The rows around it can still be trusted. */
export type RowProblem = {
  /** Number of the row's first line, from 1. */
  line: number;
  /** Name of the column or field, if the fault is in one. */
  column?: string;
  /** What is wrong, as the end of a sentence: "is not valid UTF-8". */
  problem: string;
};

export type CsvRecord = {
  /** Line of the record's first byte, from 1. */
  line: number;
  /** Bytes of each cell, quotes removed. */
  cells: Buffer[];
  raw: RawRecord;
};

export type JsonlRecord = { line: number; fields: Record<string, unknown>; raw: RawRecord };

/** A longer CSV record is an unclosed quote or not a table; a longer JSONL line is a bad row. */
const MAX_RECORD_BYTES = 1 << 24;
const MAX_RECORD = `${MAX_RECORD_BYTES / 2 ** 20} MiB`;

const LF = 10;
const CR = 13;

/** "column "text" is not valid UTF-8". */
export function describeProblem({ column, problem }: RowProblem): string {
  return column === undefined ? problem : `column ${JSON.stringify(column)} ${problem}`;
}

/** Errors call the stream `name`. Throws CSV_QUOTES or RECORD_TOO_LONG, with file, line and column. */
export async function* readCsvRecords(
  chunks: AsyncIterable<Buffer>,
  format: 'csv' | 'tsv',
  name: string,
): AsyncGenerator<CsvRecord, void> {
  const lines = new LineCounter();
  const raw = new RecordBytes();
  let fed = 0;
  // Where the last complete record ended.
  let end = 0;
  let header: Buffer[] | undefined;

  async function* watched(): AsyncGenerator<Buffer, void> {
    for await (const chunk of chunks) {
      fed += chunk.length;
      if (fed - end > MAX_RECORD_BYTES) throw tooLong(`${name}:${lines.lineAt(end)}`);
      lines.add(chunk);
      raw.add(chunk);
      yield chunk;
    }
  }

  const parser = new Parser({
    delimiter: DELIMITERS[format],
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_quotes: format === 'tsv',
    relax_column_count: true,
    skip_empty_lines: true,
    // Cells stay bytes, so that decodeCell can check that they are UTF-8.
    encoding: null,
    on_record(cells, { bytes }) {
      const line = lines.lineAt(end);
      end = bytes;
      // Kept here, because records before an error in the same chunk never reach the loop below.
      header ??= cells as unknown as Buffer[];
      // The declared types know neither cells of bytes nor records that are objects.
      return { line, cells, raw: rawRecord(raw.take(bytes)) } as unknown as string[];
    },
  });
  pipeline(watched(), parser, () => {});
  try {
    yield* parser as AsyncIterable<CsvRecord>;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw quoteError(error, `${name}:${lines.lineAt(end)}`, header);
  }
}

/** The cell as text, or what is wrong with it. */
export function decodeCell(bytes: Buffer): { text: string } | { problem: string } {
  const text = bytes.toString('utf8');
  // A replacement character is either in the file or stands for bytes that are not UTF-8.
  if (text.includes('\ufffd') && !isUtf8(bytes)) return { problem: 'is not valid UTF-8' };
  if (text.includes('\0')) return { problem: 'holds a NUL character' };
  return { text };
}

function tooLong(where: string): SentimentError {
  return new SentimentError('RECORD_TOO_LONG', `${where}: the row that starts here does not end within ${MAX_RECORD}`, {
    next: 'look for a quote that opens there and never closes',
  });
}

function quoteError(error: CsvError, where: string, header: Buffer[] | undefined): SentimentError {
  const problems: Record<string, string> = {
    CSV_QUOTE_NOT_CLOSED: 'opens a quote that never closes',
    CSV_INVALID_CLOSING_QUOTE: 'continues after its closing quote',
    INVALID_OPENING_QUOTE: 'contains a quote but is not quoted itself',
  };
  const index = Number(error.column);
  const column = header?.[index] ? JSON.stringify(header[index].toString('utf8')) : `${index + 1}`;
  return new SentimentError(
    'CSV_QUOTES',
    `${where}: column ${column} of the row that starts here ${problems[error.code] ?? 'is broken'}`,
    { cause: error, next: 'put the whole cell in quotes and double each quote inside it, as RFC 4180 specifies' },
  );
}

/** Blank lines are skipped. A line that is too long is never held in memory. */
export async function* readJsonlRecords(chunks: AsyncIterable<Buffer>): AsyncGenerator<JsonlRecord | RowProblem, void> {
  let line = 0;
  for await (const bytes of readLines(chunks)) {
    line++;
    const record =
      bytes === 'too long' ? { line, problem: `the line is longer than ${MAX_RECORD}` } : parseLine(bytes, line);
    if (record) yield record;
  }
}

/** Lines with their LF, if they have one. */
async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer | 'too long', void> {
  let parts: Buffer[] = [];
  let length = 0;
  function add(part: Buffer): void {
    length += part.length;
    if (length <= MAX_RECORD_BYTES) parts.push(part);
    else parts = [];
  }
  function take(): Buffer | 'too long' {
    const taken = length > MAX_RECORD_BYTES ? 'too long' : parts.length === 1 ? parts[0] : Buffer.concat(parts);
    parts = [];
    length = 0;
    return taken;
  }
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      add(chunk.subarray(start, end + 1));
      yield take();
      start = end + 1;
    }
    if (start < chunk.length) add(chunk.subarray(start));
  }
  if (length > 0) yield take();
}

function parseLine(bytes: Buffer, line: number): JsonlRecord | RowProblem | undefined {
  if (!isUtf8(bytes)) return { line, problem: 'the line is not valid UTF-8' };
  const raw = rawRecord(bytes);
  const json = raw.bytes.toString();
  if (json.trim() === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return { line, problem: `the line is not valid JSON: ${reasonOf(error)}` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const what = Array.isArray(value) ? 'an array' : value === null ? 'null' : `a ${typeof value}`;
    return { line, problem: `the line is ${what}, not a JSON object` };
  }
  const fields = value as Record<string, unknown>;
  // Valid JSON can hold a NUL only as an escape.
  if (json.includes('\\u0000')) {
    const column = Object.keys(fields).find((key) => typeof fields[key] === 'string' && fields[key].includes('\0'));
    if (column !== undefined) return { line, column, problem: 'holds a NUL character' };
  }
  return { line, fields, raw };
}

/** JSON.parse's message without its "line 1", which is not the file's line. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/ \(line 1 column \d+\)$/, '').slice(0, 160) : String(error);
}

/**
 * Tells which line a byte is on. Lines end in LF, CRLF or CR. A chunk is released once a question has moved beyond it.
 */
export class LineCounter {
  readonly #chunks: Uint8Array[] = [];
  /** Offset of the first chunk held. */
  #start = 0;
  /** Next byte to look at, in the first chunk held. */
  #position = 0;
  #line = 1;
  #afterCr = false;

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
  }

  /** The line of the first byte at or after `offset` that is not part of a line end. Offsets must not descend. */
  lineAt(offset: number): number {
    for (;;) {
      const chunk = this.#chunks[0];
      if (!chunk) return this.#line;
      while (this.#position < chunk.length) {
        const byte = chunk[this.#position];
        if (this.#start + this.#position >= offset && byte !== LF && byte !== CR) return this.#line;
        if (byte === CR || (byte === LF && !this.#afterCr)) this.#line++;
        this.#afterCr = byte === CR;
        this.#position++;
      }
      this.#start += chunk.length;
      this.#position = 0;
      this.#chunks.shift();
    }
  }
}

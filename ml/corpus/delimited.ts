/**
 * Records of a table whose cells are separated by one character (CSV, TSV and their relatives), in UTF-8, in order, in
 * constant memory, with the bytes and the lines they stand on.
 *
 * Lines end in LF, CRLF or CR; blank lines are skipped. What a quote means depends on the dialect, see Dialect.quotes.
 */
import { SentimentError } from '../errors.ts';
import type { RawRecord } from './raw_record.ts';

export type Dialect = {
  /** One ASCII character. */
  delimiter: string;
  /** One ASCII character; undefined if quotes are letters like all others. */
  quote: string | undefined;
  /** A character that makes a following quote, delimiter or escape a letter. A doubled quote is always one, too. */
  escape: string | undefined;
  /**
   * `strict`: as RFC 4180 has it; a broken quote ends the reading. Otherwise a quote that is not properly opened and
   * closed is a letter, and a quoted cell ends on its line (`line`) or may hold line ends (`lines`).
   */
  quotes: 'strict' | 'line' | 'lines';
};

export type CsvRecord = {
  /** Line of the record's first byte, from 1. */
  line: number;
  /** Bytes of each cell, quotes and escapes removed. */
  cells: Buffer[];
  raw: RawRecord;
};

/** A longer record is an unclosed quote or not a table; a longer line of JSON is a bad row. */
export const MAX_RECORD_BYTES = 1 << 24;
export const MAX_RECORD = `${MAX_RECORD_BYTES / 2 ** 20} MiB`;

const LF = 10;
const CR = 13;
/** An unfinished record longer than this is looked at again only when twice its bytes are there. */
const LARGE = 1 << 20;

type Quoting = Dialect['quotes'] | 'none';
type Marks = { delimiter: number; quote: number; escape: number; quoting: Quoting };
type Cell = { bytes: Buffer; end: number };
type Scanned = Omit<CsvRecord, 'line'> & { next: number; lines: number; quoted: boolean; letters: number };
type QuoteProblem = { column: number; problem: string; at: number };

type BrokenRow = { line: number; column?: string; problem: string };

/**
 * Errors call the stream `name`. With `onBroken`, a row with broken quotes is told to it, and the reading goes on in the
 * line after the one that the row starts in. Throws CSV_QUOTES or RECORD_TOO_LONG, with file, line and column.
 */
export async function* readDelimited(
  chunks: AsyncIterable<Buffer>,
  dialect: Dialect,
  name: string,
  onBroken?: (row: BrokenRow) => void,
): AsyncGenerator<CsvRecord, void> {
  const iterator = chunks[Symbol.asyncIterator]();
  const scanner = new RecordScanner(dialect);
  let done = false;
  let skipping = false;
  try {
    for (;;) {
      if (skipping) skipping = !scanner.skipLine(done);
      const record = skipping ? undefined : scanner.next(done);
      if (record === 'broken') {
        // Without a header nothing says what a row is.
        if (!onBroken || !scanner.header) throw quoteError(scanner, name);
        onBroken(brokenRow(scanner));
        skipping = true;
        continue;
      }
      if (record === 'long') throw tooLong(`${name}:${scanner.line}`);
      if (record) {
        yield record;
        continue;
      }
      if (done) return;
      const held = scanner.held;
      const wanted = held > LARGE ? held : 1;
      for (let got = 0; got < wanted && !done; ) {
        const step = await iterator.next();
        done = step.done === true;
        if (step.done) break;
        scanner.add(step.value);
        got += step.value.length;
      }
    }
  } finally {
    await iterator.return?.();
  }
}

/**
 * The same for bytes that hold whole records, the first of which stands on `line`; `header` names the columns of broken
 * ones. Unless `whole`, the last record goes on behind them.
 */
export function* recordsOf(
  bytes: Buffer,
  dialect: Dialect,
  { name, line, header, whole }: { name: string; line: number; header: Buffer[]; whole: boolean },
): Generator<CsvRecord, void> {
  const scanner = new RecordScanner(dialect, line);
  scanner.header = header;
  scanner.add(bytes);
  for (let record = scanner.next(whole); record; record = scanner.next(whole)) {
    if (record === 'broken') throw quoteError(scanner, name);
    if (record === 'long') throw tooLong(`${name}:${scanner.line}`);
    yield record;
  }
}

/** Cuts records from bytes that arrive in pieces. */
export class RecordScanner {
  /** Line of the record that `next` looked at last. */
  line: number;
  header: Buffer[] | undefined;
  problem: QuoteProblem | undefined;
  /** Opening quotes that were letters, in all records so far. */
  letters = 0;
  #pieces: Buffer[] = [];
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  #nextLine: number;
  #afterCr = false;
  readonly #marks: Marks;

  /** `line` is that of the first byte. */
  constructor({ delimiter, quote, escape: sign, quotes }: Dialect, line = 1) {
    this.line = line;
    this.#nextLine = line;
    const code = (mark: string | undefined) => (mark === undefined ? -1 : mark.charCodeAt(0));
    this.#marks = {
      delimiter: code(delimiter),
      quote: code(quote),
      escape: sign === quote ? -1 : code(sign),
      quoting: quote === undefined ? 'none' : quotes,
    };
  }

  /** Bytes not yet given out. */
  get held(): number {
    return this.#pieces.reduce((sum, piece) => sum + piece.length, this.#buffer.length - this.#at);
  }

  add(bytes: Buffer): void {
    this.#pieces.push(bytes);
  }

  /** The next record; undefined if it is not complete yet, or after the last one (`final`: no more bytes will come). */
  next(final: boolean): CsvRecord | 'broken' | 'long' | undefined {
    this.#takePieces();
    this.#skipBlank();
    this.line = this.#nextLine;
    if (this.#at === this.#buffer.length) return undefined;
    const scanned = this.#scan(final);
    if (!scanned) return this.#buffer.length - this.#at > MAX_RECORD_BYTES ? 'long' : undefined;
    if ('problem' in scanned) {
      this.problem = scanned;
      return 'broken';
    }
    const { cells, raw, next, lines, letters } = scanned;
    if (raw.bytes.length > MAX_RECORD_BYTES) return 'long';
    this.#at = next;
    this.#afterCr = false;
    this.#nextLine += lines + 1;
    this.letters += letters;
    this.header ??= cells;
    return { line: this.line, cells, raw };
  }

  /** Leaves out the rest of the line, up to its end. false: its end is not there yet. */
  skipLine(final: boolean): boolean {
    this.#takePieces();
    while (this.#at < this.#buffer.length) {
      const byte = this.#buffer[this.#at];
      if (byte === LF || byte === CR) return true;
      this.#at++;
    }
    return final;
  }

  #takePieces(): void {
    if (this.#pieces.length === 0) return;
    const rest = this.#buffer.subarray(this.#at);
    this.#buffer =
      rest.length === 0 && this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat([rest, ...this.#pieces]);
    this.#pieces = [];
    this.#at = 0;
  }

  #skipBlank(): void {
    const buffer = this.#buffer;
    for (; this.#at < buffer.length; this.#at++) {
      const byte = buffer[this.#at];
      if (byte !== LF && byte !== CR) break;
      if (byte === CR || !this.#afterCr) this.#nextLine++;
      this.#afterCr = byte === CR;
    }
    if (this.#at < buffer.length) this.#afterCr = false;
  }

  #scan(final: boolean): Scanned | QuoteProblem | undefined {
    const { quoting } = this.#marks;
    const scan = (mode: Quoting) => scanRecord(this.#buffer, this.#at, { ...this.#marks, quoting: mode }, final);
    let scanned = scan(quoting);
    // A quote that does not close is a letter, however much follows.
    if (!scanned && quoting === 'lines' && this.#buffer.length - this.#at > MAX_RECORD_BYTES) scanned = scan('line');
    if (quoting === 'strict' || !scanned || 'problem' in scanned || !scanned.quoted || !this.header) return scanned;
    if (scanned.cells.length === this.header.length) return scanned;
    const plain = scan('none');
    if (!plain || 'problem' in plain || plain.cells.length !== this.header.length) return scanned;
    return { ...plain, letters: 1 };
  }
}

function scanRecord(buffer: Buffer, start: number, marks: Marks, final: boolean): Scanned | QuoteProblem | undefined {
  const { delimiter, quote, quoting } = marks;
  const cells: Buffer[] = [];
  let at = start;
  let quoted = false;
  let lines = 0;
  let letters = 0;
  for (;;) {
    let cell: Cell | string | undefined;
    if (quoting !== 'none' && buffer[at] === quote) {
      cell = scanQuoted(buffer, at, marks, final);
      if (cell === undefined) return undefined;
      if (typeof cell !== 'string') {
        quoted = true;
        if (quoting !== 'line') lines += countLineEnds(buffer, at, cell.end);
      } else if (quoting === 'strict') return { column: cells.length, problem: cell, at };
      else {
        letters++;
        cell = undefined;
      }
    }
    cell ??= marks.escape < 0 ? scanPlain(buffer, at, marks, final) : scanEscaped(buffer, at, marks, final);
    if (cell === undefined) return undefined;
    if (typeof cell === 'string') return { column: cells.length, problem: cell, at };
    cells.push(cell.bytes);
    if (buffer[cell.end] === delimiter) {
      at = cell.end + 1;
      // The delimiter may be the last byte so far.
      if (at === buffer.length && !final) return undefined;
      continue;
    }
    const { end } = cell;
    const lineEnd =
      end >= buffer.length ? '' : buffer[end] === LF ? '\n' : buffer[end + 1] === LF ? '\r\n' : ('\r' as const);
    if (buffer[end] === CR && end + 1 === buffer.length && !final) return undefined;
    const raw: RawRecord = { bytes: buffer.subarray(start, end), lineEnd };
    return { cells, raw, next: end + lineEnd.length, lines, quoted, letters };
  }
}

/** Up to the next delimiter or line end. undefined: that is not there yet. */
function scanPlain(buffer: Buffer, start: number, marks: Marks, final: boolean): Cell | string | undefined {
  const { delimiter, quote } = marks;
  const strict = marks.quoting === 'strict';
  const { length } = buffer;
  let end = start;
  for (; end < length; end++) {
    const byte = buffer[end];
    if (byte === delimiter || byte === LF || byte === CR) break;
    if (byte === quote && strict) return 'contains a quote but is not quoted itself';
  }
  if (end === length && !final) return undefined;
  return { bytes: buffer.subarray(start, end), end };
}

function scanEscaped(buffer: Buffer, start: number, marks: Marks, final: boolean): Cell | string | undefined {
  const parts: Buffer[] = [];
  let from = start;
  let end = start;
  for (; end < buffer.length; end++) {
    const byte = buffer[end];
    if (byte === marks.escape) {
      if (end + 1 === buffer.length && !final) return undefined;
      if (!isEscapable(buffer[end + 1], marks)) continue;
      parts.push(buffer.subarray(from, end));
      from = ++end;
    } else if (byte === marks.delimiter || byte === LF || byte === CR) break;
    else if (byte === marks.quote && marks.quoting === 'strict') return 'contains a quote but is not quoted itself';
  }
  if (end >= buffer.length && !final) return undefined;
  return { bytes: joined(parts, buffer.subarray(from, end)), end };
}

/** From an opening quote to its closing one. A string says why it is no quoted cell; undefined: more bytes are needed. */
function scanQuoted(buffer: Buffer, start: number, marks: Marks, final: boolean): Cell | string | undefined {
  const { delimiter, quote } = marks;
  const onLine = marks.quoting === 'line';
  const { length } = buffer;
  const parts: Buffer[] = [];
  let from = start + 1;
  for (let at = from; ; at++) {
    if (at >= length) return final ? 'opens a quote that never closes' : undefined;
    const byte = buffer[at];
    if (byte === marks.escape) {
      if (at + 1 === length && !final) return undefined;
      if (!isEscapable(buffer[at + 1], marks)) continue;
      parts.push(buffer.subarray(from, at));
      from = ++at;
    } else if (byte === quote) {
      if (at + 1 === length && !final) return undefined;
      const next = buffer[at + 1];
      if (next === quote) {
        parts.push(buffer.subarray(from, at + 1));
        from = ++at + 1;
      } else if (at + 1 >= length || next === delimiter || next === LF || next === CR) {
        return { bytes: joined(parts, buffer.subarray(from, at)), end: at + 1 };
      } else return 'continues after its closing quote';
    } else if (onLine && (byte === LF || byte === CR)) return 'opens a quote that does not close on its line';
  }
}

function isEscapable(byte: number | undefined, marks: Marks): boolean {
  return byte !== undefined && (byte === marks.quote || byte === marks.delimiter || byte === marks.escape);
}

function joined(parts: Buffer[], last: Buffer): Buffer {
  return parts.length === 0 ? last : Buffer.concat([...parts, last]);
}

function countLineEnds(buffer: Buffer, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) {
    if (buffer[at] === LF ? buffer[at - 1] !== CR : buffer[at] === CR) count++;
  }
  return count;
}

function tooLong(where: string): SentimentError {
  return new SentimentError('RECORD_TOO_LONG', `${where}: the row that starts here does not end within ${MAX_RECORD}`, {
    next: 'look for a quote that opens there and never closes; if quotes are letters in this file: --quote none',
  });
}

function brokenRow({ line, header, problem }: RecordScanner): BrokenRow {
  const { column: index, problem: what } = problem!;
  const column = header?.[index]?.toString('utf8');
  return column ? { line, column, problem: what } : { line, problem: `column ${index + 1} ${what}` };
}

function quoteError({ line, header, problem }: RecordScanner, name: string): SentimentError {
  const { column: index, problem: what } = problem!;
  const column = header?.[index]?.length ? JSON.stringify(header[index].toString('utf8')) : `${index + 1}`;
  return new SentimentError('CSV_QUOTES', `${name}:${line}: column ${column} of the row that starts here ${what}`, {
    next:
      'put the whole cell in quotes and double each quote inside it, as RFC 4180 specifies; ' +
      "if the file escapes quotes by backslashes: --escape '\\'; if its quotes are letters: --quote none",
  });
}

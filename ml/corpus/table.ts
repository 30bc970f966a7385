/**
 * Reads a table (CSV, TSV and their relatives, JSONL, a JSON array; packed or not, in any usual encoding) row by row, in
 * order, in constant memory, and reads no further than 64 KiB beyond the rows asked for.
 *
 *     const table = await readTable('reviews.csv');
 *     requireColumns(table, ['text']);
 *     for await (const { row, line } of table.rows) console.log(line, row.text);
 *
 * Broken quotes end the reading where the dialect has strict quotes. Other faults concern one row: a wrong number of
 * cells, bytes that are not UTF-8, a NUL, invalid JSON. Blank lines are skipped. Lone surrogates in JSON strings are
 * passed on unchanged.
 */
import { SentimentError, usageError } from '../errors.ts';
import { type ByteSource, DELIMITERS, findFormat, openDataFile, type TableFormat } from './data_file.ts';
import { type CsvRecord, type Dialect, readDelimited } from './delimited.ts';
import { findDialect, headerOf, type ReadingOptions } from './dialect.ts';
import type { RawRecord } from './raw_record.ts';
import {
  decodeCell,
  describeProblem,
  type JsonlRecord,
  jsonKindOf,
  type RowProblem,
  readArrayRecords,
  readJsonlRecords,
} from './records.ts';

export type TableRow = {
  /** Number of the row's first line, from 1. */
  line: number;
  /** Values by column, in the columns' order: strings, or in JSONL any JSON value. It has no prototype. */
  row: Record<string, unknown>;
  raw: RawRecord;
};

export type Table = {
  /** What errors call it. */
  name: string;
  format: TableFormat;
  /** The header; in JSONL, the fields of the first row. Later rows may lack some and have others. */
  columns: string[];
  /** Names that several columns have. The later ones are called by their number, as are columns without a name. */
  repeated: readonly string[];
  /** The header as it stands in the file. undefined if there is none, as in JSONL. */
  header: RawRecord | undefined;
  /** Between the cells of CSV and TSV. */
  delimiter: string;
  /** Whether the file begins with a byte order mark. It is part of neither a name nor a raw record. */
  mark: boolean;
  /** As TextDecoder spells it. */
  encoding: string;
  /** For the log, if something unusual was detected: "read as semicolon-separated windows-1252". */
  note: string | undefined;
  /** Can be iterated once. Stopping early closes the source. */
  rows: AsyncGenerator<TableRow, void>;
  /** Call it if you do not iterate over the rows. */
  close(): Promise<void>;
  /** How to read pieces of it (pieces.ts); undefined if only reading all of it in order tells where a row ends. */
  layout: Layout | undefined;
};

/** Plain data, which threads can be given. */
export type Layout =
  | { kind: 'lines' }
  | {
      kind: 'delimited';
      dialect: Dialect;
      columns: string[];
      /** How many columns at the end have no name, so that their cells may be missing. */
      unnamed: number;
      /** Records before the first row. */
      skip: number;
    };

export type TableOptions = {
  /** By default what the content shows or the file's name says. */
  format?: TableFormat | undefined;
  /** What errors call it; by default the path. */
  name?: string;
  /** Its ending gives the format where the content leaves it open; by default `name`. */
  fileName?: string;
  /** By default what the content shows. */
  reading?: ReadingOptions;
  /** Called for a bad row, which is then left out. By default it throws ROW_INVALID, with file, line and column. */
  onBadRow?: (row: RowProblem) => void;
  /** Takes a row with broken quotes as a bad row, and goes on in the next line. By default it throws CSV_QUOTES. */
  skipBroken?: boolean;
};

/**
 * `input` is a path or a stream of bytes, such as process.stdin.
 *
 * Throws FILE_UNREADABLE, FILE_DAMAGED, FILE_FOREIGN, ENCODING_UNKNOWN (2), DIALECT_INVALID (2), TABLE_FORMAT (2),
 * TABLE_EMPTY, TABLE_HEADER. Iterating over the rows also throws CSV_QUOTES, RECORD_TOO_LONG, ENCODING_WRONG and what
 * onBadRow throws.
 */
export async function readTable(input: ByteSource, options: TableOptions = {}): Promise<Table> {
  const name = options.name ?? (typeof input === 'string' ? input : 'the input');
  const reading = options.reading ?? {};
  const header = headerOf(reading);
  const onBadRow = options.onBadRow ?? ((row) => throwRow(name, row));
  const data = await openDataFile(input, name, reading.encoding);
  try {
    const { name: encoding, mark } = data.encoding;
    const facts = { name, mark, encoding };
    const coding = encoding === 'utf-8' || reading.encoding !== undefined ? undefined : encoding;
    const isDelimited = (options.format === 'csv' || options.format === 'tsv') && !data.parquet;
    const json = isDelimited ? undefined : jsonKindOf(data.head);
    const named = options.format ?? findFormat(data.member ?? options.fileName ?? name) ?? looksLikeJson(data.head);
    if (json || named === 'jsonl') {
      const opened = await openJson(data.text, json ?? 'lines', name, onBadRow);
      const kind = data.parquet ? 'Parquet' : named === 'jsonl' ? undefined : 'JSON';
      const note = noteOf(kind, coding, undefined);
      const layout = json === 'array' ? undefined : ({ kind: 'lines' } as const);
      return { ...facts, ...opened, format: 'jsonl', delimiter: DELIMITERS.csv, note, layout };
    }
    if (data.head.length === 0) throw emptyTable(name);
    const separator = separatorLineOf(data.head);
    const found = findDialect(data.head.subarray(separator?.bytes ?? 0), data.whole, DELIMITERS[named ?? 'csv'], {
      ...reading,
      delimiter: reading.delimiter ?? separator?.delimiter,
    });
    const { delimiter } = found.dialect;
    const format = named ?? (delimiter === '\t' ? 'tsv' : 'csv');
    if (!named && !found.certain) throw unknownFormat(data.member ?? options.fileName ?? name);
    const records = readDelimited(data.text, found.dialect, name, options.skipBroken ? onBadRow : undefined);
    if (separator) await records.next();
    const { unnamed, ...opened } = await openDelimited(records, header, { name, delimiter, onBadRow });
    const note = noteOf(found.separation, coding, found.escapes);
    if (separator && opened.header) {
      // Programs that give the header back give this line back, too.
      opened.header.bytes = Buffer.concat([data.head.subarray(0, separator.bytes), opened.header.bytes]);
    }
    const { dialect } = found;
    const isPlain = dialect.quote === undefined || dialect.quotes === 'strict';
    const skip = Number(separator !== undefined) + Number(opened.header !== undefined);
    const layout: Layout | undefined =
      isPlain && dialect.escape === undefined
        ? { kind: 'delimited', dialect, columns: opened.columns, unnamed, skip }
        : undefined;
    return { ...facts, ...opened, format, delimiter, note, layout };
  } catch (error) {
    data.text.return().catch(() => {});
    throw error;
  }
}

/** The line "sep=;" that Excel knows before the header, and its length with the line end. */
function separatorLineOf(head: Buffer): { delimiter: string; bytes: number } | undefined {
  const match = /^"?sep=([^\r\n])"?[\r\n]+/i.exec(head.toString('latin1', 0, 20));
  return match ? { delimiter: match[1], bytes: match[0].length } : undefined;
}

/** Of a file without a telling name, so that the error says what is wrong with its JSON. */
function looksLikeJson(head: Buffer): 'jsonl' | undefined {
  return /^\s*[{[]/.test(head.toString('latin1', 0, 100)) ? 'jsonl' : undefined;
}

/** "read as semicolon-separated windows-1252 with quotes escaped by backslashes". */
function noteOf(kind: string | undefined, encoding: string | undefined, escapes: string | undefined) {
  const what = [kind, encoding].filter((word) => word !== undefined);
  if (what.length === 0) return escapes && `read ${escapes}`;
  return ['read as', ...what, escapes ?? ''].join(' ').trimEnd();
}

function unknownFormat(fileName: string): SentimentError {
  return usageError(
    'TABLE_FORMAT',
    `cannot tell the format of ${fileName} from its content or its name`,
    'use a table of CSV, TSV or JSONL, with a name that ends in .csv, .tsv or .jsonl; or name its --delimiter',
  );
}

/** Throws COLUMN_MISSING (2), which lists the table's columns and names the closest one, or COLUMN_REPEATED (2). */
export function requireColumns(
  { name, columns, repeated = [] }: Pick<Table, 'name' | 'columns'> & Partial<Pick<Table, 'repeated'>>,
  wanted: readonly string[],
): void {
  const ambiguous = wanted.find((column) => repeated.includes(column));
  if (ambiguous !== undefined) {
    throw usageError(
      'COLUMN_REPEATED',
      `${name} has several columns ${JSON.stringify(ambiguous)}`,
      'give them different names in the first line, or leave that line out and name all columns: --header NAME,NAME,...',
    );
  }
  const missing = wanted.find((column) => !columns.includes(column));
  if (missing === undefined) return;
  const closest = columns.toSorted((a, b) => distance(missing, a) - distance(missing, b))[0];
  const shown = columns.slice(0, 20).map((column) => JSON.stringify(column));
  const more = columns.length > 20 ? ` and ${columns.length - 20} more` : '';
  throw usageError(
    'COLUMN_MISSING',
    `${name} has no column ${JSON.stringify(missing)}; it has ${shown.join(', ')}${more}`,
    columns.length === 1 && /[;\t|]/.test(columns[0])
      ? 'name the character between the cells: --delimiter (in params.yaml: delimiter)'
      : `name one of these columns; the closest is ${JSON.stringify(closest)}`,
  );
}

export type OnBadRow = (row: RowProblem) => void;
type Opened = Pick<Table, 'columns' | 'repeated' | 'header' | 'rows' | 'close'>;
type Reading = { name: string; delimiter: string; onBadRow: OnBadRow };

async function openDelimited(
  records: AsyncGenerator<CsvRecord, void>,
  header: 'first' | 'none' | string[],
  reading: Reading,
): Promise<Opened & { unnamed: number }> {
  const first = await records.next();
  if (first.done) throw emptyTable(reading.name);
  const given = header === 'first' ? readHeader(first.value, reading.name) : header === 'none' ? [] : header;
  // Without names, every column of the first row is called by its number.
  const names = header === 'none' ? first.value.cells.map(() => '') : given;
  const unnamed = header === 'first' ? names.length - 1 - names.findLastIndex((name) => name !== '') : 0;
  const columns = withNumbers(names);
  const all = header === 'first' ? records : startingWith(first.value, records);
  return {
    columns,
    repeated: names.filter((name, i) => name !== '' && names.indexOf(name) < i),
    header: header === 'first' ? first.value.raw : undefined,
    rows: delimitedRows(all, { columns, unnamed, ...reading }),
    close: async () => void (await records.return()),
    unnamed,
  };
}

function readHeader({ line, cells }: CsvRecord, name: string): string[] {
  return cells.map((cell, i) => {
    const decoded = decodeCell(cell);
    if ('text' in decoded) return decoded.text;
    throw new SentimentError('TABLE_HEADER', `${name}:${line}: column ${i + 1} of the header ${decoded.problem}`, {
      next: 'if the file is a table of text, name its encoding: --encoding (in params.yaml: encoding)',
    });
  });
}

/** A column without a name, or with the name of an earlier one, is called by its number. */
function withNumbers(names: readonly string[]): string[] {
  const taken = new Set(names);
  return names.map((name, i) => {
    if (name !== '' && names.indexOf(name) === i) return name;
    let number = `${i + 1}`;
    while (taken.has(number)) number = `column ${number}`;
    taken.add(number);
    return number;
  });
}

type Cells = { columns: readonly string[]; unnamed: number; delimiter: string; onBadRow: OnBadRow };

async function* delimitedRows(records: AsyncIterable<CsvRecord>, cells: Cells): AsyncGenerator<TableRow, void> {
  for await (const record of records) {
    const row = delimitedRow(record, cells);
    if (row) yield row;
  }
}

/** Cells that are empty or missing in columns without a name, at the end, are no fault (`unnamed`: how many). */
export function delimitedRow(
  { line, cells, raw }: CsvRecord,
  { columns, unnamed, delimiter, onBadRow }: Cells,
): TableRow | undefined {
  let bytes = raw.bytes;
  if (cells.length !== columns.length) {
    const missing = columns.length - cells.length;
    if (missing > unnamed || cells.slice(columns.length).some(({ length }) => length > 0)) {
      onBadRow({ line, problem: `the row has ${cells.length} cells, the header has ${columns.length}` });
      return undefined;
    }
    if (missing > 0) bytes = Buffer.concat([bytes, Buffer.from(delimiter.repeat(missing))]);
    else {
      // Each of these cells is nothing or two quotes, after a delimiter.
      const last = delimiter.charCodeAt(0);
      for (let i = missing; i < 0; i++) bytes = bytes.subarray(0, bytes.length - (bytes.at(-1) === last ? 1 : 3));
    }
  }
  const row = emptyRow();
  for (let i = 0; i < columns.length; i++) {
    const decoded = i < cells.length ? decodeCell(cells[i]) : { text: '' };
    if ('problem' in decoded) {
      onBadRow({ line, column: columns[i], problem: decoded.problem });
      return undefined;
    }
    row[columns[i]] = decoded.text;
  }
  return { line, row, raw: bytes === raw.bytes ? raw : { ...raw, bytes } };
}

async function openJson(
  bytes: AsyncIterable<Buffer>,
  kind: 'lines' | 'array',
  name: string,
  onBadRow: OnBadRow,
): Promise<Opened> {
  let firstBad: RowProblem | undefined;
  const records = kind === 'lines' ? readJsonlRecords(bytes) : readArrayRecords(bytes);
  const rows = jsonRows(records, (row) => {
    firstBad ??= row;
    onBadRow(row);
  });
  const first = await rows.next();
  if (first.done) throw emptyTable(name, firstBad);
  return {
    columns: Object.keys(first.value.row),
    repeated: [],
    header: undefined,
    rows: startingWith(first.value, rows),
    close: async () => void (await rows.return()),
  };
}

async function* jsonRows(
  records: AsyncIterable<JsonlRecord | RowProblem>,
  onBadRow: OnBadRow,
): AsyncGenerator<TableRow, void> {
  for await (const record of records) {
    const row = jsonRow(record, onBadRow);
    if (row) yield row;
  }
}

export function jsonRow(record: JsonlRecord | RowProblem, onBadRow: OnBadRow): TableRow | undefined {
  if (!('problem' in record)) {
    return { line: record.line, row: Object.assign(emptyRow(), record.fields), raw: record.raw };
  }
  onBadRow(record);
  return undefined;
}

async function* startingWith<T>(first: T, rows: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  try {
    yield first;
    yield* rows;
  } finally {
    await rows.return();
  }
}

/** Without a prototype, so that a column may be called "__proto__" or "constructor". */
function emptyRow(): Record<string, unknown> {
  return Object.create(null);
}

function emptyTable(name: string, bad?: RowProblem): SentimentError {
  return bad
    ? new SentimentError('TABLE_EMPTY', `${name} has no usable row; line ${bad.line}: ${describeProblem(bad)}`)
    : new SentimentError('TABLE_EMPTY', `${name} is empty`, { next: 'use a table with a header line and rows' });
}

/** ROW_INVALID. */
export function throwRow(name: string, row: RowProblem): never {
  throw new SentimentError('ROW_INVALID', `${name}:${row.line}: ${describeProblem(row)}`, {
    next: /is not valid UTF-8$/.test(row.problem)
      ? 'name the encoding of the file, often --encoding windows-1252, or correct or remove the row'
      : 'correct or remove the row',
  });
}

/** Edits from one name to the other, ignoring case (Levenshtein 1966). */
function distance(a: string, b: string): number {
  const [from, to] = [a.toLowerCase(), b.toLowerCase()];
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[to.length];
}

/**
 * Reads a table (CSV, TSV, JSONL, gzipped or not) row by row, in order, in constant memory, and reads no further than
 * the rows asked for.
 *
 *     const table = await readTable('reviews.csv');
 *     requireColumns(table, ['text']);
 *     for await (const { row, line } of table.rows) console.log(line, row.text);
 *
 * Broken quotes end the reading. Other faults concern one row: a wrong number of cells, bytes that are not UTF-8, a NUL,
 * invalid JSON. Blank lines are skipped. Lone surrogates in JSON strings are passed on unchanged.
 */
import { SentimentError, usageError } from '../errors.ts';
import { type ByteSource, DELIMITERS, formatOf, readBytes, type TableFormat } from './data_file.ts';
import type { RawRecord } from './raw_record.ts';
import {
  type CsvRecord,
  decodeCell,
  describeProblem,
  type RowProblem,
  readCsvRecords,
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
  /** The header as it stands in the file. undefined if there is none, as in JSONL. */
  header: RawRecord | undefined;
  /** Between the cells of CSV and TSV. */
  delimiter: string;
  /** Whether the file begins with a byte order mark. It is part of neither a name nor a raw record. */
  mark: boolean;
  /** Can be iterated once. Stopping early closes the source. */
  rows: AsyncGenerator<TableRow, void>;
  /** Call it if you do not iterate over the rows. */
  close(): Promise<void>;
};

export type TableOptions = {
  /** By default the format that the path ends in. */
  format?: TableFormat;
  /** What errors call it; by default the path. */
  name?: string;
  /** Called for a bad row, which is then left out. By default it throws ROW_INVALID, with file, line and column. */
  onBadRow?: (row: RowProblem) => void;
};

/**
 * `input` is a path or a stream of bytes, such as process.stdin.
 *
 * Throws FILE_UNREADABLE, FILE_DAMAGED, FILE_FOREIGN, TABLE_FORMAT (2), TABLE_EMPTY, TABLE_HEADER. Iterating over the
 * rows also throws CSV_QUOTES, RECORD_TOO_LONG and what onBadRow throws.
 */
export async function readTable(input: ByteSource, options: TableOptions = {}): Promise<Table> {
  const name = options.name ?? (typeof input === 'string' ? input : 'the input');
  const format = options.format ?? formatOf(name);
  const onBadRow = options.onBadRow ?? ((row) => throwRow(name, row));
  let mark = false;
  const bytes = readBytes(input, name, () => {
    mark = true;
  });
  const opened = await (format === 'jsonl' ? openJsonl(bytes, name, onBadRow) : openCsv(bytes, format, name, onBadRow));
  return { name, format, delimiter: format === 'jsonl' ? DELIMITERS.csv : DELIMITERS[format], mark, ...opened };
}

/** Throws COLUMN_MISSING (2), which lists the table's columns and names the closest one. */
export function requireColumns({ name, columns }: Pick<Table, 'name' | 'columns'>, wanted: readonly string[]): void {
  const missing = wanted.find((column) => !columns.includes(column));
  if (missing === undefined) return;
  const closest = columns.toSorted((a, b) => distance(missing, a) - distance(missing, b))[0];
  const shown = columns.slice(0, 20).map((column) => JSON.stringify(column));
  const more = columns.length > 20 ? ` and ${columns.length - 20} more` : '';
  throw usageError(
    'COLUMN_MISSING',
    `${name} has no column ${JSON.stringify(missing)}; it has ${shown.join(', ')}${more}`,
    columns.length === 1 && /[;\t|]/.test(columns[0])
      ? 'use the separator of the format: CSV takes commas, TSV takes tabs'
      : `name one of these columns; the closest is ${JSON.stringify(closest)}`,
  );
}

type OnBadRow = (row: RowProblem) => void;
type Opened = Pick<Table, 'columns' | 'header' | 'rows' | 'close'>;

async function openCsv(
  bytes: AsyncIterable<Buffer>,
  format: 'csv' | 'tsv',
  name: string,
  onBadRow: OnBadRow,
): Promise<Opened> {
  const records = readCsvRecords(bytes, format, name);
  const first = await records.next();
  if (first.done) throw emptyTable(name);
  let columns: string[];
  try {
    columns = readHeader(first.value, name);
  } catch (error) {
    await records.return();
    throw error;
  }
  return {
    columns,
    header: first.value.raw,
    rows: csvRows(records, columns, onBadRow),
    close: async () => void (await records.return()),
  };
}

function readHeader({ line, cells }: CsvRecord, name: string): string[] {
  const columns = cells.map((cell, i) => {
    const decoded = decodeCell(cell);
    if ('text' in decoded) return decoded.text;
    throw new SentimentError('TABLE_HEADER', `${name}:${line}: column ${i + 1} of the header ${decoded.problem}`);
  });
  const repeated = columns.findIndex((column, i) => columns.indexOf(column) < i);
  if (repeated < 0) return columns;
  const both = `${columns.indexOf(columns[repeated]) + 1} and ${repeated + 1}`;
  throw new SentimentError(
    'TABLE_HEADER',
    `${name}:${line}: columns ${both} are both called ${JSON.stringify(columns[repeated])}`,
    { next: 'give each column a different name in the first line' },
  );
}

async function* csvRows(
  records: AsyncIterable<CsvRecord>,
  columns: string[],
  onBadRow: OnBadRow,
): AsyncGenerator<TableRow, void> {
  for await (const { line, cells, raw } of records) {
    if (cells.length !== columns.length) {
      onBadRow({ line, problem: `the row has ${cells.length} cells, the header has ${columns.length}` });
      continue;
    }
    const row = emptyRow();
    const bad = columns.findIndex((column, i) => {
      const decoded = decodeCell(cells[i]);
      if ('problem' in decoded) onBadRow({ line, column, problem: decoded.problem });
      else row[column] = decoded.text;
      return 'problem' in decoded;
    });
    if (bad < 0) yield { line, row, raw };
  }
}

async function openJsonl(bytes: AsyncIterable<Buffer>, name: string, onBadRow: OnBadRow): Promise<Opened> {
  let firstBad: RowProblem | undefined;
  const rows = jsonlRows(bytes, (row) => {
    firstBad ??= row;
    onBadRow(row);
  });
  const first = await rows.next();
  if (first.done) throw emptyTable(name, firstBad);
  return {
    columns: Object.keys(first.value.row),
    header: undefined,
    rows: startingWith(first.value, rows),
    close: async () => void (await rows.return()),
  };
}

async function* jsonlRows(bytes: AsyncIterable<Buffer>, onBadRow: OnBadRow): AsyncGenerator<TableRow, void> {
  for await (const record of readJsonlRecords(bytes)) {
    if ('problem' in record) onBadRow(record);
    else yield { line: record.line, row: Object.assign(emptyRow(), record.fields), raw: record.raw };
  }
}

async function* startingWith(first: TableRow, rows: AsyncGenerator<TableRow, void>): AsyncGenerator<TableRow, void> {
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

function throwRow(name: string, row: RowProblem): never {
  throw new SentimentError('ROW_INVALID', `${name}:${row.line}: ${describeProblem(row)}`, {
    next: 'correct or remove the row',
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

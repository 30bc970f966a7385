/**
 * Reads a table (CSV, TSV, JSONL, gzipped or not) row by row: order kept, constant memory, and never more read than is
 * asked for.
 *
 *     const table = await readTable('reviews.csv');
 *     requireColumns(table, ['text']);
 *     for await (const { row, line } of table.rows) console.log(line, row.text);
 *
 * Broken quotes end the reading. Other faults are the row's own: a wrong number of cells, bytes that are not UTF-8, a
 * NUL, invalid JSON. Blank lines are no rows. A JSON string's lone surrogates are passed on as they are.
 */
import { SentimentError } from '../errors.ts';
import { type ByteSource, readBytes } from './bytes.ts';
import { type CsvRecord, decodeCell, readCsvRecords } from './csv_records.ts';
import { type JsonlRecord, readJsonlRecords } from './jsonl_records.ts';
import { describeProblem, type RowProblem, rowError } from './row_problem.ts';
import { formatOf, type TableFormat } from './table_format.ts';

export type TableRow = {
  /** Number of the row's first line, from 1. */
  line: number;
  /** Values by column, in the columns' order: strings, or from JSONL whatever a field holds. It has no prototype. */
  row: Record<string, unknown>;
};

export type Table = {
  /** What errors call it. */
  name: string;
  format: TableFormat;
  /** The header; of JSONL, the fields of the first row. Later rows may lack some and have others. */
  columns: string[];
  /** Can be gone through once. Stopping early closes the source. */
  rows: AsyncGenerator<TableRow, void>;
  /** For those who do not go through the rows. */
  close(): Promise<void>;
};

export type TableOptions = {
  /** By default what the path ends in. */
  format?: TableFormat;
  /** What errors call it; by default the path. */
  name?: string;
  /** Called for a bad row, which is then left out. By default it throws ROW_INVALID, with file, line and column. */
  onBadRow?: (row: RowProblem) => void;
};

/**
 * `input` is a path or a stream of bytes, such as process.stdin.
 *
 * Throws FILE_UNREADABLE, FILE_DAMAGED, FILE_FOREIGN, TABLE_FORMAT (2), TABLE_EMPTY, TABLE_HEADER; going through the
 * rows also CSV_QUOTES, RECORD_TOO_LONG and what onBadRow throws.
 */
export async function readTable(input: ByteSource, options: TableOptions = {}): Promise<Table> {
  const name = options.name ?? (typeof input === 'string' ? input : 'the input');
  const format = options.format ?? formatOf(name);
  const onBadRow = options.onBadRow ?? ((row) => throwError(rowError(name, row)));
  const bytes = readBytes(input, name);
  const opened = format === 'jsonl' ? openJsonl(bytes, name, onBadRow) : openCsv(bytes, format, name, onBadRow);
  return { name, format, ...(await opened) };
}

type OnBadRow = (row: RowProblem) => void;
type Opened = Pick<Table, 'columns' | 'rows' | 'close'>;

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
  return { columns, rows: csvRows(records, columns, onBadRow), close: async () => void (await records.return()) };
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
    { next: 'give each column a name of its own in the first line' },
  );
}

async function* csvRows(
  records: AsyncIterable<CsvRecord>,
  columns: string[],
  onBadRow: OnBadRow,
): AsyncGenerator<TableRow, void> {
  for await (const { line, cells } of records) {
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
    if (bad < 0) yield { line, row };
  }
}

async function openJsonl(bytes: AsyncIterable<Buffer>, name: string, onBadRow: OnBadRow): Promise<Opened> {
  let firstBad: RowProblem | undefined;
  const rows = jsonlRows(readJsonlRecords(bytes), (row) => {
    firstBad ??= row;
    onBadRow(row);
  });
  const first = await rows.next();
  if (first.done) throw emptyTable(name, firstBad);
  return {
    columns: Object.keys(first.value.row),
    rows: startingWith(first.value, rows),
    close: async () => void (await rows.return()),
  };
}

async function* jsonlRows(
  records: AsyncIterable<JsonlRecord | RowProblem>,
  onBadRow: OnBadRow,
): AsyncGenerator<TableRow, void> {
  for await (const record of records) {
    if ('problem' in record) onBadRow(record);
    else yield { line: record.line, row: Object.assign(emptyRow(), record.fields) };
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
    : new SentimentError('TABLE_EMPTY', `${name} is empty`, { next: 'give a table with a header line and rows' });
}

function throwError(error: Error): never {
  throw error;
}

/**
 * The lines of a table whose rows came from another table, with columns added.
 *
 * In the format of the source, a row is given back byte for byte, with the new cells behind its own: quotes, spaces,
 * numbers of any length, the line end and the encoding stay. In another format, which is UTF-8, its cells keep their text, and the values of a JSON
 * object that are not strings keep the characters they are written in (5.0, 12345678901234567890).
 */
import { SentimentError } from '../errors.ts';
import { DELIMITERS, type TableFormat } from './data_file.ts';
import { encoderOf } from './encode.ts';
import type { Table, TableRow } from './table.ts';

/** What is known about the table that the rows come from. */
export type TableSource = Pick<Table, 'name' | 'format' | 'columns' | 'header' | 'delimiter' | 'mark' | 'encoding'>;

export type TableLinesOptions = {
  source: TableSource;
  /** Names of the added columns. */
  added: readonly string[];
  format: TableFormat;
  /** Puts an apostrophe before each cell of CSV and TSV that a spreadsheet would run as a formula. */
  spreadsheetSafe: boolean;
};

export type AddedValue = string | number | null;

export type TableLines = {
  /** Byte order mark and header. */
  opening: Buffer;
  /** Throws RowError for a row that this format cannot hold. */
  lineOf(row: TableRow, added: readonly AddedValue[]): Buffer;
};

/** A row that cannot be used. The rows after it can. */
export class RowError extends SentimentError {
  readonly row: { line: number; column?: string; problem: string };

  /** `source` is the name of the table. */
  constructor(code: string, source: string, row: RowError['row'], next: string) {
    const where = row.column === undefined ? '' : `field ${JSON.stringify(row.column)} `;
    super(code, `${source}:${row.line}: ${where}${row.problem}`, { next });
    this.row = row;
  }
}

const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const SPACE = 0x20;

/** OWASP, CSV Injection: the characters that start a formula, wide ones included. Numbers are not formulas. */
const FORMULA = /^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20](?!(?<=[+-])[\d.,]+%?$)/;

export function tableLines(options: TableLinesOptions): TableLines {
  const lines = utf8Lines(options);
  const encode = options.format === options.source.format ? encoderOf(options.source.encoding) : undefined;
  if (!encode) return lines;
  return { opening: encode(lines.opening), lineOf: (row, added) => encode(lines.lineOf(row, added)) };
}

function utf8Lines(options: TableLinesOptions): TableLines {
  if (options.format === 'jsonl')
    return options.source.format === 'jsonl' ? splicedJson(options) : jsonOfCells(options);
  return options.source.format === options.format && !options.spreadsheetSafe
    ? splicedCells(options)
    : newCells({ ...options, format: options.format });
}

/** CSV to CSV, TSV to TSV. */
function splicedCells({ source, added, format }: TableLinesOptions): TableLines {
  const cellsOf = cellWriter(source.delimiter, format);
  const tail = (values: readonly AddedValue[]) => `${source.delimiter}${cellsOf(values.map(textOf))}`;
  const spliced = ({ bytes, lineEnd }: TableRow['raw'], values: readonly AddedValue[]) =>
    Buffer.concat([bytes, Buffer.from(`${tail(values)}${lineEnd}`)]);
  const header = source.header ? spliced(source.header, added) : Buffer.alloc(0);
  return { opening: Buffer.concat([markOf(source), header]), lineOf: ({ raw }, values) => spliced(raw, values) };
}

/** Any format to CSV or TSV. */
function newCells({
  source,
  added,
  format,
  spreadsheetSafe,
}: TableLinesOptions & { format: 'csv' | 'tsv' }): TableLines {
  const join = cellWriter(source.format === format ? source.delimiter : DELIMITERS[format], format);
  const safe = (cell: string) => (spreadsheetSafe && FORMULA.test(cell) ? `'${cell}` : cell);
  // Unquoted, a row of one empty cell would be a blank line.
  const line = (cells: string[], lineEnd: string) => Buffer.from((join(cells.map(safe)) || '""') + (lineEnd || '\n'));
  const known = new Set(source.columns);
  const hasHeader = source.header !== undefined || source.format === 'jsonl';
  const header = line([...source.columns, ...added], source.header?.lineEnd ?? '\n');
  return {
    opening: hasHeader ? Buffer.concat([markOf(source), header]) : markOf(source),
    lineOf(row, values) {
      const cells = source.format === 'jsonl' ? cellsOfJson(row, source, known, format) : cellsOfRow(row, source);
      return line([...cells, ...values.map(textOf)], row.raw.lineEnd);
    },
  };
}

function cellsOfRow({ row }: TableRow, { columns }: TableSource): string[] {
  return columns.map((column) => String(row[column]));
}

/** Strings as text, an empty cell for null and a missing field, other values as they are written in the JSON. */
function cellsOfJson(
  { row, line, raw }: TableRow,
  { name, columns }: TableSource,
  known: ReadonlySet<string>,
  format: 'csv' | 'tsv',
): string[] {
  const kind = format.toUpperCase();
  for (const column in row) {
    if (known.has(column)) continue;
    const problem = `is not in the header of this ${kind} file, which has the fields of the first row`;
    throw new RowError(
      'COLUMN_UNEXPECTED',
      name,
      { line, column, problem },
      'write JSONL, or give every row the same fields',
    );
  }
  let written: Map<string, string> | undefined;
  return columns.map((column) => {
    const value = row[column];
    if (value === undefined || value === null) return '';
    if (typeof value !== 'string') {
      written ??= writtenValues(raw.bytes.toString());
      return written.get(column) ?? '';
    }
    if (value.isWellFormed()) return value;
    const problem = `has half of a surrogate pair, which ${kind} cannot hold`;
    throw new RowError('CELL_UNWRITABLE', name, { line, column, problem }, 'write JSONL');
  });
}

/** JSONL to JSONL: the new fields go in front of the closing brace. */
function splicedJson({ source, added }: TableLinesOptions): TableLines {
  const keys = added.map(keyOf);
  return {
    opening: markOf(source),
    lineOf({ raw: { bytes, lineEnd } }, values) {
      const close = bytes.lastIndexOf(CLOSING_BRACE);
      let end = close;
      while (bytes[end - 1] <= SPACE) end--;
      const comma = bytes[end - 1] === OPENING_BRACE ? '' : ',';
      const fields = Buffer.from(comma + fieldsOf(keys, values));
      return Buffer.concat([bytes.subarray(0, end), fields, bytes.subarray(end), Buffer.from(lineEnd)]);
    },
  };
}

/** CSV or TSV to JSONL. Every cell is a string. JSON has no byte order mark (RFC 8259). */
function jsonOfCells({ source, added }: TableLinesOptions): TableLines {
  const keys = [...source.columns, ...added].map(keyOf);
  return {
    opening: Buffer.alloc(0),
    lineOf(row, values) {
      // A lone CR ends no line of JSONL.
      const lineEnd = row.raw.lineEnd === '\r\n' ? '\r\n' : '\n';
      return Buffer.from(`{${fieldsOf(keys, [...cellsOfRow(row, source), ...values])}}${lineEnd}`);
    },
  };
}

function markOf({ mark }: TableSource): Buffer {
  return Buffer.from(mark ? '\ufeff' : '');
}

function keyOf(column: string): string {
  return `${JSON.stringify(column)}:`;
}

function fieldsOf(keys: readonly string[], values: readonly AddedValue[]): string {
  return keys.map((key, i) => key + JSON.stringify(values[i])).join(',');
}

function textOf(value: AddedValue): string {
  return value === null ? '' : String(value);
}

/** A line of CSV. */
export function csvLine(cells: readonly string[]): string {
  return `${writeCsvCells(cells)}\n`;
}

const writeCsvCells = cellWriter(DELIMITERS.csv, 'csv');

/** Joins cells, and quotes those that would not be read back as they are. In TSV a quote inside a cell is a letter. */
function cellWriter(delimiter: string, format: TableFormat): (cells: readonly string[]) => string {
  const special = format === 'tsv' ? /^["\ufeff]|[\r\n]/ : /^\ufeff|["\r\n]/;
  const cellOf = (cell: string) =>
    cell.includes(delimiter) || special.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  return (cells) => cells.map(cellOf).join(delimiter);
}

/** The values of a valid JSON object, as they are written there. */
export function writtenValues(json: string): Map<string, string> {
  const values = new Map<string, string>();
  let depth = 0;
  let key: string | undefined;
  let from = 0;
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === '"') {
      const end = stringEnd(json, at);
      if (depth === 1 && key === undefined) key = JSON.parse(json.slice(at, end + 1));
      at = end;
    } else if (char === ':' && depth === 1) {
      from = at + 1;
    } else if (char === '{' || char === '[') {
      depth++;
    } else if (char === '}' || char === ']' || char === ',') {
      if (depth === 1 && key !== undefined) {
        values.set(key, json.slice(from, at).trim());
        key = undefined;
      }
      if (char !== ',') depth--;
    }
  }
  return values;
}

/** Index of the quote that closes the string whose opening quote is at `at`. */
function stringEnd(json: string, at: number): number {
  let end = at + 1;
  while (json[end] !== '"') end += json[end] === '\\' ? 2 : 1;
  return end;
}

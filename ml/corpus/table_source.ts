/** Texts from a table, by the columns that data_ingestion names. */
import { usageError } from '../errors.ts';
import type { DataIngestionParams } from '../params.ts';
import type { BadRow, Candidate, Source } from './candidate.ts';
import type { TableFormat } from './data_file.ts';
import { describeProblem, type RowProblem } from './records.ts';
import { readTable, requireColumns, type Table, type TableRow } from './table.ts';

type Columns = Pick<
  DataIngestionParams,
  'text_column' | 'label_column' | 'rating_column' | 'id_column' | 'group_column'
>;

/**
 * Reports and errors call the file `name`. With a rating_column the label_column is not read. Without an id_column the
 * line number is the id.
 *
 * Throws COLUMN_MISSING (2), LABEL_COLUMN_UNNAMED (2) and what readTable throws.
 */
export async function openTableSource(
  path: string,
  name: string,
  format: TableFormat,
  columns: Columns,
): Promise<Source> {
  if (columns.rating_column === '' && columns.label_column === '') {
    throw usageError(
      'LABEL_COLUMN_UNNAMED',
      `both label_column and rating_column are empty, so ${name} has no labels`,
      'name the column that says which texts are positive or negative',
    );
  }
  // Collected here so that readItems can yield them in their place between the good rows.
  const bad: RowProblem[] = [];
  const table = await readTable(path, { name, format, onBadRow: (row) => bad.push(row) });
  const opinion = columns.rating_column || columns.label_column;
  try {
    requireColumns(
      table,
      [columns.text_column, opinion, columns.id_column, columns.group_column].filter((column) => column !== ''),
    );
  } catch (error) {
    await table.close();
    throw error;
  }
  return { name, items: readItems(table, bad, columns), close: () => table.close() };
}

async function* readItems(table: Table, bad: RowProblem[], columns: Columns): AsyncGenerator<Candidate | BadRow, void> {
  function* takeBad(): Generator<BadRow> {
    for (const row of bad.splice(0)) yield { where: `${table.name}:${row.line}`, problem: describeProblem(row) };
  }
  for await (const tableRow of table.rows) {
    yield* takeBad();
    yield readItem(tableRow, table.name, columns);
  }
  yield* takeBad();
}

function readItem({ row, line }: TableRow, name: string, columns: Columns): Candidate | BadRow {
  const where = `${name}:${line}`;
  const opinion = columns.rating_column || columns.label_column;
  const used = [columns.text_column, opinion, columns.id_column, columns.group_column];
  const structured = used.find((column) => column !== '' && typeof row[column] === 'object' && row[column] !== null);
  if (structured !== undefined) {
    return { where, problem: `column ${JSON.stringify(structured)} is a list or an object, not a text or number` };
  }
  const [text, judged, id, group] = used.map((column) => (column === '' ? '' : textOf(row[column])));
  return {
    where,
    id: id || String(line),
    text,
    opinion: columns.rating_column === '' ? { label: judged } : { rating: judged },
    ...(group !== '' && { group }),
  };
}

/** An empty text for null and for a missing field. */
function textOf(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}

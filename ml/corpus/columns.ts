/** The columns that settings name, against those that a table has. */
import { usageError } from '../errors.ts';
import type { Table } from './table.ts';

/** Throws COLUMN_MISSING (2), naming the columns there are and the one that comes closest. */
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
      ? 'the header is not separated as the format has it: CSV takes commas, TSV takes tabs'
      : `name a column that is there; the closest is ${JSON.stringify(closest)}`,
  );
}

/** Edits from one name to the other, upper and lower case alike (Levenshtein 1966). */
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

/**
 * A sparse matrix with every value replaced by the number of its bin, as histogram trees need it (Chen & Guestrin
 * 2016; Ke et al. 2017). Zeros stay unstored: each column has a bin for them, between the bins of negative and of
 * positive values, whose sums are the totals minus those of the stored entries.
 *
 * Bins are numbered across all columns; those of column j are first[j] .. first[j + 1), by ascending value.
 */
import { z } from 'zod';
import { type Csr, toColumns } from '../features/csr.ts';

export const maxBins = z
  .number()
  .int()
  .min(1)
  .default(16)
  .describe("Limit of bins for a column's positive values, and again for its negative ones.");

export type Bins = {
  rowCount: number;
  columnCount: number;
  binCount: number;
  /** columnCount + 1 offsets. A column left out has no bins. */
  first: Uint32Array;
  /** Bin of zero in each column. */
  zero: Uint32Array;
  /** Highest value of each bin; infinite in the last of a column. */
  upper: Float32Array;
  columnOf: Uint32Array;
  /** Columns that have bins. */
  columns: Uint32Array;
  /** By rows: bins of row i are entries[start[i]..start[i + 1]). */
  start: Uint32Array;
  entries: Uint32Array;
  /** Column of each of `entries`, so that a pass over rows stays in order. */
  entryColumn: Uint32Array;
  /** By columns: rows and bins of column j, from columnStart[j]. */
  columnStart: Uint32Array;
  rows: Uint32Array;
  binOf: Uint32Array;
};

/** `limit` is the number of bins for the values of one sign in a column. Columns with fewer than `leastRows` values are left out. */
export function binMatrix(x: Csr, limit: number, leastRows: number): Bins {
  const byColumn = toColumns(x);
  const first = new Uint32Array(x.columnCount + 1);
  const zero = new Uint32Array(x.columnCount);
  const upper: number[] = [];
  const columns: number[] = [];
  for (let j = 0; j < x.columnCount; j++) {
    const from = byColumn.start[j];
    const to = byColumn.start[j + 1];
    if (to - from >= leastRows) {
      const values = byColumn.values.slice(from, to).sort();
      const negative = values.findIndex((value) => value >= 0);
      const positive = values.findIndex((value) => value > 0);
      const below = edges(values.subarray(0, negative < 0 ? values.length : negative), limit);
      const above = edges(values.subarray(positive < 0 ? values.length : positive), limit);
      if (below.length + above.length > 0) {
        columns.push(j);
        zero[j] = upper.length + below.length;
        upper.push(...below, 0, ...above);
        upper[upper.length - 1] = Number.POSITIVE_INFINITY;
      }
    }
    first[j + 1] = upper.length;
  }
  const bins = { first, zero, upper: Float32Array.from(upper), columnCount: x.columnCount };
  const columnOf = new Uint32Array(upper.length);
  for (const j of columns) columnOf.fill(j, first[j], first[j + 1]);
  const { start, entries } = binRows(x, bins);
  return {
    ...bins,
    rowCount: x.rowCount,
    binCount: upper.length,
    columnOf,
    columns: Uint32Array.from(columns),
    start,
    entries,
    entryColumn: entries.map((bin) => columnOf[bin]),
    ...entriesByColumn(start, entries, columnOf, x.columnCount),
  };
}

/** Rows of a matrix in the bins of another. Zeros and columns without bins drop out. */
export function binRows(
  x: Csr,
  { first, zero, upper }: Pick<Bins, 'first' | 'zero' | 'upper'>,
): { start: Uint32Array; entries: Uint32Array } {
  const start = new Uint32Array(x.rowCount + 1);
  const entries = new Uint32Array(x.columns.length);
  let at = 0;
  for (let i = 0; i < x.rowCount; i++) {
    for (let k = x.start[i]; k < x.start[i + 1]; k++) {
      const j = x.columns[k];
      const value = x.values[k];
      let low = first[j];
      let high = first[j + 1] - 1;
      if (low > high) continue;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (value <= upper[middle]) high = middle;
        else low = middle + 1;
      }
      if (low !== zero[j]) entries[at++] = low;
    }
    start[i + 1] = at;
  }
  return { start, entries: entries.subarray(0, at) };
}

/** Upper edges of bins that hold about equally many of the ascending values each; equal values share a bin. */
function edges(values: Float32Array, limit: number): number[] {
  const result: number[] = [];
  const share = values.length / limit;
  for (let k = 0; k < values.length; k++) {
    const isLast = k + 1 === values.length;
    if (!isLast && (values[k + 1] === values[k] || k + 1 < share * (result.length + 1))) continue;
    result.push(isLast ? values[k] : (values[k] + values[k + 1]) / 2);
  }
  return result;
}

function entriesByColumn(start: Uint32Array, entries: Uint32Array, columnOf: Uint32Array, columnCount: number) {
  const columnStart = new Uint32Array(columnCount + 1);
  for (const bin of entries) columnStart[columnOf[bin] + 1]++;
  for (let j = 0; j < columnCount; j++) columnStart[j + 1] += columnStart[j];
  const next = columnStart.slice();
  const rows = new Uint32Array(entries.length);
  const binOf = new Uint32Array(entries.length);
  for (let i = 0; i + 1 < start.length; i++) {
    for (let k = start[i]; k < start[i + 1]; k++) {
      const at = next[columnOf[entries[k]]]++;
      rows[at] = i;
      binOf[at] = entries[k];
    }
  }
  return { columnStart, rows, binOf };
}

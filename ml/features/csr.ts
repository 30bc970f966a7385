/**
 * A sparse matrix by rows (compressed sparse row). Row i holds columns[start[i]..start[i+1]) and their values.
 *
 * The columns of a row are unique, in the order of their first occurrence in the text and not ascending. The scorer
 * adds in that order too, so sums agree to the last bit.
 */
export type Csr = {
  rowCount: number;
  columnCount: number;
  /** rowCount + 1 offsets. */
  start: Uint32Array<ArrayBuffer>;
  columns: Uint32Array<ArrayBuffer>;
  values: Float32Array<ArrayBuffer>;
  /** For each row 1 if its text shows a sign (ml/text/signs.ts), else 0; undefined if nobody looked. */
  signs?: Uint8Array<ArrayBuffer> | undefined;
  /** How many of the last columns are measures of a text (tied.ts) and not n-grams; none if undefined. */
  measures?: number | undefined;
  /** Blocks of n-grams, in the order of their columns; undefined if nobody said. */
  blocks?: readonly BlockRows[] | undefined;
};

/** How the rows of a block were made: its columns end before `end`, and block.ts says what its settings mean. */
export type BlockRows = { end: number; min_df: number; norm: 'l2' | 'l1' | 'none' };

/** Sum of value x weight over one row. */
export function dot(x: Csr, row: number, weights: ArrayLike<number>): number {
  const { columns, values } = x;
  const end = x.start[row + 1];
  let sum = 0;
  for (let k = x.start[row]; k < end; k++) sum += values[k] * weights[columns[k]];
  return sum;
}

/**
 * Adds value x weight over one row to each of `into`, whose length K is the number of weights a column has; they stand
 * side by side.
 */
export function scoreRow(x: Csr, row: number, weights: Float64Array | Float32Array, into: Float64Array): void {
  const { columns, values } = x;
  const K = into.length;
  const end = x.start[row + 1];
  for (let at = x.start[row]; at < end; at++) {
    const value = values[at];
    const base = columns[at] * K;
    for (let k = 0; k < K; k++) into[k] += value * weights[base + k];
  }
}

/** The given rows, in that order. */
export function selectRows(x: Csr, rows: ArrayLike<number>): Csr {
  const start = new Uint32Array(rows.length + 1);
  for (let i = 0; i < rows.length; i++) start[i + 1] = start[i] + x.start[rows[i] + 1] - x.start[rows[i]];
  const columns = new Uint32Array(start[rows.length]);
  const values = new Float32Array(start[rows.length]);
  for (let i = 0; i < rows.length; i++) {
    const from = x.start[rows[i]];
    const to = x.start[rows[i] + 1];
    columns.set(x.columns.subarray(from, to), start[i]);
    values.set(x.values.subarray(from, to), start[i]);
  }
  const { signs: all } = x;
  const signs = all && Uint8Array.from(rows, (row) => all[row]);
  return { ...x, rowCount: rows.length, start, columns, values, signs };
}

/** The same matrix by columns: column j holds rows[start[j]..start[j+1]), ascending, and their values. */
export type Csc = {
  start: Uint32Array;
  rows: Uint32Array;
  values: Float32Array;
};

export function toColumns(x: Csr): Csc {
  const start = new Uint32Array(x.columnCount + 1);
  for (const column of x.columns) start[column + 1]++;
  for (let j = 0; j < x.columnCount; j++) start[j + 1] += start[j];
  const next = start.slice();
  const rows = new Uint32Array(x.columns.length);
  const values = new Float32Array(x.columns.length);
  for (let i = 0; i < x.rowCount; i++) {
    for (let k = x.start[i]; k < x.start[i + 1]; k++) {
      const at = next[x.columns[k]]++;
      rows[at] = i;
      values[at] = x.values[k];
    }
  }
  return { start, rows, values };
}

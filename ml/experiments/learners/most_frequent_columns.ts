/** Narrows matrices to the columns with most entries, which is where trees find their splits. */
import type { Csr } from '../../features/csr.ts';

/** A function that keeps, of any matrix of these columns, the `count` with most entries in `x`; of equals the first. */
export function mostFrequentColumns(x: Csr, count: number): (rows: Csr) => Csr {
  if (count >= x.columnCount) return (rows) => rows;
  const entries = new Uint32Array(x.columnCount);
  for (const j of x.columns) entries[j]++;
  const order = Uint32Array.from(entries, (_, j) => j).sort((a, b) => entries[b] - entries[a] || a - b);
  const renumbered = new Int32Array(x.columnCount).fill(-1);
  order
    .subarray(0, count)
    .sort()
    .forEach((j, at) => {
      renumbered[j] = at;
    });
  return (rows) => narrow(rows, renumbered, count);
}

function narrow(x: Csr, renumbered: Int32Array, columnCount: number): Csr {
  const start = new Uint32Array(x.rowCount + 1);
  const columns = new Uint32Array(x.columns.length);
  const values = new Float32Array(x.columns.length);
  let at = 0;
  for (let i = 0; i < x.rowCount; i++) {
    for (let k = x.start[i]; k < x.start[i + 1]; k++) {
      const column = renumbered[x.columns[k]];
      if (column < 0) continue;
      columns[at] = column;
      values[at++] = x.values[k];
    }
    start[i + 1] = at;
  }
  return { rowCount: x.rowCount, columnCount, start, columns: columns.slice(0, at), values: values.slice(0, at) };
}

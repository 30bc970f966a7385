/**
 * Rows of training texts as they would be if the vectorizer had never met them.
 *
 * A row has n-grams that stand in no other text, and their part of its norm makes all its values smaller. A new text has none: what
 * the vectorizer does not know is left out before the row is divided by its norm. So the scores of held-out rows of the
 * matrix are too small, and a calibration that is fitted to them makes the model too sure.
 */
import type { Csr } from './csr.ts';

/**
 * The rows `held` in their order. An n-gram that fewer than `min_df` of the other rows have is left out, and what remains of a
 * block's row gets the norm that the whole had. Inverse document frequencies stay those of all rows, which differ little.
 */
export function asUnseen(x: Csr, held: Uint32Array): Csr {
  const { blocks = [] } = x;
  const others = documentsOutside(x, held);
  const count = x.rowCount - held.length;
  const start = new Uint32Array(held.length + 1);
  const size = held.reduce((sum, row) => sum + x.start[row + 1] - x.start[row], 0);
  const columns = new Uint32Array(size);
  const values = new Float32Array(size);
  let at = 0;
  for (let i = 0; i < held.length; i++) {
    let k = x.start[held[i]];
    const end = x.start[held[i] + 1];
    for (const { end: beyond, min_df, norm } of blocks) {
      const least = Math.max(1, min_df < 1 ? min_df * count : min_df);
      const from = at;
      let [whole, known] = [0, 0];
      for (; k < end && x.columns[k] < beyond; k++) {
        const part = norm === 'l1' ? Math.abs(x.values[k]) : x.values[k] ** 2;
        whole += part;
        if (others[x.columns[k]] < least) continue;
        known += part;
        columns[at] = x.columns[k];
        values[at++] = x.values[k];
      }
      if (norm === 'none' || known === 0) continue;
      const factor = norm === 'l1' ? whole / known : Math.sqrt(whole / known);
      for (let j = from; j < at; j++) values[j] *= factor;
    }
    for (; k < end; k++) {
      columns[at] = x.columns[k];
      values[at++] = x.values[k];
    }
    start[i + 1] = at;
  }
  const { signs: all } = x;
  const signs = all && Uint8Array.from(held, (row) => all[row]);
  return {
    ...x,
    rowCount: held.length,
    start,
    columns: columns.subarray(0, at),
    values: values.subarray(0, at),
    signs,
  };
}

/** For each column how many rows have it that are not in `held`. */
function documentsOutside(x: Csr, held: Uint32Array): Uint32Array {
  const documents = new Uint32Array(x.columnCount);
  for (const column of x.columns) documents[column]++;
  for (const row of held) {
    for (let k = x.start[row]; k < x.start[row + 1]; k++) documents[x.columns[k]]--;
  }
  return documents;
}

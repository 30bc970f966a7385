/** Trees as arrays, and the sum of many trees for a row. */
import type { Bins } from './bins.ts';

/** From node n a row goes to left[n] where its bin in column[n] is at most bin[n], else to left[n] + 1. */
export type Tree = {
  /** -1 in a leaf. */
  column: Int32Array;
  bin: Uint32Array;
  left: Uint32Array;
  /** Meaningful in leaves. */
  value: Float64Array;
};

/** Sum of the trees' values for each row of binned entries. */
export function sumTrees(
  trees: readonly Tree[],
  bins: Bins,
  { start, entries }: { start: Uint32Array; entries: Uint32Array },
): Float64Array<ArrayBuffer> {
  const current = bins.zero.slice();
  const result = new Float64Array(start.length - 1);
  for (let i = 0; i < result.length; i++) {
    for (let e = start[i]; e < start[i + 1]; e++) current[bins.columnOf[entries[e]]] = entries[e];
    let sum = 0;
    for (const { column, bin, left, value } of trees) {
      let n = 0;
      while (column[n] >= 0) n = left[n] + (current[column[n]] <= bin[n] ? 0 : 1);
      sum += value[n];
    }
    result[i] = sum;
    for (let e = start[i]; e < start[i + 1]; e++) {
      const j = bins.columnOf[entries[e]];
      current[j] = bins.zero[j];
    }
  }
  return result;
}

/** A node is stored as column, threshold, left child and value, 4 bytes each. */
export function treeBytes(trees: readonly Tree[]): number {
  return trees.reduce((sum, tree) => sum + 16 * tree.column.length, 0);
}

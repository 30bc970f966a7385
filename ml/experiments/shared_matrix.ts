/** Matrices in memory that all threads see, so that handing one over copies nothing. */
import type { Csr } from '../features/csr.ts';

export type SharedMatrix = {
  rowCount: number;
  columnCount: number;
  start: Uint32Array<SharedArrayBuffer>;
  columns: Uint32Array<SharedArrayBuffer>;
  values: Float32Array<SharedArrayBuffer>;
};

export function shareMatrix({ rowCount, columnCount, start, columns, values }: Csr): SharedMatrix {
  const shared = (length: number) => new SharedArrayBuffer(4 * length);
  const result = {
    rowCount,
    columnCount,
    start: new Uint32Array(shared(start.length)),
    columns: new Uint32Array(shared(columns.length)),
    values: new Float32Array(shared(values.length)),
  };
  result.start.set(start);
  result.columns.set(columns);
  result.values.set(values);
  return result;
}

/**
 * The same memory under the type that learners take. They only read it; the types differ in what a buffer's owner may
 * do (detach, resize), which no reader does.
 */
export function asCsr(matrix: SharedMatrix): Csr {
  return matrix as unknown as Csr;
}

/** Invented texts: words of rising rarity, each with an opinion; trees_and_bayes.py makes the same. */
import type { TrainingSet } from '../classifier.ts';
import type { Csr } from '../../features/csr.ts';
import { createRandom } from '../../random.ts';

const ROWS = 3000;
const COLUMNS = 400;
const WORDS = 20;
const SEED = 7;

export type Invented = { train: TrainingSet; held: Csr; heldLabels: number[]; entries: number; positives: number };

export function inventTexts(): Invented {
  const random = createRandom(SEED);
  const opinion = Array.from({ length: COLUMNS }, () => random() * 2 - 1);
  const rows: Map<number, number>[] = [];
  const labels: number[] = [];
  for (let i = 0; i < ROWS; i++) {
    const row = new Map<number, number>();
    let score = 0;
    for (let word = 0; word < WORDS; word++) {
      const u = random();
      const j = Math.floor(u * u * COLUMNS);
      row.set(j, (row.get(j) ?? 0) + 1);
      score += opinion[j];
    }
    labels.push(score + 3 * (random() - 0.5) > 0 ? 1 : 0);
    rows.push(row);
  }
  const train = matrixOf(rows.slice(0, 2000), COLUMNS);
  return {
    train: {
      x: train,
      target: Float64Array.from(labels.slice(0, 2000)),
      weight: new Float64Array(2000).fill(1),
    },
    held: matrixOf(rows.slice(2000), COLUMNS),
    heldLabels: labels.slice(2000),
    entries: rows.reduce((sum, row) => sum + row.size, 0),
    positives: labels.reduce((sum, label) => sum + label, 0),
  };
}

/** Rows as maps from column to value. */
export function matrixOf(rows: readonly ReadonlyMap<number, number>[], columnCount: number): Csr {
  const start = new Uint32Array(rows.length + 1);
  rows.forEach((row, i) => {
    start[i + 1] = start[i] + row.size;
  });
  return {
    rowCount: rows.length,
    columnCount,
    start,
    columns: Uint32Array.from(rows.flatMap((row) => [...row.keys()])),
    values: Float32Array.from(rows.flatMap((row) => [...row.values()])),
  };
}

/** A matrix from rows of plain numbers. */
export function sparse(rows: number[][]): Csr {
  const start = [0];
  const columns: number[] = [];
  const values: number[] = [];
  for (const row of rows) {
    row.forEach((value, j) => {
      if (value === 0) return;
      columns.push(j);
      values.push(value);
    });
    start.push(columns.length);
  }
  return {
    rowCount: rows.length,
    columnCount: rows[0].length,
    start: Uint32Array.from(start),
    columns: Uint32Array.from(columns),
    values: Float32Array.from(values),
  };
}

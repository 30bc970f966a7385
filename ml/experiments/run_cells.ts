/**
 * Runs what is missing of a set of cells on all splits. For each set of features and split one thread makes the two
 * matrices, and every algorithm that wants them reads the same memory. No more sets are alive than there are threads.
 * One split of every set of features comes first: then all that remains is of a kind whose cost is known.
 */
import type { Split, Texts } from './corpus.ts';
import type { Journal } from './journal.ts';
import { Pool } from './pool.ts';
import type { Cell } from './study.ts';
import type { Outcome } from './tasks.ts';
import { secondsLeft } from './time_left.ts';

export type KeyedCell = { cell: Cell; key: string };

export type Listener = {
  /** After each cell and split that was run; seconds by the clock. */
  onOutcome?(
    cell: Cell,
    split: Split,
    progress: { done: number; total: number; secondsLeft: number | undefined },
  ): void;
  /** When the last split of a cell is there, also if all were there before. */
  onCell?(cell: KeyedCell): void;
};

export type RunOptions = { texts: Texts; journal: Journal; threads: number } & Listener;

type Group = { split: Split; cells: KeyedCell[] };

/** Everything is in the journal when it returns. Throws the first error of a cell, once the threads have ended. */
export async function runCells(
  cells: readonly KeyedCell[],
  splits: readonly Split[],
  { texts, journal, threads, onOutcome, onCell }: RunOptions,
): Promise<void> {
  const missing = new Map<string, number>();
  const first: Group[] = [];
  const others: Group[] = [];
  for (const sameFeatures of groupBy(cells, ({ cell }) => JSON.stringify(cell.feature_engineering))) {
    const groups = splits.flatMap((split) => {
      const open = sameFeatures.filter(({ key }) => !journal.read(key, split.name));
      for (const { key } of open) missing.set(key, (missing.get(key) ?? 0) + 1);
      return open.length > 0 ? [{ split, cells: open }] : [];
    });
    first.push(...groups.slice(0, 1));
    others.push(...groups.slice(1));
  }
  const groups = [...first, ...others];
  for (const cell of cells) if (!missing.has(cell.key)) onCell?.(cell);
  const remaining = groups.flatMap((group) => group.cells.map(({ key }) => key));
  const total = remaining.length;
  if (total === 0) return;
  const { texts: words, labels, ratings } = texts;
  const pool = new Pool(Math.min(threads, total), { texts: words, labels, ratings });
  const done: { kind: string; seconds: number }[] = [];
  const began = performance.now();

  const runGroup = async ({ split, cells: wanted }: Group) => {
    const matrices = await pool.vectorize({ split, settings: wanted[0].cell.feature_engineering });
    const runOne = async (keyed: KeyedCell) => {
      const { cell, key } = keyed;
      const outcome = await pool.learn({ split, matrices, model: cell.model_building, learner: cell.learner });
      journal.write(key, split.name, outcome);
      remaining.splice(remaining.indexOf(key), 1);
      done.push({ kind: key, seconds: secondsOf(outcome, wanted.length) });
      onOutcome?.(cell, split, {
        ...{ done: total - remaining.length, total },
        secondsLeft: secondsLeft(done, remaining, (performance.now() - began) / 1000),
      });
      const left = (missing.get(key) ?? 1) - 1;
      missing.set(key, left);
      if (left === 0) onCell?.(keyed);
    };
    await Promise.all(wanted.map(runOne));
  };

  try {
    const queue = groups.values();
    const lane = async () => {
      for (const group of queue) await runGroup(group);
    };
    await Promise.all(Array.from({ length: threads }, lane));
  } finally {
    await pool.close();
  }
}

/** Several cells share the making of a matrix. */
function secondsOf({ vectorize_seconds, train_seconds, score_seconds }: Outcome, sharers: number): number {
  return vectorize_seconds / sharers + train_seconds + score_seconds;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()];
}

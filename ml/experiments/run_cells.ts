/**
 * Runs the missing cells on all splits. For each set of features and split one thread makes the two matrices, and every
 * algorithm on these features reads the same memory. There are never more such pairs than threads. One split of every
 * set of features comes first, so that the cost of all the rest is known early.
 */
import { Pool } from '../threads.ts';
import type { Journal } from './journal.ts';
import type { Split, Texts } from './splits.ts';
import type { Cell } from './study.ts';
import type { Learn, Outcome, Vectorize, Vectorized, WorkerData } from './worker.ts';

export type KeyedCell = { cell: Cell; key: string };

export type Listener = {
  /** Called after each cell and split that was run; seconds by the clock. */
  onOutcome?(
    cell: Cell,
    split: Split,
    progress: { done: number; total: number; secondsLeft: number | undefined },
  ): void;
  /** Called when the last split of a cell is finished, also if all were finished before. */
  onCell?(cell: KeyedCell): void;
};

export type RunOptions = { texts: Texts; journal: Journal; threads: number } & Listener;

type Group = { split: Split; cells: KeyedCell[] };

/** All outcomes are in the journal when it returns. Throws the first error of a cell, once the threads have ended. */
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
  const { texts: words, labels, ratings, weights, classes } = texts;
  const data: WorkerData = { texts: words, labels, ratings, weights, classes };
  const script = new URL('./worker.ts', import.meta.url);
  const pool = new Pool<Vectorize | Learn, Vectorized | Outcome>(Math.min(threads, total), script, data);
  const done: { kind: string; seconds: number }[] = [];
  const began = performance.now();

  const runGroup = async ({ split, cells: wanted }: Group) => {
    const settings = wanted[0].cell.feature_engineering;
    const matrices = (await pool.ask({ kind: 'vectorize', split, settings })) as Vectorized;
    const runOne = async (keyed: KeyedCell) => {
      const { cell, key } = keyed;
      const { model_building: model, learner } = cell;
      const outcome = (await pool.ask({ kind: 'learn', split, matrices, model, learner })) as Outcome;
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

/** Several cells share the cost of a matrix. */
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

/**
 * Seconds left by the clock after `elapsed` seconds. The costs of what is done and of what remains are compared in
 * processor `seconds`, so threads and other load are accounted for. Undefined while a kind remains of which nothing is
 * done: kinds differ a thousandfold.
 */
export function secondsLeft(
  done: readonly { kind: string; seconds: number }[],
  remaining: readonly string[],
  elapsed: number,
): number | undefined {
  const sums = new Map<string, { seconds: number; count: number }>();
  let total = 0;
  for (const { kind, seconds } of done) {
    const sum = sums.get(kind) ?? { seconds: 0, count: 0 };
    sums.set(kind, { seconds: sum.seconds + seconds, count: sum.count + 1 });
    total += seconds;
  }
  let left = 0;
  for (const kind of remaining) {
    const seen = sums.get(kind);
    if (!seen) return undefined;
    left += seen.seconds / seen.count;
  }
  return total === 0 ? 0 : (elapsed * left) / total;
}

/** "8 s", "3 min 20 s". */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

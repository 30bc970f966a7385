/**
 * How good the best cell is, and whether it is better than the next ones.
 *
 * The figure of the best of many cells is too high, because the cell was chosen for it. Two figures without that fault:
 *
 * - Nested: in each fold, folds within the training part make the choice and the fold's own texts judge it (Stone 1974;
 *   Varma & Simon 2006). This costs as many fits again as there are inner folds.
 * - Corrected: texts drawn with replacement from the out-of-fold scores make the choice and the texts not drawn judge
 *   it, many times over (BBC-CV; Tsamardinos, Greasidou & Borboudakis 2018). This costs no fit.
 */

import { predictedClasses, type Scored } from '../evaluation/scored.ts';
import {
  countDifferences,
  mcnemar,
  pairedDifference,
  resample,
  standardDeviation,
} from '../evaluation/significance.ts';
import { byAccuracy, type CellResult } from './table.ts';

export type Chosen = {
  accuracy: number;
  accuracy_se: number;
  /** How often each cell was chosen, by name, the most frequent first. */
  chosen: Record<string, number>;
};

/** `cells` are scored on the same texts in the same order. */
export function correctedAccuracy(
  cells: readonly { name: string; scored: Scored }[],
  samples: number,
  seed: number,
): Chosen {
  const right = cells.map(({ scored }) => {
    const predicted = predictedClasses(scored);
    return Uint8Array.from(scored.labels, (label, i) => (predicted[i] === label ? 1 : 0));
  });
  const accuracies: number[] = [];
  const choices: string[] = [];
  resample(right[0].length, samples, seed, (counts) => {
    let best = 0;
    let most = -1;
    for (let c = 0; c < right.length; c++) {
      let hits = 0;
      for (let i = 0; i < counts.length; i++) hits += counts[i] * right[c][i];
      if (hits <= most) continue;
      best = c;
      most = hits;
    }
    let hits = 0;
    let texts = 0;
    for (let i = 0; i < counts.length; i++) {
      if (counts[i] > 0) continue;
      texts++;
      hits += right[best][i];
    }
    accuracies.push(hits / texts);
    choices.push(cells[best].name);
  });
  const mean = accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length;
  // A sample is judged by about 1/e of the texts, so the samples' spread is too wide for all of them: binomial instead.
  const accuracy_se = Math.sqrt((mean * (1 - mean)) / right[0].length);
  return { accuracy: mean, accuracy_se, chosen: tally(choices) };
}

/**
 * `folds` has an entry for each outer fold: each cell's mean accuracy over the inner folds and its accuracy on the
 * fold's own texts, in the order of `names`.
 */
export function nestedAccuracy(
  names: readonly string[],
  folds: readonly { inner: readonly number[]; outer: readonly number[] }[],
): Chosen {
  const picks = folds.map(({ inner }) => inner.indexOf(Math.max(...inner)));
  const accuracies = folds.map(({ outer }, fold) => outer[picks[fold]]);
  return {
    accuracy: accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length,
    accuracy_se: standardDeviation(accuracies) / Math.sqrt(accuracies.length),
    chosen: tally(picks.map((pick) => names[pick])),
  };
}

function tally(names: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]));
}

export type Comparison = {
  first: string;
  second: string;
  /** First minus second in accuracy over all texts, with its bootstrap error and middle 95 %. */
  difference: number;
  se: number;
  low: number;
  high: number;
  /** McNemar's exact test, two-sided; and after Holm's correction for the number of pairs. */
  p: number;
  p_holm: number;
};

export type LeaderOptions = { samples: number; seed: number; binCount: number };

/** The best against each of the `count` next. */
export function compareLeaders(results: readonly CellResult[], count: number, options: LeaderOptions): Comparison[] {
  const [best, ...others] = byAccuracy(results);
  return comparePairs(
    others.slice(0, count).map((other) => [best, other] as const),
    options,
  );
}

export function comparePairs(
  pairs: readonly (readonly [CellResult, CellResult])[],
  { samples, seed, binCount }: LeaderOptions,
): Comparison[] {
  const compared = pairs.map(([first, second]) => {
    const classes = [first, second].map(({ scored }) => predictedClasses(scored));
    const { onlyFirstRight, onlySecondRight } = countDifferences(first.scored.labels, classes[0], classes[1]);
    return {
      first: first.row.cell,
      second: second.row.cell,
      ...pairedDifference('accuracy', first.scored, second.scored, { samples, seed, binCount }),
      p: mcnemar(onlyFirstRight, onlySecondRight).twoSided,
    };
  });
  const corrected = holm(compared.map(({ p }) => p));
  return compared.map((one, i) => ({ ...one, p_holm: corrected[i] }));
}

/** Holm's step-down correction (Holm 1979); the result has the order of `values`. */
export function holm(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const result = new Array<number>(values.length);
  let least = 0;
  order.forEach((index, rank) => {
    least = Math.max(least, Math.min(1, (values.length - rank) * values[index]));
    result[index] = least;
  });
  return result;
}

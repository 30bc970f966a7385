/** Is the best really better? It against each of the next, on the same texts. */
import { classOf } from '../evaluation/scored.ts';
import { countDifferences, mcnemar, pairedDifference } from '../evaluation/significance.ts';
import { byAccuracy, type CellResult } from './table.ts';

export type Comparison = {
  /** The best, or where a baseline is given, that. */
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

/** The best against the `count` next. */
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
    const classes = [first, second].map(({ scored }) => Uint8Array.from(scored.probabilities, classOf));
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

/** Holm's step-down correction (Holm 1979), in the order given. */
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

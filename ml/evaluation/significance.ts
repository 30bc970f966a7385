/** Is one classifier better than another on the same texts, or was it luck? */
import { resample, standardDeviation } from './bootstrap.ts';
import { type MeasureName, type Measures, measure } from './measures.ts';
import { rankByProbability } from './ranking.ts';
import type { Scored } from './scored.ts';

export type McNemar = {
  /** Chance of a split at least this uneven when both are equally good. */
  twoSided: number;
  /** Chance of at least this many texts only the first has right, when both are equally good. */
  firstBetter: number;
  /** The same for the second. */
  secondBetter: number;
};

/**
 * McNemar's test in its exact form (McNemar 1947; Dietterich 1998): only the texts on which the two differ count, and
 * under equal quality each falls to either side like a coin.
 */
export function mcnemar(onlyFirstRight: number, onlySecondRight: number): McNemar {
  const differing = onlyFirstRight + onlySecondRight;
  const firstBetter = atLeast(onlyFirstRight, differing);
  const secondBetter = atLeast(onlySecondRight, differing);
  return { firstBetter, secondBetter, twoSided: Math.min(1, 2 * Math.min(firstBetter, secondBetter)) };
}

/** P(X >= successes) for X heads of `throws` fair coins. */
function atLeast(successes: number, throws: number): number {
  // The smaller tail is summed, so that a tiny probability keeps its digits.
  return 2 * successes > throws ? atMost(throws - successes, throws) : 1 - atMost(successes - 1, throws);
}

/** P(X <= successes), for 2 x successes <= throws. */
function atMost(successes: number, throws: number): number {
  if (successes < 0) return 0;
  let logTerm = -throws * Math.LN2;
  for (let i = 1; i <= successes; i++) logTerm += Math.log((throws - successes + i) / i);
  let term = Math.exp(logTerm);
  let sum = 0;
  for (let k = successes; k >= 0; k--) {
    sum += term;
    term *= k / (throws - k + 1);
  }
  return sum;
}

/** How many texts only one of two classifiers has right. */
export function countDifferences(
  labels: Uint8Array,
  first: Uint8Array,
  second: Uint8Array,
): { onlyFirstRight: number; onlySecondRight: number } {
  let onlyFirstRight = 0;
  let onlySecondRight = 0;
  for (let i = 0; i < labels.length; i++) {
    if (first[i] === second[i]) continue;
    if (first[i] === labels[i]) onlyFirstRight++;
    else onlySecondRight++;
  }
  return { onlyFirstRight, onlySecondRight };
}

/** First minus second, its bootstrap standard error, and the middle 95 % of the bootstrap's differences. */
export type PairedDifference = { difference: number; se: number; low: number; high: number };

/**
 * Paired bootstrap of the difference in one measure: both classifiers meet the same texts in every sample. The two
 * are scored on the same texts in the same order; `samples` is at least 2.
 */
export function pairedDifference(
  name: MeasureName,
  first: Scored,
  second: Scored,
  options: { binCount: number; samples: number; seed: number },
): PairedDifference {
  const rankings = [rankByProbability(first), rankByProbability(second)];
  const of = (counts?: Uint32Array) => {
    const [one, other]: Measures[] = [first, second].map((scored, k) =>
      measure(scored, options.binCount, counts, rankings[k]),
    );
    return one[name] - other[name];
  };
  const differences: number[] = [];
  resample(first.labels.length, options.samples, options.seed, (counts) => {
    const difference = of(counts);
    if (!Number.isNaN(difference)) differences.push(difference);
  });
  differences.sort((a, b) => a - b);
  const quantile = (share: number) => differences[Math.round(share * (differences.length - 1))];
  return { difference: of(), se: standardDeviation(differences), low: quantile(0.025), high: quantile(0.975) };
}

/**
 * How sure is a figure, and is one classifier better than another on the same texts, or was it luck?
 *
 * Standard errors come from the bootstrap (Efron 1979): draw as many texts with replacement, again and again, and look
 * at the spread. Texts are drawn one by one, as if independent. Two classifiers are compared on the same texts.
 */
import { createRandom } from '../random.ts';
import { calibrationMetrics, expectedError, positiveBins } from './calibration.ts';
import { type MeasureName, type Measures, measure, rankingsOf } from './measures.ts';
import type { Counts, Scored } from './scored.ts';

/** Draws `samples` samples and calls `visit` with how often each of `length` texts was drawn; the array is reused. */
export function resample(length: number, samples: number, seed: number, visit: (counts: Counts) => void): void {
  const random = createRandom(seed);
  const counts = new Uint32Array(length);
  for (let sample = 0; sample < samples; sample++) {
    counts.fill(0);
    for (let draw = 0; draw < length; draw++) counts[Math.floor(random() * length)]++;
    visit(counts);
  }
}

/**
 * Standard error of each measure over `samples` bootstrap samples. A measure is left out when fewer than two samples
 * have a value for it: a sample with texts of only one class has no ROC-AUC.
 */
export function standardErrors(
  scored: Scored,
  binCount: number,
  samples: number,
  seed: number,
): Partial<Record<MeasureName, number>> {
  const rankings = rankingsOf(scored);
  const seen = new Map<MeasureName, number[]>();
  resample(scored.labels.length, samples, seed, (counts) => {
    const measures = measure(scored, binCount, counts, rankings);
    for (const name of Object.keys(measures)) {
      if (Number.isNaN(measures[name])) continue;
      const values = seen.get(name);
      if (values) values.push(measures[name]);
      else seen.set(name, [measures[name]]);
    }
  });
  const errors: Partial<Record<MeasureName, number>> = {};
  for (const [name, values] of seen) if (values.length >= 2) errors[name] = standardDeviation(values);
  return errors;
}

/**
 * Standard deviation of a sample of at least two values: the sum of squares is divided by one less than their number.
 */
export function standardDeviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** 95 % interval of a share of `count` > 0 independent texts (Wilson 1927): honest for few texts and near 0 and 1. */
export function wilsonInterval(share: number, count: number): [number, number] {
  const z = 1.959964;
  const middle = share + z ** 2 / (2 * count);
  const reach = z * Math.sqrt((share * (1 - share)) / count + (z / (2 * count)) ** 2);
  const scale = 1 + z ** 2 / count;
  return [Math.max(0, (middle - reach) / scale), Math.min(1, (middle + reach) / scale)];
}

/**
 * Exact 95 % interval of a share: `successes` of `count` > 0 independent trials (Clopper & Pearson 1934). Its upper end is
 * the share that gives so few successes with a probability of 2.5 %; the lower end is the same seen from the failures.
 */
export function exactInterval(successes: number, count: number): [number, number] {
  return [1 - upperEnd(count - successes, count), upperEnd(successes, count)];
}

function upperEnd(successes: number, count: number): number {
  if (successes === count) return 1;
  let [low, high] = [successes / count, 1];
  while (high - low > 1e-9) {
    const share = (low + high) / 2;
    if (binomialAtMost(successes, count, share) > 0.025) low = share;
    else high = share;
  }
  return high;
}

/**
 * How many standard errors the second share of independent trials lies below the first (two-proportion z-test, for at
 * least a few dozen trials each). 1.645 and 3.09 are one-sided probabilities of 5 % and 0.1 %.
 */
export function dropInErrors(first: Share, second: Share): number {
  const pooled = (first.share * first.count + second.share * second.count) / (first.count + second.count);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / first.count + 1 / second.count));
  return error === 0 ? 0 : (first.share - second.share) / error;
}

/** `share` of `count` trials succeeded. */
export type Share = { share: number; count: number };

/**
 * 95 % interval of a measure of `length` texts: the middle of its bootstrap samples. NaN without a sample that has a value.
 */
export function bootstrapInterval(
  length: number,
  { samples, seed }: { samples: number; seed: number },
  measureOf: (counts: Counts) => number,
): [number, number] {
  const values: number[] = [];
  resample(length, samples, seed, (counts) => {
    const value = measureOf(counts);
    if (!Number.isNaN(value)) values.push(value);
  });
  return values.length === 0 ? [Number.NaN, Number.NaN] : middle(values);
}

/**
 * The calibration error that a perfectly calibrated model with these probabilities stays below in 95 of 100 samples.
 *
 * Consistency resampling (Broecker & Smith 2007, "Increasing the reliability of reliability diagrams"): draw as many
 * confidences with replacement, let each prediction be right with the probability that it states, and measure the error.
 */
export function calibrationErrorByChance(
  scored: Pick<Scored, 'probabilities' | 'classes'>,
  options: { binCount: number; samples: number; seed: number },
): number {
  const random = createRandom(options.seed);
  const probabilities = scored.classes ? confidencesOf(scored, scored.classes.names.length) : scored.probabilities;
  const errorOf = (sample: Scored) =>
    scored.classes
      ? expectedError(positiveBins(sample, options.binCount))
      : calibrationMetrics(sample, options.binCount).ece;
  const count = probabilities.length;
  const sample = { labels: new Uint8Array(count), probabilities: new Float64Array(count) };
  const errors = Array.from({ length: options.samples }, () => {
    for (let i = 0; i < count; i++) {
      const probability = probabilities[Math.floor(random() * count)];
      sample.probabilities[i] = probability;
      sample.labels[i] = random() < probability ? 1 : 0;
    }
    return errorOf(sample);
  });
  return errors.sort((a, b) => a - b)[Math.floor(0.95 * errors.length)];
}

/** Probability of the most probable class of each text. */
function confidencesOf({ probabilities }: Pick<Scored, 'probabilities'>, K: number): Float64Array {
  return Float64Array.from({ length: probabilities.length / K }, (_, i) =>
    Math.max(...probabilities.subarray(i * K, (i + 1) * K)),
  );
}

/** The middle 95 % of at least one value, sorted in place. */
function middle(values: number[]): [number, number] {
  values.sort((a, b) => a - b);
  const quantile = (share: number) => values[Math.round(share * (values.length - 1))];
  return [quantile(0.025), quantile(0.975)];
}

export type McNemar = {
  /** Chance of a split at least this uneven if both are equally good. */
  twoSided: number;
  /** Chance that at least this many texts are correct only for the first if both are equally good. */
  firstBetter: number;
  /** The same for the second. */
  secondBetter: number;
};

/**
 * McNemar's exact test (McNemar 1947; Dietterich 1998): only the texts on which the two differ count, and if both are
 * equally good, each such text is a fair coin toss.
 */
export function mcnemar(onlyFirstRight: number, onlySecondRight: number): McNemar {
  const differing = onlyFirstRight + onlySecondRight;
  const firstBetter = atLeast(onlyFirstRight, differing);
  const secondBetter = atLeast(onlySecondRight, differing);
  return { firstBetter, secondBetter, twoSided: Math.min(1, 2 * Math.min(firstBetter, secondBetter)) };
}

/** P(X >= successes) for X heads of `throws` fair coins. */
function atLeast(successes: number, throws: number): number {
  // Summing the smaller tail keeps the digits of a tiny probability.
  return 2 * successes > throws
    ? binomialAtMost(throws - successes, throws, 0.5)
    : 1 - binomialAtMost(successes - 1, throws, 0.5);
}

/** P(X <= successes) for X successes of `throws` tries that succeed with probability `share`, 0 to 1. */
export function binomialAtMost(successes: number, throws: number, share: number): number {
  if (successes < 0) return 0;
  if (successes >= throws || share === 0) return 1;
  if (share === 1) return 0;
  let logTerm = successes * Math.log(share) + (throws - successes) * Math.log1p(-share);
  for (let i = 1; i <= successes; i++) logTerm += Math.log((throws - successes + i) / i);
  const odds = (1 - share) / share;
  let term = Math.exp(logTerm);
  let sum = 0;
  // Beyond the largest term, the rest soon no longer counts.
  for (let k = successes; k >= 0 && term > 1e-17 * sum; k--) {
    sum += term;
    term *= (k / (throws - k + 1)) * odds;
  }
  return Math.min(1, sum);
}

/** Counts the texts that only one of two classifiers predicts correctly. */
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
 * Paired bootstrap of the difference in one measure: every sample holds the same texts for both classifiers. Both were
 * scored on the same texts in the same order; `samples` is at least 2.
 */
export function pairedDifference(
  name: MeasureName,
  first: Scored,
  second: Scored,
  options: { binCount: number; samples: number; seed: number },
): PairedDifference {
  const rankings = [rankingsOf(first), rankingsOf(second)];
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
  const [low, high] = middle(differences);
  return { difference: of(), se: standardDeviation(differences), low, high };
}

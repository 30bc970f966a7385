/** What the bench makes of repeated measurements of several programs, taken in turn: A B A B ... */

export type Summary = { median: number; least: number; most: number; count: number };

/** Throws RangeError when there is no value. */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError('a summary needs a value');
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, least: sorted[0], most: sorted[sorted.length - 1], count: sorted.length };
}

export type Ratio = {
  /** Median of the numerators by median of the denominators. */
  ofMedians: number;
  /** Least and most ratio of two measurements of the same round. */
  least: number;
  most: number;
};

/**
 * Value i of both was measured in round i, one right after the other, so that what else the machine does falls on both.
 * Throws RangeError unless there are equally many of each.
 */
export function ratioOf(numerators: readonly number[], denominators: readonly number[]): Ratio {
  if (numerators.length !== denominators.length) {
    throw new RangeError(`${numerators.length} values cannot be paired with ${denominators.length}`);
  }
  const { least, most } = summarize(numerators.map((value, round) => value / denominators[round]));
  return { ofMedians: summarize(numerators).median / summarize(denominators).median, least, most };
}

export type Interval = { median: number; low: number; high: number };

/**
 * The median with the interval that holds the true one in 95 of 100 repetitions, whatever the distribution: by the ranks of a
 * binomial variable (Conover, Practical Nonparametric Statistics, 3.2). Throws RangeError for fewer than 6 values.
 */
export function medianInterval(values: readonly number[]): Interval {
  if (values.length < 6) throw new RangeError(`95 % of ${values.length} values cannot be told, 6 are needed`);
  const sorted = values.toSorted((a, b) => a - b);
  const low = Math.max(0, Math.floor((values.length - 1.96 * Math.sqrt(values.length)) / 2) - 1);
  return { median: summarize(values).median, low: sorted[low], high: sorted[values.length - 1 - low] };
}

/** Statistics of repeated measurements of several programs, taken in turn (A B A B ...), and tables of them. */

export type Summary = { median: number; least: number; most: number; count: number };

/** Throws RangeError without values. */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError('a summary needs a value');
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, least: sorted[0], most: sorted[sorted.length - 1], count: sorted.length };
}

export type Ratio = {
  /** Median of the numerators divided by median of the denominators. */
  ofMedians: number;
  /** Smallest and largest ratio of two measurements of the same round. */
  least: number;
  most: number;
};

/**
 * Value i of both was measured in round i, one right after the other, so that other load on the machine affects both.
 * Throws RangeError unless both have the same number of values.
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
 * The median and its 95 % confidence interval for any distribution, from the ranks of a binomial variable (Conover,
 * Practical Nonparametric Statistics, 3.2). Throws RangeError for fewer than 6 values.
 */
export function medianInterval(values: readonly number[]): Interval {
  if (values.length < 6) throw new RangeError(`a 95 % interval needs at least 6 values, got ${values.length}`);
  const sorted = values.toSorted((a, b) => a - b);
  const low = Math.max(0, Math.floor((values.length - 1.96 * Math.sqrt(values.length)) / 2) - 1);
  return { median: summarize(values).median, low: sorted[low], high: sorted[values.length - 1 - low] };
}

/** A table for a terminal. The first row is the heading; the first column is aligned left, the others right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('   '),
  );
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('   '));
  return lines.map((line) => `  ${line.trimEnd()}\n`).join('');
}

/** "0.412 (0.401 to 0.430)": median, least and most. */
export function formatSummary({ median, least, most }: Summary, digits: number): string {
  return `${number(median, digits)} (${number(least, digits)} to ${number(most, digits)})`;
}

/** "4.1 (3.9 to 4.4)": ratio of medians, least and most of a round. */
export function formatRatio({ ofMedians, least, most }: Ratio): string {
  const digits = ofMedians < 2 ? 2 : 1;
  return formatSummary({ median: ofMedians, least, most, count: 0 }, digits);
}

export function number(value: number, digits = 0): string {
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

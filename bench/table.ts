/** Tables on a terminal, and the words for figures in them. */
import type { Ratio, Summary } from './statistics.ts';

/** The first row is the heading; the first column stands to the left, the others to the right. */
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

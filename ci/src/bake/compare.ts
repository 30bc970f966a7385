/**
 * Whether the new revision is worse than the old one, by what both have counted. Each comparison knows its sample size: it says
 * "worse" only if that is so beyond the tolerance with near certainty, because it is asked again and again during a bake, and
 * "too little" where no answer was possible.
 */
import type { Sample } from './exposition.ts';
import type { Series, Signal } from './signals.ts';

/** What one revision has counted within its window, over all its pods. */
export type Counted = readonly Sample[];

export type Comparison = {
  name: string;
  state: 'worse' | 'fine' | 'too little' | 'not asked';
  /** `answers with 5xx: 2.1 % of 3012, before 0.0 % of 9120`. */
  says: string;
  /** The figures, where there are some. */
  now?: number;
  before?: number;
};

/**
 * Standard errors between an estimate and "certain": 4.5 leaves 3 of a million chances on one side, so a bake of 60 looks at 6
 * signals finds a sound revision worse once in a thousand, and the tolerance is on top of that.
 */
const certain = 4.5;

export function compare(signal: Signal, before: Counted, now: Counted): Comparison {
  switch (signal.kind) {
    case 'share':
      return compareShares(signal, before, now);
    case 'mean':
      return compareMeans(signal, before, now);
    case 'quantile':
      return compareQuantiles(signal, before, now);
  }
}

function compareShares(
  { name, part, whole, worse, tolerance }: Extract<Signal, { kind: 'share' }>,
  before: Counted,
  now: Counted,
): Comparison {
  const [old, own] = [before, now].map((counted) => ({ part: total(counted, part), whole: total(counted, whole) }));
  const says = `${name}: ${shown(own)}, before ${shown(old)}`;
  if (own.whole === 0 || old.whole === 0) return { name, state: 'too little', says };
  const figures = { now: own.part / own.whole, before: old.part / old.whole };
  const margin = certain * Math.hypot(errorOfShare(own), errorOfShare(old));
  return { name, says, ...figures, state: judged(figures.now - figures.before, margin, worse, tolerance) };
}

/** Agresti and Coull 1998, "Approximate is better than exact": with 2 successes and 2 failures more it holds for small counts. */
function errorOfShare({ part, whole }: { part: number; whole: number }): number {
  const share = (part + 2) / (whole + 4);
  return Math.sqrt((share * (1 - share)) / (whole + 4));
}

function compareMeans(
  { name, of, worse, tolerance }: Extract<Signal, { kind: 'mean' }>,
  before: Counted,
  now: Counted,
): Comparison {
  const [old, own] = [before, now].map((counted) => momentsOf(counted, of));
  const says = `${name}: ${figure(own.mean)} of ${own.count}, before ${figure(old.mean)} of ${old.count}`;
  if (own.count < 2 || old.count < 2) return { name, state: 'too little', says };
  const margin = certain * Math.hypot(own.deviation / Math.sqrt(own.count), old.deviation / Math.sqrt(old.count));
  const figures = { now: own.mean, before: old.mean };
  return { name, says, ...figures, state: judged(own.mean - old.mean, margin, worse, tolerance) };
}

function judged(
  difference: number,
  margin: number,
  worse: 'higher' | 'lower' | 'either',
  tolerance: number,
): Comparison['state'] {
  const amount = worse === 'either' ? Math.abs(difference) : worse === 'higher' ? difference : -difference;
  if (amount - margin > tolerance) return 'worse';
  // With this margin a difference of twice the tolerance could hide.
  return margin > Math.max(2 * tolerance, 1e-9) ? 'too little' : 'fine';
}

/**
 * Whether the quantile is beyond `tolerance` times the old one: then more than 1 - quantile of the new values lie above that
 * bound, which is a share again. Buckets are as fine as the application made them, so the bound is the next one above.
 */
function compareQuantiles(
  { name, of, quantile, tolerance }: Extract<Signal, { kind: 'quantile' }>,
  before: Counted,
  now: Counted,
): Comparison {
  const [old, own] = [before, now].map((counted) => bucketsOf(counted, of));
  const [oldCount, count] = [old, own].map((buckets) => buckets.at(-1)?.count ?? 0);
  const [was, is] = [old, own].map((buckets) => quantileOf(buckets, quantile));
  const says = `${name}: ${figure(is)} of ${count}, before ${figure(was)} of ${oldCount}`;
  const told = { name, says, now: is, before: was };
  if (count < 10 / (1 - quantile) || oldCount < 1 / (1 - quantile)) return { ...told, state: 'too little' };
  // Of few requests the true quantile may be as high as the slowest of them.
  const spread = certain * Math.sqrt((quantile * (1 - quantile)) / oldCount);
  const highest = quantileOf(old, Math.min(1, quantile + spread));
  const bound = own.find(({ le }) => le >= highest * tolerance);
  if (!bound || bound.le === Number.POSITIVE_INFINITY) return { ...told, state: 'fine' };
  const above = (count - bound.count) / count;
  const margin = certain * errorOfShare({ part: count - bound.count, whole: count });
  return { ...told, state: above - margin > 1 - quantile ? 'worse' : 'fine' };
}

type Bucket = { le: number; count: number };

/** Cumulative, by upper bound. */
export function bucketsOf(counted: Counted, { metric, labels }: Series): Bucket[] {
  const sums = new Map<number, number>();
  for (const sample of counted) {
    if (sample.name !== `${metric}_bucket` || !matches(sample.labels, labels)) continue;
    const le = sample.labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(sample.labels.le);
    sums.set(le, (sums.get(le) ?? 0) + sample.value);
  }
  return [...sums].map(([le, count]) => ({ le, count })).sort((a, b) => a.le - b.le);
}

/** Linear within the bucket, as Prometheus' histogram_quantile does it. NaN without observations. */
export function quantileOf(buckets: Bucket[], quantile: number): number {
  const all = buckets.at(-1)?.count ?? 0;
  if (all === 0) return Number.NaN;
  const rank = quantile * all;
  const index = buckets.findIndex(({ count }) => count >= rank);
  const { le, count } = buckets[index];
  const { le: from, count: below } = buckets[index - 1] ?? { le: 0, count: 0 };
  if (le === Number.POSITIVE_INFINITY) return from;
  return count === below ? le : from + ((le - from) * (rank - below)) / (count - below);
}

/** Mean from sum and count; deviation from the middles of the buckets, or as large as the mean without any. */
function momentsOf(counted: Counted, of: Series): { count: number; mean: number; deviation: number } {
  const count = total(counted, { ...of, metric: `${of.metric}_count` });
  const mean = total(counted, { ...of, metric: `${of.metric}_sum` }) / count;
  const buckets = bucketsOf(counted, of);
  const squares = buckets.reduce((sum, { le, count: upTo }, index) => {
    const { le: from, count: below } = buckets[index - 1] ?? { le: Math.min(0, le), count: 0 };
    const middle = le === Number.POSITIVE_INFINITY ? from : (from + le) / 2;
    return sum + (upTo - below) * (middle - mean) ** 2;
  }, 0);
  return { count, mean, deviation: buckets.length > 0 ? Math.sqrt(squares / count) : Math.abs(mean) };
}

function total(counted: Counted, { metric, labels }: Series): number {
  // Clients write counters with and without this ending, and OpenMetrics asks for it.
  const bare = (name: string) => name.replace(/_total$/, '');
  return counted
    .filter((sample) => bare(sample.name) === bare(metric) && matches(sample.labels, labels))
    .reduce((sum, { value }) => sum + value, 0);
}

/** `!value`: anything but that. */
export function matches(labels: Record<string, string>, wanted: Record<string, string> = {}): boolean {
  return Object.entries(wanted).every(([label, value]) =>
    value.startsWith('!') ? labels[label] !== value.slice(1) : labels[label] === value,
  );
}

function shown({ part, whole }: { part: number; whole: number }): string {
  return whole === 0 ? 'nothing yet' : `${((100 * part) / whole).toFixed(1)} % of ${whole}`;
}

function figure(value: number): string {
  return Number.isNaN(value) ? 'nothing' : String(Number(value.toPrecision(3)));
}

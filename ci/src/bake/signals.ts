/** What a new revision is compared by, as a table that names metrics of the application: nothing here knows one. */
import { parse } from 'yaml';
import { PipelineError } from '../errors.ts';
import type { ShadowTable } from './sample.ts';

/** Samples with this name and these labels; a value that begins with `!` must not be there. */
export type Series = { metric: string; labels?: Record<string, string> };

export type Signal =
  /** The part of the whole, both counters: of answers, those with 5xx. */
  | { name: string; kind: 'share'; part: Series; whole: Series; worse: Direction; tolerance: number }
  /** The mean of what a histogram or summary has observed. */
  | { name: string; kind: 'mean'; of: Series; worse: Direction; tolerance: number }
  /** The time below which this part of a histogram lies; `tolerance` is the factor that is allowed. */
  | { name: string; kind: 'quantile'; of: Series; quantile: number; tolerance: number };

/** Which way is worse. */
export type Direction = 'higher' | 'lower' | 'either';

export type SignalTable = {
  /** Where the pods show their metrics; default: the pod template's annotations prometheus.io/port and prometheus.io/path. */
  port?: string;
  path?: string;
  signals: Signal[];
  /** The labels by which a Prometheus knows the alerts of this service. */
  alerts?: Record<string, string>;
  /** How a sample is asked before any pod takes traffic. */
  shadow?: ShadowTable;
};

/** Throws SIGNALS. */
export function parseSignals(text: string, source: string): SignalTable {
  const value: unknown = parse(text);
  const { port, path, signals, alerts, shadow } = Object(value) as Partial<Record<keyof SignalTable, unknown>>;
  if (!Array.isArray(signals)) throw wrong(source, 'it has no list "signals"');
  return {
    ...(port !== undefined && { port: String(port) }),
    ...(path !== undefined && { path: String(path) }),
    ...(alerts !== undefined && { alerts: wordsOf(alerts) }),
    ...(shadow !== undefined && { shadow: shadowOf(shadow, source) }),
    signals: signals.map((each) => signalOf(Object(each), source)),
  };
}

function signalOf(row: Record<string, unknown>, source: string): Signal {
  const name = String(row.name ?? '');
  const at = name === '' ? 'a signal without a name' : `signal "${name}"`;
  const tolerance = row.tolerance;
  if (typeof tolerance !== 'number' || !(tolerance >= 0)) throw wrong(source, `${at} has no tolerance of 0 or more`);
  if (row.kind === 'quantile') {
    const { quantile } = row;
    if (typeof quantile !== 'number' || !(quantile > 0 && quantile < 1))
      throw wrong(source, `${at} has no quantile between 0 and 1`);
    return { name, kind: 'quantile', of: seriesOf(row.of, source, at), quantile, tolerance };
  }
  const { worse } = row;
  if (worse !== 'higher' && worse !== 'lower' && worse !== 'either')
    throw wrong(source, `${at} does not say which way is worse: higher, lower, either`);
  if (row.kind === 'mean') return { name, kind: 'mean', of: seriesOf(row.of, source, at), worse, tolerance };
  if (row.kind === 'share') {
    const [part, whole] = [row.part, row.whole].map((each) => seriesOf(each, source, at));
    return { name, kind: 'share', part, whole, worse, tolerance };
  }
  throw wrong(source, `${at} has the kind "${row.kind}": share, mean, quantile`);
}

function seriesOf(value: unknown, source: string, at: string): Series {
  const { metric, labels = {} } = Object(value) as { metric?: unknown; labels?: object };
  if (typeof metric !== 'string') throw wrong(source, `${at} names no metric`);
  return { metric, labels: wordsOf(labels) };
}

function shadowOf(value: unknown, source: string): ShadowTable {
  const { ask, answer } = Object(value) as { ask?: unknown; answer?: unknown };
  if (typeof ask === 'string' && ask.startsWith('/') && typeof answer === 'string') return { ask, answer };
  throw wrong(source, '"shadow" names no path to ask and no part of the answer');
}

function wordsOf(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(Object(value)).map(([label, want]) => [label, String(want)]));
}

function wrong(source: string, what: string): PipelineError {
  const next = 'the README of the deployer shows a table, line by line';
  return new PipelineError('SIGNALS', `${source} cannot be used: ${what}`, { next });
}

/**
 * Behaviour tests (CheckList: Ribeiro, Wu, Guestrin & Singh 2020). Accuracy on texts like the training texts says
 * little about sentences that a visitor types; these tests check what anyone would expect of the model.
 *
 *   minimum functionality   a plain sentence gets the right class
 *   invariance              another name, number, case, space or tag keeps the class and nearly the probability
 *   direction               an addition does not move the probability the wrong way, or only a little
 *   fairness                how far the probability depends on who is spoken of: a spread (fairness.ts), not pass or fail
 *
 * The sentences are in files (behaviour_file.ts). A file decides about a model, or it is advisory.
 */
import type { Model, ModelFacts, Prediction } from '../model/types.ts';
import {
  type BehaviourCase,
  type BehaviourFile,
  type BehaviourKind,
  readBehaviourFile,
  type Severity,
} from './behaviour_file.ts';
import { describeSpread, measureSpread, type Spread } from './fairness.ts';

export type BehaviourFailure = {
  kind: BehaviourKind;
  /** What the case tests, such as "negated praise". */
  name: string;
  severity: Severity;
  text: string;
  /** As text, with probabilities of the predicted classes. */
  expected: string;
  got: string;
};

export type Tally = { passed: number; total: number };

export type BehaviourFileReport = Tally & {
  file: string;
  /** False: the file is advisory. */
  decides: boolean;
  failures: BehaviourFailure[];
  byKind: Partial<Record<BehaviourKind, Tally>>;
  /** By name of the test, in the order of the file. */
  byName: Record<string, Tally>;
  spreads: Spread[];
};

/** `passed` and `total` count the files that decide. */
export type BehaviourReport = Tally & { files: BehaviourFileReport[] };

/** What files may name although a model lacks it; such tests do not concern that model and are left out. */
const SENTIMENTS = ['negative', 'neutral', 'positive'];

/** The files for a model with these classes. Throws what readBehaviourFile throws. */
export function readBehaviourFiles(paths: readonly string[], classes: readonly string[]): BehaviourFile[] {
  const known = [...new Set([...classes, ...SENTIMENTS])];
  return paths.map((path) => {
    const file = readBehaviourFile(path, known);
    const concerns = (one: BehaviourCase) =>
      one.kind === 'invariance' || classes.includes(one.kind === 'direction' ? one.raises : one.expect);
    return { ...file, cases: file.cases.filter(concerns) };
  });
}

/** Deterministic; each case takes one or two predictions. `domains` are those of the texts that the model learnt from. */
export function runBehaviourTests(
  model: Pick<Model, 'predict' | 'classes'>,
  files: readonly BehaviourFile[],
  domains: readonly string[],
): BehaviourReport {
  const reports = files.map((file): BehaviourFileReport => {
    const isOfDomain = file.domain === undefined || domains.includes(file.domain);
    const isAsked = file.cases.length + file.groups.length > 0;
    const decides = isAsked && (file.decides === 'always' || (file.decides === 'in its domain' && isOfDomain));
    const spreads = file.groups.map((group) => measureSpread(model, group));
    const report = { file: file.path, decides, passed: 0, total: 0, failures: [], byKind: {}, byName: {}, spreads };
    for (const one of file.cases) record(report, one, mismatchOf(model, one));
    return report;
  });
  const deciding = reports.filter(({ decides }) => decides);
  const sum = (key: keyof Tally) => deciding.reduce((total, report) => total + report[key], 0);
  return { passed: sum('passed'), total: sum('total'), files: reports };
}

/** The domains of the texts that a model learnt from; empty where nobody named one. */
export function domainsOf({ source, domains }: Pick<ModelFacts, 'source' | 'domains'>): string[] {
  if (domains) return Object.keys(domains);
  return source.startsWith('embedded:') ? [source.slice('embedded:'.length)] : [];
}

type Mismatch = Pick<BehaviourFailure, 'text' | 'expected' | 'got'>;

function mismatchOf(model: Pick<Model, 'predict' | 'classes'>, one: BehaviourCase): Mismatch | undefined {
  const before = model.predict(one.text);
  if (one.kind === 'minimum functionality') {
    return before.label === one.expect ? undefined : { text: one.text, expected: one.expect, got: asText(before) };
  }
  const after = model.predict(one.variant);
  const { classes } = model;
  const of = (prediction: Prediction, name: string) => prediction.probabilities[classes.indexOf(name)];
  const risenBy = (name: string) => of(after, name) - of(before, name);
  if (one.kind === 'invariance') {
    const moved = Math.max(...classes.map((name) => Math.abs(risenBy(name))));
    if (before.label === after.label && moved <= one.within) return undefined;
    return {
      text: one.variant,
      expected: `${asText(before)} as for "${one.text}", within ${one.within}`,
      got: asText(after),
    };
  }
  if (-risenBy(one.raises) <= one.within) return undefined;
  const shown = (prediction: Prediction) => `${one.raises} ${of(prediction, one.raises).toFixed(2)}`;
  return {
    text: one.variant,
    expected: `not lower than ${shown(before)} for "${one.text}", within ${one.within}`,
    got: shown(after),
  };
}

function record(report: BehaviourFileReport, one: BehaviourCase, mismatch: Mismatch | undefined): void {
  const { kind, name, severity } = one;
  report.byKind[kind] ??= { passed: 0, total: 0 };
  report.byName[name] ??= { passed: 0, total: 0 };
  for (const tally of [report, report.byKind[kind], report.byName[name]]) {
    tally.total++;
    if (!mismatch) tally.passed++;
  }
  if (mismatch) report.failures.push({ kind, name, severity, ...mismatch });
}

function asText({ label, confidence }: Prediction): string {
  return `${label} (${confidence.toFixed(2)})`;
}

/** A file's result in lines: how many pass, `examples` of the failures, critical ones first, and the spreads. */
export function describeBehaviour(report: BehaviourFileReport, examples: number): string[] {
  const { file, decides, passed, total, failures, spreads } = report;
  const advisory = decides ? '' : ' (advisory)';
  const sorted = [...failures].sort((a, b) => Number(b.severity === 'critical') - Number(a.severity === 'critical'));
  return [
    ...(total > 0 ? [`${file}: ${passed} of ${total} behaviour tests pass${advisory}`] : []),
    ...sorted
      .slice(0, examples)
      .map(
        ({ name, severity, text, expected, got }) =>
          `  ${severity === 'critical' ? 'critical, ' : ''}${name}: ${JSON.stringify(text)} expected ${expected}, got ${got}`,
      ),
    ...(examples > 0 && failures.length > examples ? [`  and ${failures.length - examples} more`] : []),
    ...spreads.map((spread) => `${file}: ${describeSpread(spread)}${advisory}`),
  ];
}

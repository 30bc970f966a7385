/**
 * Behaviour tests (CheckList: Ribeiro, Wu, Guestrin & Singh 2020). Accuracy on texts like the training texts says
 * little about sentences a visitor types; these say whether the model does what anyone would expect.
 *
 *   minimum functionality   a plain sentence gets its class
 *   invariance              names, numbers, case, spaces, markup: the class stays, the probability moves at most 0.1
 *   direction               added praise does not lower the probability by more than 0.05, added blame not raise it
 */
import type { Model, Prediction } from '../model/types.ts';
import {
  type DirectionCase,
  directionCases,
  type InvarianceCase,
  invarianceCases,
  type MinimumFunctionalityCase,
  minimumFunctionalityCases,
} from './behaviour_cases.ts';

export type BehaviourKind = 'minimum functionality' | 'invariance' | 'direction';

export type BehaviourFailure = {
  kind: BehaviourKind;
  /** What was tried, such as "negated praise". */
  name: string;
  text: string;
  /** In words, with probabilities of the positive class. */
  expected: string;
  got: string;
};

export type Tally = { passed: number; total: number };

export type BehaviourReport = Tally & {
  failures: BehaviourFailure[];
  byKind: Record<BehaviourKind, Tally>;
  /** The same by what was tried, names in the order of the cases. */
  byName: Record<string, Tally>;
};

export type BehaviourCases = {
  minimumFunctionality: readonly MinimumFunctionalityCase[];
  invariance: readonly InvarianceCase[];
  direction: readonly DirectionCase[];
};

export const INVARIANCE_TOLERANCE = 0.1;
export const DIRECTION_TOLERANCE = 0.05;

const ALL_CASES: BehaviourCases = {
  minimumFunctionality: minimumFunctionalityCases,
  invariance: invarianceCases,
  direction: directionCases,
};

/** Deterministic; one or two predictions a case. */
export function runBehaviourTests(model: Pick<Model, 'predict'>, cases = ALL_CASES): BehaviourReport {
  const report: BehaviourReport = {
    passed: 0,
    total: 0,
    failures: [],
    byKind: {
      'minimum functionality': { passed: 0, total: 0 },
      invariance: { passed: 0, total: 0 },
      direction: { passed: 0, total: 0 },
    },
    byName: {},
  };
  for (const one of cases.minimumFunctionality) {
    record(report, 'minimum functionality', one.name, checkClass(model, one));
  }
  for (const one of cases.invariance) record(report, 'invariance', one.name, checkInvariance(model, one));
  for (const one of cases.direction) record(report, 'direction', one.name, checkDirection(model, one));
  return report;
}

type Complaint = Pick<BehaviourFailure, 'text' | 'expected' | 'got'>;

function checkClass(
  model: Pick<Model, 'predict'>,
  { text, expected }: MinimumFunctionalityCase,
): Complaint | undefined {
  const got = model.predict(text);
  return got.label === expected ? undefined : { text, expected, got: inWords(got) };
}

function checkInvariance(model: Pick<Model, 'predict'>, { text, variant }: InvarianceCase): Complaint | undefined {
  const before = model.predict(text);
  const after = model.predict(variant);
  const moved = Math.abs(after.probability - before.probability);
  if (before.label === after.label && moved <= INVARIANCE_TOLERANCE) return undefined;
  return {
    text: variant,
    expected: `${inWords(before)} as for "${text}", within ${INVARIANCE_TOLERANCE}`,
    got: inWords(after),
  };
}

function checkDirection(model: Pick<Model, 'predict'>, one: DirectionCase): Complaint | undefined {
  const text = `${one.text} ${one.addition}`;
  const before = model.predict(one.text);
  const after = model.predict(text);
  const rise = after.probability - before.probability;
  if ((one.direction === 'up' ? -rise : rise) <= DIRECTION_TOLERANCE) return undefined;
  const bound = one.direction === 'up' ? 'not lower' : 'not higher';
  return {
    text,
    expected: `${bound} than ${before.probability.toFixed(2)} for "${one.text}", within ${DIRECTION_TOLERANCE}`,
    got: inWords(after),
  };
}

function record(report: BehaviourReport, kind: BehaviourKind, name: string, complaint: Complaint | undefined): void {
  report.byName[name] ??= { passed: 0, total: 0 };
  for (const tally of [report, report.byKind[kind], report.byName[name]]) {
    tally.total++;
    if (!complaint) tally.passed++;
  }
  if (complaint) report.failures.push({ kind, name, ...complaint });
}

function inWords({ label, probability }: Prediction): string {
  return `${label} (${probability.toFixed(2)})`;
}

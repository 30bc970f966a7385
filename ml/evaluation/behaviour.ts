/**
 * Behaviour tests (CheckList: Ribeiro, Wu, Guestrin & Singh 2020). Accuracy on texts like the training texts says
 * little about sentences that a visitor types; these tests check what anyone would expect of the model.
 *
 *   minimum functionality   a plain sentence gets the right class
 *   invariance              another name, number, case, space or tag keeps the class; the probability moves at most 0.1
 *   direction               added praise lowers the probability by at most 0.05, added blame raises it by at most 0.05
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
  /** What the case tests, such as "negated praise". */
  name: string;
  text: string;
  /** As text, with probabilities of the positive class. */
  expected: string;
  got: string;
};

export type Tally = { passed: number; total: number };

export type BehaviourReport = Tally & {
  failures: BehaviourFailure[];
  byKind: Record<BehaviourKind, Tally>;
  /** By name of the case, in the order of the cases. */
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

/** Deterministic; each case takes one or two predictions. */
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

type Mismatch = Pick<BehaviourFailure, 'text' | 'expected' | 'got'>;

function checkClass(model: Pick<Model, 'predict'>, { text, expected }: MinimumFunctionalityCase): Mismatch | undefined {
  const got = model.predict(text);
  return got.label === expected ? undefined : { text, expected, got: asText(got) };
}

function checkInvariance(model: Pick<Model, 'predict'>, { text, variant }: InvarianceCase): Mismatch | undefined {
  const before = model.predict(text);
  const after = model.predict(variant);
  const moved = Math.abs(after.probability - before.probability);
  if (before.label === after.label && moved <= INVARIANCE_TOLERANCE) return undefined;
  return {
    text: variant,
    expected: `${asText(before)} as for "${text}", within ${INVARIANCE_TOLERANCE}`,
    got: asText(after),
  };
}

function checkDirection(model: Pick<Model, 'predict'>, one: DirectionCase): Mismatch | undefined {
  const text = `${one.text} ${one.addition}`;
  const before = model.predict(one.text);
  const after = model.predict(text);
  const rise = after.probability - before.probability;
  if ((one.direction === 'up' ? -rise : rise) <= DIRECTION_TOLERANCE) return undefined;
  const bound = one.direction === 'up' ? 'not lower' : 'not higher';
  return {
    text,
    expected: `${bound} than ${before.probability.toFixed(2)} for "${one.text}", within ${DIRECTION_TOLERANCE}`,
    got: asText(after),
  };
}

function record(report: BehaviourReport, kind: BehaviourKind, name: string, mismatch: Mismatch | undefined): void {
  report.byName[name] ??= { passed: 0, total: 0 };
  for (const tally of [report, report.byKind[kind], report.byName[name]]) {
    tally.total++;
    if (!mismatch) tally.passed++;
  }
  if (mismatch) report.failures.push({ kind, name, ...mismatch });
}

function asText({ label, probability }: Prediction): string {
  return `${label} (${probability.toFixed(2)})`;
}

/**
 * Decides whether the challenger may replace the champion: a pure function from measurements to a verdict with reasons.
 *
 * Both are compared on held-out texts that neither was trained on. Where these are too few, the settings of both are
 * compared by cross-validation on the new data. The gate refuses a challenger that is significantly worse, or that misses a
 * floor. Every floor knows its uncertainty: it fails only where the measure's 95 % interval lies below it.
 *
 * The challenger need not be better: newer data or a smaller vocabulary is reason enough for the person who trained it.
 * There is one exception. Where the champion does far worse on the new texts than on its own held-out ones, these are of
 * another kind or their labels are wrong. Then the challenger must show that it learnt something: it must be significantly
 * better. Noisy labels cannot pass this test, and a new domain does.
 */
import type { PromoteModelParams } from '../params.ts';
import type { BehaviourFailure, Tally } from './behaviour.ts';
import {
  accuracyOf,
  type Champion,
  type Check,
  type Contender,
  compare,
  many,
  type Pair,
  short,
  withInterval,
} from './comparison.ts';
import { confusionMatrix, measure, rankingsOf, rocAuc } from './measures.ts';
import { type Counts, predictedClasses, type Scored } from './scored.ts';
import {
  binomialAtMost,
  bootstrapInterval,
  calibrationErrorByChance,
  countDifferences,
  exactInterval,
  mcnemar,
} from './significance.ts';

export type GateInput = {
  /** `scored` are the held-out texts that it was not trained on. */
  challenger: Contender & { scored: Scored };
  champion: Champion | undefined;
  /** Out-of-fold predictions for the texts of the new data, where the held-out ones are too few or known to the champion. */
  crossValidated: Pair | undefined;
  /** The challenger's behaviour tests, by file. */
  behaviour: readonly BehaviourOutcome[];
  /** Whether the spreads of fairness groups have grown over the champion's (spreadChecks). */
  fairness: readonly Check[];
  /** Number of bins for the calibration error. */
  calibrationBins: number;
  params: PromoteModelParams;
};

export type BehaviourOutcome = Tally & {
  file: string;
  decides: boolean;
  failures: readonly Pick<BehaviourFailure, 'severity'>[];
};

export type Verdict = {
  /** `unchanged`: challenger and champion are the same model, so there is nothing to decide. */
  decision: 'promote' | 'refuse' | 'unchanged';
  /** Every condition with its numbers, in the order of checking. */
  checks: Check[];
  /** One sentence: the conditions that failed, or all of them if none did. */
  reason: string;
  /** The numbers behind the decision. */
  figures: Record<string, number>;
};

/** Of the bootstrap and of the simulation of perfect calibration. */
const SAMPLES = 1000;
const SEED = 1;

export function judge(input: GateInput): Verdict {
  const { challenger, champion, behaviour, params } = input;
  if (champion && champion.contentDigest === challenger.contentDigest) {
    const reason = `version ${challenger.version} is the same model as version ${champion.version}, the champion`;
    return { decision: 'unchanged', checks: [], reason, figures: {} };
  }
  const deciding = behaviour.filter(({ decides, total }) => decides && total > 0);
  const figures: Record<string, number> = {
    behaviour_passed: deciding.reduce((sum, { passed }) => sum + passed, 0),
    behaviour_total: deciding.reduce((sum, { total }) => sum + total, 0),
  };
  const checks = [
    ...floors(input, figures),
    ...deciding.flatMap((file) => behaviourChecks(file, params)),
    ...input.fairness,
    ...(champion ? compare({ ...input, champion }, figures) : []),
  ];
  const failed = checks.filter((check) => !check.passed);
  return {
    decision: failed.length === 0 ? 'promote' : 'refuse',
    checks,
    reason: (failed.length === 0 ? checks : failed).map((check) => check.text).join('; '),
    figures,
  };
}

/** On the held-out texts; on out-of-fold predictions for all texts if the held-out ones are too few. */
function floors(input: GateInput, figures: Record<string, number>): Check[] {
  const { challenger, crossValidated, calibrationBins: binCount, params } = input;
  const isSmall = challenger.scored.labels.length < params.min_unseen && crossValidated !== undefined;
  const scored = isSmall ? crossValidated.challenger : challenger.scored;
  const count = scored.labels.length;
  const where = isSmall ? `cross-validated on all ${many(count)} texts` : `on ${many(count)} held-out texts`;
  const measures = measure(scored, binCount);
  const options = { binCount, samples: SAMPLES, seed: SEED };
  const accuracy = exactInterval(Math.round(measures.accuracy * count), count);
  const checks: Check[] = [];
  if (params.better_than_larger_class) checks.push(betterThanLargerClass(scored, where, params.significance));
  if (params.min_accuracy > 0) checks.push(atLeast('accuracy', measures.accuracy, accuracy, 'min_accuracy', params));
  if (params.min_roc_auc > 0) {
    const rankings = rankingsOf(scored);
    const interval = bootstrapInterval(count, options, (counts: Counts) => rocAuc(scored, rankings, counts));
    checks.push(atLeast('ROC-AUC', measures.roc_auc, interval, 'min_roc_auc', params));
  }
  const byChance = calibrationErrorByChance(scored, options);
  const limit = params.max_calibration_error;
  const isCalibrated = measures.ece - byChance <= limit;
  checks.push({
    passed: isCalibrated,
    text:
      `calibration error ${measures.ece.toFixed(4)} ${where} is ${isCalibrated ? 'within' : 'above'} ` +
      `max_calibration_error ${limit} plus the ${byChance.toFixed(4)} that chance explains`,
  });
  Object.assign(figures, {
    texts: challenger.scored.labels.length,
    measured_on: count,
    accuracy: measures.accuracy,
    accuracy_low: accuracy[0],
    accuracy_high: accuracy[1],
    roc_auc: measures.roc_auc,
    ece: measures.ece,
    ece_by_chance: byChance,
  });
  return checks;
}

function betterThanLargerClass(scored: Scored, where: string, significance: number): Check {
  const sizes = confusionMatrix(scored).map((row) => row.reduce((sum, size) => sum + size, 0));
  const largest = sizes.indexOf(Math.max(...sizes));
  const constant = scored.labels.map(() => largest);
  const ours = predictedClasses(scored);
  const { onlyFirstRight: lost, onlySecondRight: won } = countDifferences(scored.labels, constant, ours);
  const probability = mcnemar(lost, won).secondBetter;
  const passed = probability < significance;
  const [accuracy, other] = [ours, constant].map((given) => accuracyOf(scored.labels, given));
  return {
    passed,
    text:
      `accuracy ${withInterval(accuracy)} ${where} is ${passed ? 'better' : 'not significantly better'} ` +
      `than always naming the ${sizes.length > 2 ? 'largest' : 'larger'} class (${other.share.toFixed(4)})`,
  };
}

type FloorName = 'min_accuracy' | 'min_roc_auc';

/** A measure that cannot be computed is NaN and fails the check. */
function atLeast(
  what: string,
  value: number,
  [low, high]: [number, number],
  name: FloorName,
  params: PromoteModelParams,
): Check {
  const floor = params[name];
  const passed = high >= floor;
  return {
    passed,
    text:
      `${what} ${value.toFixed(4)} (95 % interval ${low.toFixed(4)} to ${high.toFixed(4)}) is ` +
      `${value >= floor ? 'at least' : passed ? 'not significantly below' : 'significantly below'} ${name} ${floor}`,
  };
}

function behaviourChecks({ file, passed, total, failures }: BehaviourOutcome, params: PromoteModelParams): Check[] {
  const limit = params.min_behaviour_pass;
  const isBelow = passed / total < limit;
  const probability = binomialAtMost(passed, total, limit);
  const isSignificant = isBelow && probability < params.significance;
  const critical = failures.filter(({ severity }) => severity === 'critical').length;
  return [
    {
      passed: !isSignificant,
      text:
        `${file}: ${passed} of ${total} tests pass, a share of ${(passed / total).toFixed(4)} is ` +
        (isBelow
          ? `below ${limit}: so few have a probability of ${short(probability)} by chance, ` +
            `${isSignificant ? 'below' : 'not below'} ${params.significance}`
          : `at least ${limit}`),
    },
    ...(critical > 0 ? [{ passed: false, text: `${file}: critical tests that fail: ${critical}` }] : []),
  ];
}

/**
 * Decides whether the challenger may replace the champion: a pure function from measurements to a verdict with
 * reasons.
 *
 * Both are scored on the same held-out texts. The gate refuses a challenger that is significantly worse there
 * (McNemar's exact test, one-sided: for equal models, a loss this large has a probability below `significance`), that
 * misses an absolute limit (accuracy, ROC-AUC, calibration error), that fails a critical behaviour test, or of whose
 * behaviour tests in a file that decides significantly too few pass. The challenger need not be better: newer data or a smaller vocabulary is reason enough for the person who trained it. The
 * first model has no champion, so only the absolute limits apply.
 */
import type { PromoteModelParams } from '../params.ts';
import type { BehaviourFailure, Tally } from './behaviour.ts';
import { classOf, measure, type Scored } from './measures.ts';
import { binomialAtMost, countDifferences, mcnemar } from './significance.ts';

export type Contender = {
  /** Version number in the registry. */
  version: string;
  /** SHA-256 of the trained model before run and metrics were added: equal content gives equal predictions. */
  contentDigest: string;
  /** SHA-256 of the training texts and labels. */
  dataDigest: string;
  /** The held-out texts, in the same order for both. */
  scored: Scored;
};

export type GateInput = {
  challenger: Contender;
  champion: Contender | undefined;
  /** The challenger's behaviour tests, by file. */
  behaviour: readonly BehaviourOutcome[];
  /** Number of bins for the calibration error. */
  calibrationBins: number;
  params: PromoteModelParams;
};

export type BehaviourOutcome = Tally & {
  file: string;
  decides: boolean;
  failures: readonly Pick<BehaviourFailure, 'severity'>[];
};

export type Check = { passed: boolean; text: string };

export type Verdict = {
  /** `unchanged`: challenger and champion are the same model, so there is nothing to decide. */
  decision: 'promote' | 'refuse' | 'unchanged';
  /** Every condition with its numbers, in the order of checking. */
  checks: Check[];
  /** One sentence: the conditions that failed, or all of them if none did. */
  reason: string;
  /** Reasons why the comparison may be unfair. */
  warnings: string[];
  /** The numbers behind the decision. */
  figures: Record<string, number>;
};

export function judge(input: GateInput): Verdict {
  const { challenger, champion, behaviour, calibrationBins, params } = input;
  if (champion && champion.contentDigest === challenger.contentDigest) {
    const reason = `version ${challenger.version} is the same model as version ${champion.version}, the champion`;
    return { decision: 'unchanged', checks: [], reason, warnings: [], figures: {} };
  }
  const measures = measure(challenger.scored, calibrationBins);
  const deciding = behaviour.filter(({ decides }) => decides);
  const checks = [
    atLeast('accuracy', measures.accuracy, params.min_accuracy),
    atLeast('ROC-AUC', measures.roc_auc, params.min_roc_auc),
    atMost('calibration error', measures.ece, params.max_calibration_error),
    ...deciding.flatMap((file) => behaviourChecks(file, params)),
  ];
  const figures: Record<string, number> = {
    texts: challenger.scored.labels.length,
    accuracy: measures.accuracy,
    roc_auc: measures.roc_auc,
    ece: measures.ece,
    behaviour_passed: deciding.reduce((sum, { passed }) => sum + passed, 0),
    behaviour_total: deciding.reduce((sum, { total }) => sum + total, 0),
  };
  if (champion) compare(challenger, champion, input, checks, figures);

  const failed = checks.filter((check) => !check.passed);
  return {
    decision: failed.length === 0 ? 'promote' : 'refuse',
    checks,
    reason: (failed.length === 0 ? checks : failed).map((check) => check.text).join('; '),
    warnings: champion ? warningsAbout(challenger, champion) : [],
    figures,
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

/** Adds the paired comparison to the checks and figures. */
function compare(
  challenger: Contender,
  champion: Contender,
  { params, calibrationBins }: GateInput,
  checks: Check[],
  figures: Record<string, number>,
): void {
  const { labels } = challenger.scored;
  const { onlyFirstRight: lost, onlySecondRight: won } = countDifferences(
    labels,
    classes(champion.scored),
    classes(challenger.scored),
  );
  const probability = mcnemar(lost, won).firstBetter;
  const theirs = measure(champion.scored, calibrationBins);
  const isSignificant = lost > won && probability < params.significance;
  checks.push({
    passed: !isSignificant,
    text:
      `against version ${champion.version} (accuracy ${theirs.accuracy.toFixed(4)}) it wins ${won} texts and loses ${lost}: ` +
      `a loss at least this large has a probability of ${short(probability)} by chance, ` +
      `${isSignificant ? 'below' : 'not a significant loss at'} ${params.significance}`,
  });
  Object.assign(figures, {
    champion_accuracy: theirs.accuracy,
    champion_roc_auc: theirs.roc_auc,
    champion_ece: theirs.ece,
    only_challenger_right: won,
    only_champion_right: lost,
    loss_probability: probability,
  });
}

function warningsAbout(challenger: Contender, champion: Contender): string[] {
  if (champion.dataDigest === challenger.dataDigest) return [];
  return [
    `version ${champion.version} was trained on other texts (${champion.dataDigest.slice(0, 12)}, not ` +
      `${challenger.dataDigest.slice(0, 12)}) and may have seen some of these: the comparison can favour it`,
  ];
}

/** A measure that cannot be computed is NaN and fails the check. */
function atLeast(what: string, value: number, floor: number): Check {
  const passed = value >= floor;
  return { passed, text: `${what} ${value.toFixed(4)} is ${passed ? 'at least' : 'below'} ${floor}` };
}

function atMost(what: string, value: number, ceiling: number): Check {
  const passed = value <= ceiling;
  return { passed, text: `${what} ${value.toFixed(4)} is ${passed ? 'at most' : 'above'} ${ceiling}` };
}

function classes({ probabilities }: Scored): Uint8Array {
  return Uint8Array.from(probabilities, classOf);
}

function short(probability: number): string {
  return probability < 0.001 ? probability.toExponential(1) : probability.toFixed(3);
}

/** Champion against challenger: the checks of the gate that need both. See gate.ts. */
import type { PromoteModelParams } from '../params.ts';
import { predictedClasses, type Scored } from './scored.ts';
import { countDifferences, dropInErrors, exactInterval, mcnemar, type Share } from './significance.ts';

export type Contender = {
  /** Version number in the registry. */
  version: string;
  /** SHA-256 of the trained model before run and metrics were added: equal content gives equal predictions. */
  contentDigest: string;
};

/** The same texts in the same order. Undefined for a champion whose settings are those of the challenger. */
export type Pair = { challenger: Scored; champion: Scored | undefined };

export type Champion = Contender & {
  /** Its accuracy on its own held-out texts, if the artifact says. */
  recorded: Share | undefined;
  /** How many of the challenger's held-out texts it was trained on. */
  known: number;
  /** Whether most of the challenger's texts are most of its own, so that its held-out texts were of the same kind. */
  isOfSameTexts: boolean;
  /** On held-out texts that neither was trained on; or why there is no such comparison. */
  comparison: { pair: Pair; why?: undefined } | { pair?: undefined; why: string };
  /** Behaviour tests of files that decide, which only the one of the two passes. */
  behaviour: { won: number; lost: number };
};

export type Check = { passed: boolean; text: string };

export type ComparisonInput = {
  challenger: Contender & { scored: Scored };
  champion: Champion;
  /** Out-of-fold predictions for the new data; decides where the two cannot be compared. */
  crossValidated: Pair | undefined;
  params: PromoteModelParams;
};

/** Standard errors of a drop that chance explains once in a thousand. */
const FAR = 3.09;

/** Adds its numbers to `figures`. */
export function compare(input: ComparisonInput, figures: Record<string, number>): Check[] {
  const { recorded, known, comparison, behaviour } = input.champion;
  Object.assign(figures, {
    known_to_champion: known,
    behaviour_won: behaviour.won,
    behaviour_lost: behaviour.lost,
    ...(recorded && { champion_recorded_accuracy: recorded.share, champion_recorded_texts: recorded.count }),
  });
  return comparison.pair
    ? onUnseenTexts(input, comparison.pair, figures)
    : withoutComparison(input, comparison.why, figures);
}

function onUnseenTexts(
  { challenger, champion, params }: ComparisonInput,
  pair: Pair,
  figures: Record<string, number>,
): Check[] {
  const { recorded, version } = champion;
  const result = resultOf(pair);
  const { ours, theirs } = result;
  Object.assign(figures, {
    unseen: ours.count,
    unseen_accuracy: ours.share,
    champion_accuracy: theirs.share,
    only_challenger_right: result.won,
    only_champion_right: result.lost,
    loss_probability: result.worse,
  });
  const isWorse = isLoss(result, params);
  const own = recorded
    ? ` (${recorded.share.toFixed(4)} on the ${many(recorded.count)} held-out texts of its own)`
    : '';
  const check = {
    passed: !isWorse,
    text:
      `on ${many(ours.count)} texts that neither was trained on, accuracy is ${ours.share.toFixed(4)} against ` +
      `${theirs.share.toFixed(4)} of version ${version}${own}: ${describe(result)}`,
  };
  if (isWorse) return [check];
  if (!recorded || dropInErrors(recorded, theirs) < FAR) return [check, pairedBehaviour(champion, params)];
  const isBetter = result.better < params.significance;
  return [
    check,
    {
      passed: isBetter,
      text:
        `version ${version} does far worse on these texts than on its own, so they are of another kind or their labels are ` +
        `wrong; version ${challenger.version} is ${isBetter ? '' : 'not '}significantly better on them`,
    },
  ];
}

/** Behaviour tests resemble each other, so that few look like many: hence a fifth of the significance. */
function pairedBehaviour({ version, behaviour }: Champion, params: PromoteModelParams): Check {
  const { won, lost } = behaviour;
  const probability = mcnemar(lost, won).firstBetter;
  const passed = probability >= params.significance / 5;
  return {
    passed,
    text:
      `of the behaviour tests it passes ${won} that version ${version} fails and fails ${lost} that version ${version} ` +
      `passes${passed ? '' : `, a loss that chance explains with a probability of ${short(probability)}`}`,
  };
}

function withoutComparison(
  { challenger, champion, crossValidated, params }: ComparisonInput,
  why: string,
  figures: Record<string, number>,
): Check[] {
  const { version, recorded, isOfSameTexts } = champion;
  const no = `cannot be compared with version ${version}, because ${why}`;
  const checks: Check[] = [];
  if (crossValidated?.champion) {
    const result = resultOf(crossValidated);
    const { ours, theirs } = result;
    Object.assign(figures, { cv_texts: ours.count, cv_accuracy: ours.share, cv_champion_accuracy: theirs.share });
    checks.push({
      passed: !isLoss(result, params),
      text:
        `${no}; cross-validated on ${many(ours.count)} texts, accuracy with its settings is ${ours.share.toFixed(4)} ` +
        `against ${theirs.share.toFixed(4)} with those of version ${version}: ${describe(result)}`,
    });
  } else {
    checks.push({ passed: true, text: `${no}; floors and behaviour tests decide` });
  }
  const own = accuracyOf(challenger.scored.labels, predictedClasses(challenger.scored));
  if (recorded && isOfSameTexts) {
    const passed = dropInErrors(recorded, own) < FAR;
    checks.push({
      passed,
      text:
        `accuracy ${withInterval(own)} is ${passed ? 'not ' : ''}far below the ${recorded.share.toFixed(4)} ` +
        `that version ${version} reached on ${many(recorded.count)} other texts of the same source`,
    });
  }
  return checks;
}

type Result = { ours: Share; theirs: Share; won: number; lost: number; worse: number; better: number };

/** McNemar's exact test, one-sided both ways. */
function resultOf({ challenger, champion = challenger }: Pair): Result {
  const { labels } = challenger;
  const [ours, theirs] = [predictedClasses(challenger), predictedClasses(champion)];
  const { onlyFirstRight: lost, onlySecondRight: won } = countDifferences(labels, theirs, ours);
  const { firstBetter: worse, secondBetter: better } = mcnemar(lost, won);
  return { ours: accuracyOf(labels, ours), theirs: accuracyOf(labels, theirs), won, lost, worse, better };
}

/** For equal models, a loss this large has a probability below `significance`. */
function isLoss({ won, lost, worse }: Result, { significance }: PromoteModelParams): boolean {
  return lost > won && worse < significance;
}

function describe({ won, lost, worse }: Result): string {
  const chance = lost > won ? `, which chance explains with a probability of ${short(worse)}` : '';
  return `it wins ${won} texts and loses ${lost}${chance}`;
}

export function accuracyOf(labels: Uint8Array, given: Uint8Array): Share {
  const right = labels.reduce((sum, label, i) => sum + (label === given[i] ? 1 : 0), 0);
  return { share: right / labels.length, count: labels.length };
}

export function withInterval({ share, count }: Share): string {
  const [low, high] = exactInterval(Math.round(share * count), count);
  return `${share.toFixed(4)} (95 % interval ${low.toFixed(4)} to ${high.toFixed(4)})`;
}

export function many(count: number): string {
  return count.toLocaleString('en');
}

export function short(probability: number): string {
  return probability < 0.001 ? probability.toExponential(1) : probability.toFixed(3);
}

/**
 * Every figure about a scored set of texts, under the names it keeps in reports and in MLflow.
 *
 * Three families: single texts (accuracy, F1, log loss ...), order (ROC-AUC, average precision) and calibration. Names
 * and conventions are scikit-learn's: a ratio whose denominator is 0 is 0; `macro` is the plain mean over the classes.
 * A bootstrap sample is a set with `counts`, so no measure has to copy texts.
 */
import { calibrationMetrics, confidenceBins, expectedError, positiveBins } from './calibration.ts';
import { type Classes, type Counts, oneAgainstRest, predictedClasses, type Scored } from './scored.ts';

/**
 * By name. Two classes have all that ClassMetrics, RankingMetrics and CalibrationMetrics name. More have accuracy, the
 * macro means, mcc, log_loss, brier, ece and, of each class, precision, recall, f1 and ece as in `recall_neutral`; their
 * roc_auc and average_precision are means over the classes, each against the rest. Ordered ones have also
 * mean_absolute_error, in classes.
 */
export type Measures = Record<CommonName, number> & Record<string, number>;

type CommonName =
  | Exclude<keyof ClassMetrics, 'precision' | 'recall' | 'f1'>
  | keyof RankingMetrics
  | 'log_loss'
  | 'brier'
  | 'ece';

export type MeasureName = string;

/**
 * All measures of a scored set. `binCount` is the number of calibration bins. Callers that measure many samples of the
 * same texts pass `rankings`, which is rankingsOf(scored).
 */
export function measure(
  scored: Scored,
  binCount: number,
  counts?: Counts,
  rankings: readonly Uint32Array[] = rankingsOf(scored),
): Measures {
  if (scored.classes) return measureClasses(scored, scored.classes, binCount, counts, rankings);
  return {
    ...classMetrics(countOutcomes(scored, counts)),
    ...rankingMetrics(scored, rankings[0], counts),
    log_loss: logLoss(scored, counts),
    brier: brierScore(scored, counts),
    ...calibrationMetrics(scored, binCount, counts),
  };
}

/** Of two classes, or the mean over more, each against the rest. `rankings` are rankingsOf(scored). */
export function rocAuc(scored: Scored, rankings: readonly Uint32Array[], counts?: Counts): number {
  const { classes } = scored;
  if (!classes) return rankingMetrics(scored, rankings[0], counts).roc_auc;
  const K = classes.names.length;
  const areas = rankings.map((ranking, k) => rankingMetrics(oneAgainstRest(scored, k, K), ranking, counts).roc_auc);
  return areas.reduce((sum, area) => sum + area, 0) / K;
}

/** One ranking for two classes, else one a class. */
export function rankingsOf(scored: Scored): Uint32Array[] {
  const { classes } = scored;
  if (!classes) return [rankByProbability(scored)];
  return classes.names.map((_, k) => rankByProbability(oneAgainstRest(scored, k, classes.names.length)));
}

function measureClasses(
  scored: Scored,
  { names, ordered }: Classes,
  binCount: number,
  counts: Counts | undefined,
  rankings: readonly Uint32Array[],
): Measures {
  const K = names.length;
  const matrix = confusionMatrix(scored, counts);
  const ofClass = names.map((_, k) => {
    const own = oneAgainstRest(scored, k, K);
    return {
      ...classMetrics(outcomesOfClass(matrix, k)),
      ...rankingMetrics(own, rankings[k], counts),
      ece: expectedError(positiveBins(own, binCount, counts)),
    };
  });
  const mean = (of: (one: (typeof ofClass)[number]) => number) => ofClass.reduce((sum, one) => sum + of(one), 0) / K;
  const { right, total, distance } = tally(matrix);
  const measures: Measures = {
    accuracy: ratio(right, total),
    precision_macro: mean(({ precision }) => precision),
    recall_macro: mean(({ recall }) => recall),
    f1_macro: mean(({ f1 }) => f1),
    mcc: correlation(matrix),
    roc_auc: mean(({ roc_auc }) => roc_auc),
    average_precision: mean(({ average_precision }) => average_precision),
    ...probabilityLosses(scored, K, counts),
    ece: expectedError(confidenceBins(scored, binCount, counts)),
    ...(ordered && { mean_absolute_error: ratio(distance, total) }),
  };
  measureNames(names).forEach((name, k) => {
    const { precision, recall, f1, ece } = ofClass[k];
    for (const [what, value] of Object.entries({ precision, recall, f1, ece })) measures[`${what}_${name}`] = value;
  });
  return measures;
}

/** Names of classes as MLflow takes them in the name of a measure. */
export function measureNames(names: readonly string[]): string[] {
  const plain = names.map((name) => name.replaceAll(/[^\w.-]+/g, '_'));
  return plain.map((name, k) => (plain.indexOf(name) === k && /[^_]/.test(name) ? name : `class_${k}`));
}

// Single texts: how many are right, and how sure the model was.

/** The confusion matrix; "positive" is class 1. */
export type Outcomes = {
  truePositives: number;
  falsePositives: number;
  trueNegatives: number;
  falseNegatives: number;
};

export function countOutcomes(scored: Scored, counts?: Counts): Outcomes {
  return outcomesOfClass(confusionMatrix(scored, counts), 1);
}

/** matrix[actual][predicted] is a number of texts. */
export function confusionMatrix(scored: Scored, counts?: Counts): number[][] {
  const { labels, classes } = scored;
  const K = classes ? classes.names.length : 2;
  const predicted = predictedClasses(scored);
  const matrix = Array.from({ length: K }, () => new Array<number>(K).fill(0));
  for (let i = 0; i < labels.length; i++) matrix[labels[i]][predicted[i]] += counts ? counts[i] : 1;
  return matrix;
}

/** Class k as the positive one, all others as the negative one. */
export function outcomesOfClass(matrix: readonly (readonly number[])[], k: number): Outcomes {
  const outcomes = { truePositives: 0, falsePositives: 0, trueNegatives: 0, falseNegatives: 0 };
  matrix.forEach((row, actual) => {
    row.forEach((count, predicted) => {
      if (actual === k) outcomes[predicted === k ? 'truePositives' : 'falseNegatives'] += count;
      else outcomes[predicted === k ? 'falsePositives' : 'trueNegatives'] += count;
    });
  });
  return outcomes;
}

/** `distance` is the sum over texts of the classes between the right one and the answer. */
function tally(matrix: readonly (readonly number[])[]): { right: number; total: number; distance: number } {
  let [right, total, distance] = [0, 0, 0];
  matrix.forEach((row, actual) => {
    row.forEach((count, predicted) => {
      total += count;
      distance += count * Math.abs(actual - predicted);
      if (actual === predicted) right += count;
    });
  });
  return { right, total, distance };
}

/** Matthews' correlation coefficient of K classes (Gorodkin 2004). */
function correlation(matrix: readonly (readonly number[])[]): number {
  const { right, total } = tally(matrix);
  const actual = matrix.map((row) => row.reduce((sum, count) => sum + count, 0));
  const predicted = matrix.map((_, k) => matrix.reduce((sum, row) => sum + row[k], 0));
  const product = (a: number[], b: number[]) => a.reduce((sum, value, k) => sum + value * b[k], 0);
  const spread = (own: number[]) => Math.sqrt(total ** 2 - product(own, own));
  return ratio(right * total - product(actual, predicted), spread(actual) * spread(predicted));
}

export type ClassMetrics = {
  accuracy: number;
  precision: number;
  recall: number;
  f1: number;
  precision_macro: number;
  recall_macro: number;
  f1_macro: number;
  /** Matthews correlation coefficient, -1 to 1. */
  mcc: number;
};

export function classMetrics({
  truePositives: tp,
  falsePositives: fp,
  trueNegatives: tn,
  falseNegatives: fn,
}: Outcomes): ClassMetrics {
  const precision = ratio(tp, tp + fp);
  const recall = ratio(tp, tp + fn);
  const f1 = ratio(2 * tp, 2 * tp + fp + fn);
  return {
    accuracy: ratio(tp + tn, tp + fp + tn + fn),
    precision,
    recall,
    f1,
    precision_macro: (precision + ratio(tn, tn + fn)) / 2,
    recall_macro: (recall + ratio(tn, tn + fp)) / 2,
    f1_macro: (f1 + ratio(2 * tn, 2 * tn + fp + fn)) / 2,
    mcc: ratio(tp * tn - fp * fn, Math.sqrt(tp + fp) * Math.sqrt(tp + fn) * Math.sqrt(tn + fp) * Math.sqrt(tn + fn)),
  };
}

/** Mean of -ln(probability of the true class), with probabilities kept 2^-52 away from 0 and 1. */
export function logLoss(scored: Scored, counts?: Counts): number {
  return meanLoss(scored, counts, (probability, label) => {
    const p = Math.min(Math.max(probability, Number.EPSILON), 1 - Number.EPSILON);
    return -Math.log(label === 1 ? p : 1 - p);
  });
}

/** Mean squared distance between probability and class (Brier 1950), 0 to 1. */
export function brierScore(scored: Scored, counts?: Counts): number {
  return meanLoss(scored, counts, (probability, label) => (probability - label) ** 2);
}

/** As above for K classes; the Brier score is half the squared distance of the distributions, so it is 0 to 1. */
function probabilityLosses(
  { labels, probabilities }: Scored,
  K: number,
  counts: Counts | undefined,
): { log_loss: number; brier: number } {
  let [loss, squares, total] = [0, 0, 0];
  for (let i = 0; i < labels.length; i++) {
    const times = counts ? counts[i] : 1;
    loss -= times * Math.log(Math.max(probabilities[i * K + labels[i]], Number.EPSILON));
    for (let k = 0; k < K; k++) {
      squares += (times * (probabilities[i * K + k] - (labels[i] === k ? 1 : 0)) ** 2) / 2;
    }
    total += times;
  }
  return { log_loss: loss / total, brier: squares / total };
}

function meanLoss(
  { labels, probabilities }: Scored,
  counts: Counts | undefined,
  loss: (probability: number, label: number) => number,
): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < labels.length; i++) {
    const times = counts ? counts[i] : 1;
    sum += times * loss(probabilities[i], labels[i]);
    total += times;
  }
  return sum / total;
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/** Standard error of a share of `count` > 0 independent texts. */
export function binomialError(share: number, count: number): number {
  return Math.sqrt((share * (1 - share)) / count);
}

// Order: does the model rank positive texts above negative ones? Texts of equal probability form one step, so the order
// in which they arrive changes nothing.

/** Indices of the texts by descending probability. */
export function rankByProbability({ probabilities }: Scored): Uint32Array {
  return Uint32Array.from(probabilities, (_, i) => i).sort((a, b) => probabilities[b] - probabilities[a]);
}

/**
 * Walks down the distinct probabilities. Calls `visit` with each one as a threshold, and with the number of texts of
 * either class that reach it.
 */
export function visitThresholds(
  { labels, probabilities }: Scored,
  ranking: Uint32Array,
  counts: Counts | undefined,
  visit: (truePositives: number, falsePositives: number, threshold: number) => void,
): void {
  let truePositives = 0;
  let falsePositives = 0;
  for (let k = 0; k < ranking.length; k++) {
    const i = ranking[k];
    const times = counts ? counts[i] : 1;
    if (labels[i] === 1) truePositives += times;
    else falsePositives += times;
    const threshold = probabilities[i];
    if (k + 1 === ranking.length || probabilities[ranking[k + 1]] !== threshold) {
      visit(truePositives, falsePositives, threshold);
    }
  }
}

export type RankingMetrics = {
  /** Chance that a positive text is ranked above a negative one, ties counting half (Hanley & McNeil 1982). */
  roc_auc: number;
  /** Area under the precision-recall curve as a sum of steps; interpolation would overstate it. */
  average_precision: number;
};

/** `ranking` is rankByProbability of the same texts. Both figures are NaN when a class has no text. */
export function rankingMetrics(scored: Scored, ranking: Uint32Array, counts?: Counts): RankingMetrics {
  let positives = 0;
  let negatives = 0;
  let area = 0;
  let precisions = 0;
  visitThresholds(scored, ranking, counts, (truePositives, falsePositives) => {
    area += ((falsePositives - negatives) * (truePositives + positives)) / 2;
    if (truePositives > positives) {
      precisions += ((truePositives - positives) * truePositives) / (truePositives + falsePositives);
    }
    positives = truePositives;
    negatives = falsePositives;
  });
  if (positives === 0 || negatives === 0) return { roc_auc: Number.NaN, average_precision: Number.NaN };
  return { roc_auc: area / positives / negatives, average_precision: precisions / positives };
}

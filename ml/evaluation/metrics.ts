/**
 * Measures of single texts: how many are right and how sure the model was. Names and conventions are scikit-learn's:
 * a ratio whose denominator is 0 is 0; `macro` is the plain mean over both classes.
 */
import { type Counts, classOf, type Scored } from './scored.ts';

/** The confusion matrix; "positive" is class 1. */
export type Outcomes = {
  truePositives: number;
  falsePositives: number;
  trueNegatives: number;
  falseNegatives: number;
};

export function countOutcomes({ labels, probabilities }: Scored, counts?: Counts): Outcomes {
  // Index: 2 x actual + predicted.
  const cells = [0, 0, 0, 0];
  for (let i = 0; i < labels.length; i++) {
    cells[2 * labels[i] + classOf(probabilities[i])] += counts ? counts[i] : 1;
  }
  return { trueNegatives: cells[0], falsePositives: cells[1], falseNegatives: cells[2], truePositives: cells[3] };
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
export function logLoss({ labels, probabilities }: Scored, counts?: Counts): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < labels.length; i++) {
    const times = counts ? counts[i] : 1;
    const p = Math.min(Math.max(probabilities[i], Number.EPSILON), 1 - Number.EPSILON);
    sum -= times * Math.log(labels[i] === 1 ? p : 1 - p);
    total += times;
  }
  return sum / total;
}

/** Mean squared distance of the probability from the class (Brier 1950), 0 to 1. */
export function brierScore({ labels, probabilities }: Scored, counts?: Counts): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < labels.length; i++) {
    const times = counts ? counts[i] : 1;
    sum += times * (probabilities[i] - labels[i]) ** 2;
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

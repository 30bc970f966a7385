/**
 * Every figure about a scored set of texts, under the names it keeps in reports and in MLflow.
 *
 * Three families: single texts (accuracy, F1, log loss ...), order (ROC-AUC, average precision) and calibration. Names
 * and conventions are scikit-learn's: a ratio whose denominator is 0 is 0; `macro` is the plain mean over both classes.
 * A bootstrap sample is a set with `counts`, so no measure has to copy texts.
 */
import type { Review } from '../corpus/review.ts';
import { SentimentError } from '../errors.ts';

/** Text i is of class `labels[i]` (0 or 1) and positive with probability `probabilities[i]` (0 to 1). */
export type Scored = { labels: Uint8Array; probabilities: Float64Array };

/**
 * A bootstrap sample: how many times each text counts, one entry a label. Without it, measures count each text once.
 */
export type Counts = Uint32Array;

/** The class of a probability, by the rule of ml/model: positive above 0.5. */
export function classOf(probability: number): 0 | 1 {
  return probability > 0.5 ? 1 : 0;
}

/** Scores each review. Throws NO_TEXTS, or ONE_CLASS because most measures need both classes. */
export function scoreReviews(reviews: readonly Review[], probabilityOf: (text: string) => number): Scored {
  const labels = Uint8Array.from(reviews, (review) => review.label);
  requireBothClasses(labels);
  return { labels, probabilities: Float64Array.from(reviews, (review) => probabilityOf(review.text)) };
}

function requireBothClasses(labels: Uint8Array): void {
  if (labels.length === 0) {
    throw new SentimentError('NO_TEXTS', 'there are no texts to evaluate', {
      next: 'check the source of the texts, and test_share in params.yaml',
    });
  }
  if (!labels.includes(0) || !labels.includes(1)) {
    throw new SentimentError(
      'ONE_CLASS',
      `all ${labels.length} texts to evaluate are ${labels[0] === 1 ? 'positive' : 'negative'}`,
      { next: 'evaluate on texts of both classes' },
    );
  }
}

export type Measures = ClassMetrics & RankingMetrics & CalibrationMetrics & { log_loss: number; brier: number };

export type MeasureName = keyof Measures;

/**
 * All measures of a scored set. `binCount` is the number of calibration bins. Callers that measure many samples of the
 * same texts pass `ranking`, which is rankByProbability(scored).
 */
export function measure(
  scored: Scored,
  binCount: number,
  counts?: Counts,
  ranking = rankByProbability(scored),
): Measures {
  return {
    ...classMetrics(countOutcomes(scored, counts)),
    ...rankingMetrics(scored, ranking, counts),
    log_loss: logLoss(scored, counts),
    brier: brierScore(scored, counts),
    ...calibrationMetrics(scored, binCount, counts),
  };
}

// Single texts: how many are right, and how sure the model was.

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

// Calibration: is a prediction of 80 % right four times in five? Probabilities go into bins of equal width over 0 to 1,
// each open below and closed above; a bin compares the mean probability with the observed share.

/** A bin that holds texts: mean predicted probability, observed share (both 0 to 1), number of texts. */
export type CalibrationBin = { predicted: number; observed: number; count: number };

/**
 * Neither figure is 0 for a perfectly calibrated model. Simulated on 2,000 texts with 10 bins, chance alone gives `ece`
 * 0.014 (0.007 to 0.024 in nine runs of ten) and `ece_positive` 0.021 (0.014 to 0.030).
 */
export type CalibrationMetrics = {
  /**
   * Expected calibration error on confidence (Guo, Pleiss, Sun & Weinberger 2017, equation 3): the probability of the
   * predicted class against the share of correct predictions. Half of the bins stay empty: confidence is at least 0.5.
   */
  ece: number;
  /**
   * The same on the probability of the positive class against the share of positive texts. It shows errors of the two
   * classes that cancel in `ece`, and is mostly larger.
   */
  ece_positive: number;
};

export function calibrationMetrics(scored: Scored, binCount: number, counts?: Counts): CalibrationMetrics {
  return {
    ece: expectedError(confidenceBins(scored, binCount, counts)),
    ece_positive: expectedError(positiveBins(scored, binCount, counts)),
  };
}

/** The reliability curve: bins of the probability of the positive class, ascending, empty ones left out. */
export function positiveBins({ labels, probabilities }: Scored, binCount: number, counts?: Counts): CalibrationBin[] {
  const bins = emptyBins(binCount);
  for (let i = 0; i < labels.length; i++) {
    add(bins, probabilities[i], labels[i], counts ? counts[i] : 1);
  }
  return means(bins);
}

/** Bins of the probability of the predicted class, ascending, empty ones left out. */
export function confidenceBins({ labels, probabilities }: Scored, binCount: number, counts?: Counts): CalibrationBin[] {
  const bins = emptyBins(binCount);
  for (let i = 0; i < labels.length; i++) {
    const p = probabilities[i];
    add(bins, Math.max(p, 1 - p), classOf(p) === labels[i] ? 1 : 0, counts ? counts[i] : 1);
  }
  return means(bins);
}

function emptyBins(binCount: number): CalibrationBin[] {
  return Array.from({ length: binCount }, () => ({ predicted: 0, observed: 0, count: 0 }));
}

function add(bins: CalibrationBin[], probability: number, outcome: number, times: number): void {
  const bin = bins[Math.max(0, Math.ceil(probability * bins.length) - 1)];
  bin.predicted += times * probability;
  bin.observed += times * outcome;
  bin.count += times;
}

function means(bins: CalibrationBin[]): CalibrationBin[] {
  return bins
    .filter((bin) => bin.count > 0)
    .map(({ predicted, observed, count }) => ({ predicted: predicted / count, observed: observed / count, count }));
}

function expectedError(bins: CalibrationBin[]): number {
  let sum = 0;
  let total = 0;
  for (const { predicted, observed, count } of bins) {
    sum += count * Math.abs(predicted - observed);
    total += count;
  }
  return sum / total;
}

/**
 * Calibration: is a prediction of 80 % right four times in five? Probabilities go into bins of equal width over 0 to 1,
 * each open below and closed above; a bin compares the mean probability with the observed share.
 */
import { type Counts, classOf, predictedClasses, type Scored } from './scored.ts';

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

/** Bins of the probability of the most probable class, ascending, empty ones left out. */
export function confidenceBins(scored: Scored, binCount: number, counts?: Counts): CalibrationBin[] {
  const { labels, probabilities, classes } = scored;
  const bins = emptyBins(binCount);
  if (classes) {
    const K = classes.names.length;
    const most = predictedClasses({ labels, probabilities, classes });
    for (let i = 0; i < labels.length; i++) {
      add(bins, probabilities[i * K + most[i]], most[i] === labels[i] ? 1 : 0, counts ? counts[i] : 1);
    }
    return means(bins);
  }
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

export function expectedError(bins: CalibrationBin[]): number {
  let sum = 0;
  let total = 0;
  for (const { predicted, observed, count } of bins) {
    sum += count * Math.abs(predicted - observed);
    total += count;
  }
  return sum / total;
}

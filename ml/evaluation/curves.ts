/** ROC and precision-recall curves as points for plots, thinned so that a plot of any test set stays a small file. */
import { type CalibrationBin, positiveBins } from './calibration.ts';
import { confusionMatrix, type Outcomes, outcomesOfClass, rankByProbability, visitThresholds } from './measures.ts';
import { oneAgainstRest, type Scored } from './scored.ts';

/**
 * Texts with at least the probability `threshold` are called positive. At the first point no text is, and `threshold`
 * is null.
 */
export type RocPoint = { fpr: number; tpr: number; threshold: number | null };
export type PrecisionRecallPoint = { recall: number; precision: number; threshold: number | null };

export const MAX_POINTS = 500;

/** A distance that nobody sees, as a share of the axis: half a pixel of 1,000. */
const INVISIBLE = 0.0005;

/** What plots show of one class against the rest; of two classes, only class 1 is shown. */
export type ClassCurves = {
  /** Of the class. */
  name: string;
  outcomes: Outcomes;
  roc: RocPoint[];
  precisionRecall: PrecisionRecallPoint[];
  calibration: CalibrationBin[];
};

/** `names` are those of all classes. A class without texts has no curves. */
export function curvesOf(scored: Scored, names: readonly string[], binCount: number): ClassCurves[] {
  const matrix = confusionMatrix(scored);
  const shown = names.length === 2 ? [1] : [...names.keys()].filter((k) => scored.labels.includes(k));
  return shown.map((k) => {
    const own = names.length === 2 ? scored : oneAgainstRest(scored, k, names.length);
    return {
      name: names[k],
      outcomes: outcomesOfClass(matrix, k),
      roc: thin(
        rocCurve(own),
        (point) => point.fpr,
        (point) => point.tpr,
      ),
      precisionRecall: thin(
        precisionRecallCurve(own),
        (point) => point.recall,
        (point) => point.precision,
      ),
      calibration: positiveBins(own, binCount),
    };
  });
}

/** From (0, 0) to (1, 1), one point for each distinct probability. Both classes must have texts. */
export function rocCurve(scored: Scored): RocPoint[] {
  const { positives, negatives } = classSizes(scored);
  const points: RocPoint[] = [{ fpr: 0, tpr: 0, threshold: null }];
  visitThresholds(scored, rankByProbability(scored), undefined, (truePositives, falsePositives, threshold) => {
    points.push({ fpr: falsePositives / negatives, tpr: truePositives / positives, threshold });
  });
  return points;
}

/** From recall 0, where precision is 1 by convention, to recall 1, one point for each distinct probability. */
export function precisionRecallCurve(scored: Scored): PrecisionRecallPoint[] {
  const { positives } = classSizes(scored);
  const points: PrecisionRecallPoint[] = [{ recall: 0, precision: 1, threshold: null }];
  visitThresholds(scored, rankByProbability(scored), undefined, (truePositives, falsePositives, threshold) => {
    points.push({
      recall: truePositives / positives,
      precision: truePositives / (truePositives + falsePositives),
      threshold,
    });
  });
  return points;
}

function classSizes({ labels }: Scored): { positives: number; negatives: number } {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  return { positives, negatives: labels.length - positives };
}

/**
 * Keeps at most `limit` points, in order and with both ends, by the method of Ramer (1972) and Douglas & Peucker
 * (1973): adds the point farthest from the line drawn so far until no point is visibly off it. Coordinates are 0 to 1.
 */
export function thin<P>(
  points: readonly P[],
  x: (point: P) => number,
  y: (point: P) => number,
  limit = MAX_POINTS,
): P[] {
  if (points.length <= 2) return [...points];
  const xs = Float64Array.from(points, x);
  const ys = Float64Array.from(points, y);
  const pieces = [farthest(xs, ys, 0, points.length - 1)];
  while (pieces.length + 1 < limit) {
    let worst = 0;
    for (let k = 1; k < pieces.length; k++) if (pieces[k].distance > pieces[worst].distance) worst = k;
    const { from, at, to, distance } = pieces[worst];
    if (distance < INVISIBLE) break;
    pieces.splice(worst, 1, farthest(xs, ys, from, at), farthest(xs, ys, at, to));
  }
  return [points[0], ...pieces.map((piece) => points[piece.to])];
}

type Piece = { from: number; to: number; at: number; distance: number };

function farthest(xs: Float64Array, ys: Float64Array, from: number, to: number): Piece {
  const dx = xs[to] - xs[from];
  const dy = ys[to] - ys[from];
  const length = dx * dx + dy * dy;
  let at = from;
  let distance = 0;
  for (let i = from + 1; i < to; i++) {
    const px = xs[i] - xs[from];
    const py = ys[i] - ys[from];
    const along = length === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length));
    const off = Math.hypot(px - along * dx, py - along * dy);
    if (off > distance) {
      distance = off;
      at = i;
    }
  }
  return { from, to, at, distance };
}

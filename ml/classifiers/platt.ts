/**
 * Platt's calibration: the slope and offset that turn raw scores into log-odds (Platt 1999, with his targets, which lie
 * a little inside 0 and 1; solved by Newton's method with a backtracking step as in Lin, Lin & Weng 2007).
 *
 * Texts can be in two groups with a slope each: those that show a sign (ml/text/signs.ts) and the others. Both share the
 * offset, so the group alone speaks for no class.
 */
import { sigmoid, softplus } from './logistic_loss.ts';

export type Platt = {
  slope: number;
  offset: number;
  /** The slope of texts that show a sign is this many times `slope`; undefined if they have none of their own. */
  signs?: number;
};

/** Fewer texts of a class in a group leave its slope to chance: its standard error is about 3 / sqrt(texts). */
const LEAST_IN_GROUP = 50;

/**
 * `scores`, `labels` (0 or 1), `weight` and `signs` (0 or 1) have the same length. A single class gives slope 1 and offset 0.
 * With balanced weights, the probabilities are those of a population with as many texts of either class. Without `signs`,
 * or with few texts of a class in a group, there is one slope.
 */
export function fitPlatt(
  scores: Float64Array,
  labels: Uint8Array,
  weight: Float64Array,
  signs?: Uint8Array | undefined,
): Platt {
  if (signs && canPart(labels, signs)) {
    const { slopes, offset } = fitSlopes(scores, labels, weight, signs);
    if (slopes[0] > 0 && slopes[1] > 0) return { slope: slopes[0], offset, signs: slopes[1] / slopes[0] };
  }
  const { slopes, offset } = fitSlopes(scores, labels, weight, new Uint8Array(labels.length));
  return { slope: slopes[0], offset };
}

function canPart(labels: Uint8Array, signs: Uint8Array): boolean {
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < labels.length; i++) counts[2 * signs[i] + labels[i]]++;
  return Math.min(...counts) >= LEAST_IN_GROUP;
}

/** A slope for group 0 and one for group 1, and their common offset. The slope of a group without texts stays 0. */
function fitSlopes(
  scores: Float64Array,
  labels: Uint8Array,
  weight: Float64Array,
  groups: Uint8Array,
): { slopes: [number, number]; offset: number } {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const negatives = labels.length - positives;
  if (positives === 0 || negatives === 0) return { slopes: [1, 1], offset: 0 };
  const high = (positives + 1) / (positives + 2);
  const low = 1 / (negatives + 2);
  const slopes: [number, number] = [0, 0];
  let offset = Math.log((positives + 1) / (negatives + 1));
  const loss = (first: number, second: number, b: number) => {
    let sum = 0;
    for (let i = 0; i < scores.length; i++) {
      const z = (groups[i] === 0 ? first : second) * scores[i] + b;
      sum += weight[i] * (softplus(z) - (labels[i] === 1 ? high : low) * z);
    }
    return sum;
  };
  let current = loss(...slopes, offset);
  for (let step = 0; step < 100; step++) {
    // Gradient and curvature of each slope, and what it has in common with the offset.
    const ga = [0, 0];
    const haa = [1e-12, 1e-12];
    const hab = [0, 0];
    let [gb, hbb] = [0, 1e-12];
    for (let i = 0; i < scores.length; i++) {
      const s = scores[i];
      const g = groups[i];
      const p = sigmoid(slopes[g] * s + offset);
      const residual = weight[i] * (p - (labels[i] === 1 ? high : low));
      const curvature = weight[i] * p * (1 - p);
      ga[g] += residual * s;
      gb += residual;
      haa[g] += curvature * s * s;
      hab[g] += curvature * s;
      hbb += curvature;
    }
    if (Math.abs(ga[0]) + Math.abs(ga[1]) + Math.abs(gb) < 1e-9 * scores.length) break;
    // The slopes meet only through the offset, so that is solved for first.
    const left = (g: number) => hab[g] / haa[g];
    const db = -(gb - left(0) * ga[0] - left(1) * ga[1]) / (hbb - left(0) * hab[0] - left(1) * hab[1]);
    const da = [0, 1].map((g) => -(ga[g] + hab[g] * db) / haa[g]);
    const fall = ga[0] * da[0] + ga[1] * da[1] + gb * db;
    const after = (length: number) =>
      loss(slopes[0] + length * da[0], slopes[1] + length * da[1], offset + length * db);
    let length = 1;
    let next = after(length);
    while (length > 1e-10 && !(next < current + 1e-4 * length * fall)) {
      length /= 2;
      next = after(length);
    }
    if (!(next < current)) break;
    slopes[0] += length * da[0];
    slopes[1] += length * da[1];
    offset += length * db;
    current = next;
  }
  return { slopes, offset };
}

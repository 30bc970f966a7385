/**
 * Platt's calibration: the slope and offset that turn raw scores into log-odds (Platt 1999, with his targets, which lie
 * a little inside 0 and 1; solved by Newton's method with a backtracking step as in Lin, Lin & Weng 2007).
 */
import { sigmoid, softplus } from './logistic_loss.ts';

/**
 * `scores`, `labels` (0 or 1) and `weight` have the same length. A single class gives slope 1 and offset 0. With balanced
 * weights, the probabilities are those of a population with as many texts of either class.
 */
export function fitPlatt(
  scores: Float64Array,
  labels: Uint8Array,
  weight: Float64Array,
): { slope: number; offset: number } {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const negatives = labels.length - positives;
  if (positives === 0 || negatives === 0) return { slope: 1, offset: 0 };
  const high = (positives + 1) / (positives + 2);
  const low = 1 / (negatives + 2);
  let slope = 0;
  let offset = Math.log((positives + 1) / (negatives + 1));
  const loss = (a: number, b: number) => {
    let sum = 0;
    for (let i = 0; i < scores.length; i++) {
      const z = a * scores[i] + b;
      sum += weight[i] * (softplus(z) - (labels[i] === 1 ? high : low) * z);
    }
    return sum;
  };
  let current = loss(slope, offset);
  for (let step = 0; step < 100; step++) {
    let [ga, gb, haa, hab, hbb] = [0, 0, 1e-12, 0, 1e-12];
    for (let i = 0; i < scores.length; i++) {
      const s = scores[i];
      const p = sigmoid(slope * s + offset);
      const residual = weight[i] * (p - (labels[i] === 1 ? high : low));
      const curvature = weight[i] * p * (1 - p);
      ga += residual * s;
      gb += residual;
      haa += curvature * s * s;
      hab += curvature * s;
      hbb += curvature;
    }
    if (Math.abs(ga) + Math.abs(gb) < 1e-9 * scores.length) break;
    const determinant = haa * hbb - hab * hab;
    const da = -(hbb * ga - hab * gb) / determinant;
    const db = -(haa * gb - hab * ga) / determinant;
    let length = 1;
    let next = loss(slope + da, offset + db);
    while (length > 1e-10 && !(next < current + 1e-4 * length * (ga * da + gb * db))) {
      length /= 2;
      next = loss(slope + length * da, offset + length * db);
    }
    if (!(next < current)) break;
    slope += length * da;
    offset += length * db;
    current = next;
  }
  return { slope, offset };
}

/**
 * Calibration of more than two classes: a slope and an offset for each class that turn raw scores into the scores of a
 * softmax (vector scaling, Guo, Pleiss, Sun & Weinberger 2017, section 4.2). It is Platt's calibration (platt.ts) with
 * more classes: a text of class k, of which there are N_k, has the target (N_k + 1) / (N_k + K) for k and 1 / (N_k + K)
 * for each other class, and Newton's method with a backtracking step finds the minimum of the loss, which is convex.
 *
 * Scores stay sums over words, so explanations stay exact. A slope below 0 would turn a word for a class into a word
 * against it: it is held at 0, where only the offset speaks for the class.
 */
import { logSumExp, solveSymmetric } from './softmax.ts';

/** A value for each class. */
export type VectorScaling = { slopes: number[]; offsets: number[] };

/** `scores` holds K values a text, side by side; `weight` one a text. Every class needs a text. */
export function fitVectorScaling(
  scores: Float64Array,
  labels: Uint8Array,
  weight: Float64Array,
  K: number,
): VectorScaling {
  const isHeld = new Array<boolean>(K).fill(false);
  for (;;) {
    const found = fitScaling(scores, labels, weight, isHeld);
    if (found.slopes.every((slope) => slope >= 0)) return found;
    found.slopes.forEach((slope, k) => {
      if (slope < 0) isHeld[k] = true;
    });
  }
}

function fitScaling(
  scores: Float64Array,
  labels: Uint8Array,
  weight: Float64Array,
  isHeld: readonly boolean[],
): VectorScaling {
  const K = isHeld.length;
  const sizes = new Float64Array(K);
  for (const label of labels) sizes[label]++;
  const size = 2 * K;
  const total = weight.reduce((sum, value) => sum + value, 0);
  const targetOf = (label: number, k: number) => (label === k ? sizes[label] + 1 : 1) / (sizes[label] + K);
  const z = new Float64Array(K);
  const scoreAt = (i: number, at: Float64Array) => {
    for (let k = 0; k < K; k++) z[k] = at[k] * scores[i * K + k] + at[K + k];
  };
  const loss = (at: Float64Array) => {
    let sum = 0;
    for (let i = 0; i < labels.length; i++) {
      scoreAt(i, at);
      let reached = 0;
      for (let k = 0; k < K; k++) reached += targetOf(labels[i], k) * z[k];
      sum += weight[i] * (logSumExp(z) - reached);
    }
    return sum;
  };
  // Slopes, then offsets.
  let point = new Float64Array(size);
  for (let k = 0; k < K; k++) point[k] = isHeld[k] ? 0 : 1;
  let current = loss(point);
  const factors = new Float64Array(size);
  for (let round = 0; round < 100; round++) {
    const gradient = new Float64Array(size);
    const hessian = new Float64Array(size * size);
    for (let i = 0; i < labels.length; i++) {
      scoreAt(i, point);
      const top = logSumExp(z);
      for (let k = 0; k < K; k++) {
        const p = Math.exp(z[k] - top);
        const residual = weight[i] * (p - targetOf(labels[i], k));
        const score = isHeld[k] ? 0 : scores[i * K + k];
        gradient[k] += residual * score;
        gradient[K + k] += residual;
        factors[k] = p * score;
        factors[K + k] = p;
        const curvature = weight[i] * p;
        hessian[k * size + k] += curvature * score * score;
        hessian[k * size + K + k] += curvature * score;
        hessian[(K + k) * size + k] += curvature * score;
        hessian[(K + k) * size + K + k] += curvature;
      }
      for (let a = 0; a < size; a++) {
        const factor = weight[i] * factors[a];
        for (let b = 0; b < size; b++) hessian[a * size + b] -= factor * factors[b];
      }
    }
    if (gradient.every((value) => Math.abs(value) < 1e-9 * total)) break;
    // Equal offsets change nothing: this makes Newton's step unique. The rest keeps a flat direction solvable.
    for (let a = K; a < size; a++) for (let b = K; b < size; b++) hessian[a * size + b] += total / K;
    for (let a = 0; a < size; a++) hessian[a * size + a] += 1e-9 * total;
    const step = solveSymmetric(hessian, gradient);
    const fall = gradient.reduce((sum, value, a) => sum + value * step[a], 0);
    let length = 1;
    const after = () => point.map((value, a) => value - length * step[a]);
    let next = loss(after());
    while (length > 1e-10 && !(next < current - 1e-4 * length * fall)) {
      length /= 2;
      next = loss(after());
    }
    if (!(next < current)) break;
    point = after();
    current = next;
  }
  return { slopes: [...point.subarray(0, K)], offsets: [...point.subarray(K)] };
}

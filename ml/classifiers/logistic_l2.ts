/**
 * Logistic regression with the l2 penalty, by dual coordinate ascent.
 *
 *     minimise  1/2 |w|^2 + sum_i c_i [ ln(1 + e^{z_i}) - t_i z_i ],   z_i = w.x_i + b,   c_i = C x weight_i
 *
 * The dual keeps one number per text, p_i, the probability it would be given, with w = sum_i c_i (t_i - p_i) x_i. Each
 * step solves for one p_i exactly, given the others (Yu, Huang & Lin 2011; here with a target t_i anywhere in [0, 1], so
 * graded labels cost nothing extra). The intercept is free of penalty: it is the multiplier of the dual's constraint
 * sum_i c_i (t_i - p_i) = 0 and moves by a Newton step after each pass.
 *
 * Convergence is proven, not guessed: with b at its best for w, the objective is 1-strongly convex in w, so it lies
 * within 1/2 |gradient|^2 of its minimum.
 */
import { dot } from '../features/csr.ts';
import { createRandom, shuffle } from '../random.ts';
import { bestIntercept, logisticLoss, margins, sigmoid } from './logistic.ts';
import type { LinearModel, LogisticRegressionSettings, OnProgress, TrainingSet } from './types.ts';

export function fitL2(
  { x, target, weight }: TrainingSet,
  settings: LogisticRegressionSettings,
  onProgress?: OnProgress,
): LinearModel {
  const { rowCount } = x;
  const cost = weight.map((value) => value * settings.C);
  const weights = new Float64Array(x.columnCount);
  // p = t makes w = 0; steps move p inside (0, 1).
  const p = target.slice();
  const curvature = rowNormsTimesCost(x.start, x.values, cost);
  const random = createRandom(settings.seed);
  const order = Uint32Array.from({ length: rowCount }, (_, i) => i);
  const margin = new Float64Array(rowCount);
  let intercept = 0;
  let nextCheck = 4;
  for (let iterations = 1; ; iterations++) {
    shuffle(order, random);
    let slack = 0;
    let stiffness = 0;
    for (const i of order) {
      const c = cost[i];
      if (c === 0) continue;
      const old = p[i];
      const now = solveOne(dot(x, i, weights) + intercept, curvature[i], old);
      p[i] = now;
      addRow(x.start, x.columns, x.values, i, c * (old - now), weights);
      slack += c * (now - target[i]);
      stiffness += c * now * (1 - now);
    }
    if (stiffness > 0) intercept -= Math.max(-1, Math.min(1, slack / stiffness));
    const last = iterations >= settings.max_iterations;
    if (iterations < nextCheck && !last) continue;
    nextCheck = iterations + Math.max(2, iterations >> 2);

    margins(x, weights, margin);
    const b = bestIntercept(margin, intercept, target, cost);
    const objective = halfSquares(weights) + logisticLoss(margin, b, target, cost);
    const gap = halfSquaredGradient(x, weights, margin, b, target, cost) / objective;
    onProgress?.(iterations, gap);
    const converged = gap <= settings.tolerance;
    if (converged || last) return { weights, intercept: b, iterations, objective, gap, converged };
    intercept = b;
  }
}

/**
 * The p' with logit(p') = z - q (p' - p): the best p_i when z is the score now and q = c_i |x_i|^2. Newton's method on
 * u = logit(p'), kept between bounds that close in on the root.
 */
function solveOne(z: number, q: number, p: number): number {
  const goal = z + q * p;
  let low = goal - q;
  let high = goal;
  let u = Math.min(high, Math.max(low, z));
  let probability = sigmoid(u);
  for (let step = 0; step < 30; step++) {
    const excess = u + q * probability - goal;
    if (Math.abs(excess) <= 1e-9 * (1 + Math.abs(goal))) break;
    if (excess > 0) high = u;
    else low = u;
    const next = u - excess / (1 + q * probability * (1 - probability));
    u = next > low && next < high ? next : (low + high) / 2;
    probability = sigmoid(u);
  }
  return probability;
}

function rowNormsTimesCost(start: Uint32Array, values: Float32Array, cost: Float64Array): Float64Array {
  const result = new Float64Array(cost.length);
  for (let i = 0; i < cost.length; i++) {
    let sum = 0;
    for (let k = start[i]; k < start[i + 1]; k++) sum += values[k] * values[k];
    result[i] = sum * cost[i];
  }
  return result;
}

function addRow(
  start: Uint32Array,
  columns: Uint32Array,
  values: Float32Array,
  row: number,
  factor: number,
  into: Float64Array,
): void {
  const end = start[row + 1];
  for (let k = start[row]; k < end; k++) into[columns[k]] += factor * values[k];
}

function halfSquares(vector: Float64Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return sum / 2;
}

function halfSquaredGradient(
  x: TrainingSet['x'],
  weights: Float64Array,
  margin: Float64Array,
  intercept: number,
  target: Float64Array,
  cost: Float64Array,
): number {
  const gradient = weights.slice();
  for (let i = 0; i < margin.length; i++) {
    const residual = cost[i] * (sigmoid(margin[i] + intercept) - target[i]);
    addRow(x.start, x.columns, x.values, i, residual, gradient);
  }
  return halfSquares(gradient);
}

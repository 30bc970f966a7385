/**
 * Multinomial logistic regression (softmax) with the l2 penalty, by dual coordinate ascent. For K classes:
 *
 *     minimise  1/2 sum_k |w_k|^2 + sum_i c_i [ ln sum_k e^{z_ik} - sum_k t_ik z_ik ],   z_ik = w_k.x_i + b_k
 *
 * with c_i = C x weight_i and a target distribution t_i over the classes. This is logistic_l2.ts with a distribution p_i
 * in place of one probability: w_k = sum_i c_i (t_ik - p_ik) x_i, each step solves for one p_i exactly, given the others
 * (Yu, Huang & Lin 2011, section 5, there by pairs of classes), the free intercepts demand sum_i c_i (t_ik - p_ik) = 0,
 * which the method of multipliers meets, and a feasible point of the dual proves how near the minimum is.
 *
 * Two classes with C / 2 have the minimum of logistic_l2.ts with C: their weights are half of its weights and minus that.
 */
import { type Csr, scoreRow } from '../features/csr.ts';
import { createRandom, shuffle } from '../random.ts';
import { type LinearModel, outputsOf, type TrainingSet } from './classifier.ts';
import { type LogisticRegressionSettings, stepCurvature } from './logistic_loss.ts';
import { bestIntercepts, distributionEntropy, softmaxInto, softmaxLoss } from './softmax.ts';

/** `set` holds K target values a text, also for two classes. */
export function fitMultinomialL2(set: TrainingSet, settings: LogisticRegressionSettings): LinearModel {
  const { x, target, weight } = set;
  const { rowCount } = x;
  const K = outputsOf(set);
  const cost = weight.map((value) => value * settings.C);
  // Interleaved: the weights of a column for all classes stand side by side.
  const weights = new Float64Array(x.columnCount * K);
  // p = t makes w = 0; steps move p inside the simplex.
  const p = target.slice();
  const curvature = stepCurvature(x, cost);
  const random = createRandom(settings.seed);
  const order = Uint32Array.from({ length: rowCount }, (_, i) => i);
  const scores = new Float64Array(rowCount * K);
  const multipliers = new Float64Array(K);
  // sum_i c_i (t_ik - p_ik): 0 at the solution.
  const slack = new Float64Array(K);
  const z = new Float64Array(K);
  const change = new Float64Array(K);
  const step = simplexStep(K);
  let nextCheck = 4;
  for (let iterations = 1; ; iterations++) {
    shuffle(order, random);
    for (const i of order) {
      const c = cost[i];
      if (c === 0) continue;
      for (let k = 0; k < K; k++) z[k] = multipliers[k] + slack[k];
      scoreRow(x, i, weights, z);
      const at = i * K;
      for (let k = 0; k < K; k++) change[k] = p[at + k];
      step(z, curvature[i], p, at);
      for (let k = 0; k < K; k++) {
        change[k] = c * (change[k] - p[at + k]);
        slack[k] += change[k];
      }
      addRow(x, i, change, weights);
    }
    for (let k = 0; k < K; k++) multipliers[k] += slack[k];
    const last = iterations >= settings.max_iterations;
    if (iterations < nextCheck && !last) continue;
    nextCheck = iterations + Math.max(2, iterations >> 2);

    scores.fill(0);
    for (let i = 0; i < rowCount; i++) scoreRow(x, i, weights, scores.subarray(i * K, (i + 1) * K));
    const intercepts = bestIntercepts(scores, multipliers, target, cost);
    const objective = halfSquares(weights) + softmaxLoss(scores, intercepts, target, cost);
    const gap = (objective - dualValue(x, weights, p, target, cost, K)) / objective;
    const converged = gap <= settings.tolerance;
    if (converged || last) return { weights, intercepts, iterations, objective, gap, converged };
  }
}

/**
 * A function that replaces the distribution p[at..at+K) by the p' with ln p'_k = z_k - q (p'_k - p_k) - s, where s makes
 * the sum 1: the best p_i for the present scores z and q = c_i (|x_i|^2 + 1).
 *
 * The sum falls with s, so Newton's method in s, kept between bounds that close in, finds it; u_k = ln p'_k follows from
 * s by Newton's method on the convex u + q e^u.
 */
function simplexStep(K: number) {
  const goal = new Float64Array(K);
  const u = new Float64Array(K);
  return (z: Float64Array, q: number, p: Float64Array, at: number): void => {
    let top = Number.NEGATIVE_INFINITY;
    let topScore = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < K; k++) {
      goal[k] = z[k] + q * p[at + k];
      if (goal[k] > top) top = goal[k];
      if (z[k] > topScore) topScore = z[k];
    }
    let sum = 0;
    for (let k = 0; k < K; k++) sum += Math.exp(z[k] - topScore);
    // No p' exceeds 1, and one of them is at least 1/K.
    let low = top - q;
    let high = top - q / K + Math.log(K);
    let s = Math.min(high, Math.max(low, topScore + Math.log(sum)));
    for (let k = 0; k < K; k++) u[k] = z[k] - s;
    for (let round = 0; round < 60; round++) {
      sum = 0;
      let slope = 0;
      for (let k = 0; k < K; k++) {
        u[k] = logShare(goal[k] - s, q, u[k]);
        const share = Math.exp(u[k]);
        p[at + k] = share;
        sum += share;
        slope += share / (1 + q * share);
      }
      if (Math.abs(sum - 1) <= 1e-10) break;
      if (sum > 1) low = s;
      else high = s;
      const next = s + (sum - 1) / slope;
      s = next > low && next < high ? next : (low + high) / 2;
    }
    for (let k = 0; k < K; k++) p[at + k] /= sum;
  };
}

/** The u with u + q e^u = y, for y <= q, so that u <= 0. */
function logShare(y: number, q: number, start: number): number {
  const most = Math.min(0, y);
  let u = Math.min(start, most);
  for (let round = 0; round < 60; round++) {
    const share = q * Math.exp(u);
    const excess = u + share - y;
    if (Math.abs(excess) <= 1e-10 * (1 + Math.abs(y))) break;
    // From the left of the root the first step may go too far to the right; from the right no step goes beyond it.
    u = Math.min(most, u - excess / (1 + share));
  }
  return u;
}

function addRow({ start, columns, values }: Csr, row: number, factors: Float64Array, into: Float64Array): void {
  const K = factors.length;
  const end = start[row + 1];
  for (let at = start[row]; at < end; at++) {
    const value = values[at];
    const base = columns[at] * K;
    for (let k = 0; k < K; k++) into[base + k] += factors[k] * value;
  }
}

function halfSquares(vector: Float64Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return sum / 2;
}

/** -1/2 |w(p)|^2 + sum_i c_i H(p_i), with p shifted on the log scale until it meets the constraint. `weights` is w(p) before. */
function dualValue(
  x: Csr,
  weights: Float64Array,
  p: Float64Array,
  target: Float64Array,
  cost: Float64Array,
  K: number,
): number {
  const logs = p.map((value) => Math.log(Math.max(value, 1e-300)));
  const shift = bestIntercepts(logs, new Float64Array(K), target, cost);
  const moved = weights.slice();
  const feasible = new Float64Array(K);
  const change = new Float64Array(K);
  let value = 0;
  for (let i = 0; i < cost.length; i++) {
    if (cost[i] === 0) continue;
    for (let k = 0; k < K; k++) feasible[k] = logs[i * K + k] + shift[k];
    softmaxInto(feasible, feasible);
    for (let k = 0; k < K; k++) change[k] = cost[i] * (p[i * K + k] - feasible[k]);
    addRow(x, i, change, moved);
    value += cost[i] * distributionEntropy(feasible);
  }
  return value - halfSquares(moved);
}

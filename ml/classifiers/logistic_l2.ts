/**
 * Logistic regression with the l2 penalty, by dual coordinate ascent.
 *
 *     minimise  1/2 |w|^2 + sum_i c_i [ ln(1 + e^{z_i}) - t_i z_i ],   z_i = w.x_i + b,   c_i = C x weight_i
 *
 * The dual has one number per text, p_i, the text's probability, with w = sum_i c_i (t_i - p_i) x_i. Each step solves for
 * one p_i exactly, given the others (Yu, Huang & Lin 2011; here with a target t_i anywhere in [0, 1], so graded labels
 * cost nothing extra). The intercept carries no penalty, which puts the constraint sum_i c_i (t_i - p_i) = 0 on the dual.
 * The method of multipliers (Hestenes 1969, Powell 1969) meets it: within a pass b is the multiplier plus that sum, and
 * after a pass the sum is added to the multiplier. A pass costs as much as with a penalised intercept, and six to ten
 * passes suffice.
 *
 * Convergence is proven: the p_i, of which those on one side are moved towards t_i until they meet the constraint, are a feasible
 * point of the dual, and the minimum lies between its value and the objective.
 */
import type { Csr } from '../features/csr.ts';
import { createRandom, shuffle } from '../random.ts';
import type { LinearModel, TrainingSet } from './classifier.ts';
import {
  bestIntercept,
  entropy,
  type LogisticRegressionSettings,
  logisticLoss,
  margins,
  sigmoid,
  stepCurvature,
} from './logistic_loss.ts';

/** A text of weight 0 takes no part. */
export function fitL2({ x, target, weight }: TrainingSet, settings: LogisticRegressionSettings): LinearModel {
  const cost = weight.map((value) => value * settings.C);
  // p = t makes w = 0; steps move p inside (0, 1).
  const state: State = { p: target.slice(), weights: new Float64Array(x.columnCount), multiplier: 0, slack: 0 };
  const { p, weights } = state;
  const curvature = stepCurvature(x, cost);
  const random = createRandom(settings.seed);
  const order = Uint32Array.from(cost, (_, i) => i).filter((i) => cost[i] > 0);
  const margin = new Float64Array(x.rowCount);
  let before = 0;
  for (let iterations = 1; ; iterations++) {
    shuffle(order, random);
    const gapInPass = pass(x, order, cost, curvature, state);
    // The proof costs half a pass, so it waits until it is likely to succeed: a pass shrinks the gap about as the last did.
    const expected = gapInPass * Math.min(1, gapInPass / before);
    before = gapInPass;
    const last = iterations >= settings.max_iterations;
    if (!last && !(expected <= 1.5 * settings.tolerance * dualAt(weights, p, cost))) continue;

    margins(x, weights, margin);
    const b = bestIntercept(margin, state.multiplier, target, cost);
    const objective = halfSquares(weights) + logisticLoss(margin, b, target, cost);
    const gap = (objective - feasibleDual(weights, margin, p, target, cost, curvature)) / objective;
    const converged = gap <= settings.tolerance;
    if (converged || last) return { weights, intercepts: Float64Array.of(b), iterations, objective, gap, converged };
  }
}

/** `weights` is w(p) throughout; `slack` is sum_i c_i (t_i - p_i), 0 at the solution. */
type State = { p: Float64Array; weights: Float64Array<ArrayBuffer>; multiplier: number; slack: number };

/**
 * Solves for each p_i in the given order. Returns the gap that the texts had when their turn came, about
 * sum_i c_i KL(p_i || sigmoid(z_i)): an estimate, since the weights change on the way.
 */
function pass(
  { start, columns, values }: Csr,
  order: Uint32Array,
  cost: Float64Array,
  curvature: Float64Array,
  state: State,
): number {
  const { p, weights, multiplier } = state;
  let { slack } = state;
  let gap = 0;
  for (const i of order) {
    const from = start[i];
    const end = start[i + 1];
    // Written out here: a call a row costs a third of the time.
    let z = multiplier + slack;
    for (let k = from; k < end; k++) z += values[k] * weights[columns[k]];
    const goal = sigmoid(z);
    const c = cost[i];
    const old = p[i];
    gap += (c * (goal - old) ** 2) / (2 * goal * (1 - goal) + 1e-12);
    const now = solveOne(z, goal, curvature[i], old);
    p[i] = now;
    const change = c * (old - now);
    slack += change;
    for (let k = from; k < end; k++) weights[columns[k]] += change * values[k];
  }
  state.slack = slack;
  state.multiplier += slack;
  return gap;
}

/**
 * The p' with logit(p') = z - q (p' - p): the best p_i for the present score z, `goal` = sigmoid(z) and q = c_i |x_i|^2.
 * Newton's method on u = logit(p') from z, kept between bounds that close in on the root.
 */
function solveOne(z: number, goal: number, q: number, p: number): number {
  const sum = z + q * p;
  const enough = 1e-5 * q * Math.abs(goal - p) + 1e-12;
  let low = sum - q;
  let high = sum;
  let u = z;
  let probability = goal;
  for (let step = 0; step < 30; step++) {
    const excess = u + q * probability - sum;
    if (Math.abs(excess) <= enough) break;
    if (excess > 0) high = u;
    else low = u;
    const next = u - excess / (1 + q * probability * (1 - probability));
    u = next > low && next < high ? next : (low + high) / 2;
    probability = sigmoid(u);
  }
  return probability;
}

function halfSquares(vector: Float64Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return sum / 2;
}

/** -1/2 |w(p)|^2 + sum_i c_i H(p_i), which no objective lies below once p meets the constraint. */
function dualAt(weights: Float64Array, p: Float64Array, cost: Float64Array): number {
  let value = -halfSquares(weights);
  for (let i = 0; i < p.length; i++) value += cost[i] * entropy(p[i]);
  return value;
}

/**
 * A value that the dual has at least at a point which meets the constraint. With a_i = c_i (t_i - p_i), whose sum s should be 0, the
 * a_i of the sign of s shrink by the share that makes it so. `weights` is w(p) before. Its move v = share x sum of a_i x_i
 * is not computed, which would cost a pass: w.v is a sum of margins, and |v| is at most share x sum of |a_i| |x_i|, which is
 * small as s is.
 */
function feasibleDual(
  weights: Float64Array,
  margin: Float64Array,
  p: Float64Array,
  target: Float64Array,
  cost: Float64Array,
  curvature: Float64Array,
): number {
  let slack = 0;
  let size = 0;
  for (let i = 0; i < p.length; i++) {
    const a = cost[i] * (target[i] - p[i]);
    slack += a;
    size += Math.abs(a);
  }
  const sign = slack < 0 ? -1 : 1;
  // The a_i of this sign add up to (size + |slack|) / 2 in size.
  const share = slack === 0 ? 0 : (2 * Math.abs(slack)) / (size + Math.abs(slack));
  let along = 0;
  let length = 0;
  let entropies = 0;
  for (let i = 0; i < p.length; i++) {
    if (cost[i] === 0) continue;
    const a = cost[i] * (target[i] - p[i]);
    let moved = p[i];
    if (a * sign > 0) {
      moved += share * (target[i] - p[i]);
      along += share * a * margin[i];
      length += share * Math.abs(a) * Math.sqrt(Math.max(0, curvature[i] / cost[i] - 1));
    }
    entropies += cost[i] * entropy(moved);
  }
  return along - halfSquares(weights) - length ** 2 / 2 + entropies;
}

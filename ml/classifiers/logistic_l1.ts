/**
 * Logistic regression with the l1 penalty, by coordinate descent with one-dimensional Newton steps.
 *
 *     minimise  |w|_1 + sum_i c_i [ ln(1 + e^{z_i}) - t_i z_i ],   z_i = w.x_i + b,   c_i = C x weight_i
 *
 * Each step minimises the second-order model of the loss in one weight, soft-thresholds it, and halves it until the
 * objective falls enough (Yuan, Chang, Hsieh & Lin 2010, section 4.1). The intercept is free of penalty. Convergence is
 * proven by the duality gap: the residuals, scaled until no column's correlation with them exceeds 1, are a feasible
 * point of the dual (Koh, Kim & Boyd 2007).
 */
import { type Csc, toColumns } from '../features/csr.ts';
import { createRandom, shuffle } from '../random.ts';
import type { LinearModel, TrainingSet } from './classifier.ts';
import {
  bestIntercept,
  entropy,
  type LogisticRegressionSettings,
  logisticLoss,
  margins,
  sigmoid,
  softplus,
} from './logistic_loss.ts';

const SUFFICIENT_DECREASE = 0.01;
const LEAST_CURVATURE = 1e-12;
const ACTIVE_PASSES = 20;

/** `weights` has one number a column, the other arrays one a text. */
type Fit = {
  columns: Csc;
  target: Float64Array;
  cost: Float64Array;
  weights: Float64Array<ArrayBuffer>;
  margin: Float64Array;
  probability: Float64Array;
};

export function fitL1({ x, target, weight }: TrainingSet, settings: LogisticRegressionSettings): LinearModel {
  const fit: Fit = {
    columns: toColumns(x),
    target,
    cost: weight.map((value) => value * settings.C),
    weights: new Float64Array(x.columnCount),
    margin: new Float64Array(x.rowCount),
    probability: new Float64Array(x.rowCount),
  };
  const { cost, weights, margin, probability } = fit;
  const random = createRandom(settings.seed);
  const all = Uint32Array.from({ length: x.columnCount }, (_, j) => j);
  let intercept = 0;
  for (let iterations = 1; ; iterations++) {
    pass(all);
    // Few weights are not zero: extra passes over these between two passes over all halve the time.
    const active = all.filter((j) => weights[j] !== 0);
    for (let k = 0; k < ACTIVE_PASSES; k++) pass(active);
    // Steps add rounding errors to the margins; a new sum now and then removes them.
    if (iterations % 10 === 0) margins(x, weights, margin);
    intercept = bestIntercept(margin, intercept, target, cost);
    const objective = absoluteSum(weights) + logisticLoss(margin, intercept, target, cost);
    const gap = (objective - dualValue(fit, intercept)) / objective;
    const converged = gap <= settings.tolerance;
    if (converged || iterations >= settings.max_iterations) {
      return { weights, intercepts: Float64Array.of(intercept), iterations, objective, gap, converged };
    }
  }

  function pass(order: Uint32Array): void {
    intercept = bestIntercept(margin, intercept, target, cost);
    for (let i = 0; i < margin.length; i++) probability[i] = sigmoid(margin[i] + intercept);
    for (const j of shuffle(order, random)) step(fit, j, intercept);
  }
}

/** Changes one weight, and the margins and probabilities of the texts that have its column. */
function step(fit: Fit, j: number, intercept: number): void {
  const { columns, target, cost, weights, margin, probability } = fit;
  const { rows, values } = columns;
  const from = columns.start[j];
  const to = columns.start[j + 1];
  let gradient = 0;
  let curvature = LEAST_CURVATURE;
  for (let k = from; k < to; k++) {
    const i = rows[k];
    const p = probability[i];
    gradient += values[k] * cost[i] * (p - target[i]);
    curvature += values[k] * values[k] * cost[i] * p * (1 - p);
  }
  const old = weights[j];
  let change = softThreshold(old - gradient / curvature, 1 / curvature) - old;
  if (change === 0) return;
  const slope = gradient * change + Math.abs(old + change) - Math.abs(old);
  for (let halvings = 0; halvings < 30; halvings++) {
    const rise = objectiveChange(fit, j, change, intercept);
    if (rise <= SUFFICIENT_DECREASE * slope * 0.5 ** halvings) break;
    change /= 2;
    if (halvings === 29) return;
  }
  weights[j] = old + change;
  for (let k = from; k < to; k++) {
    const i = rows[k];
    margin[i] += change * values[k];
    probability[i] = sigmoid(margin[i] + intercept);
  }
}

function objectiveChange(
  { columns, target, cost, weights, margin }: Fit,
  j: number,
  change: number,
  intercept: number,
) {
  const { start, rows, values } = columns;
  let sum = Math.abs(weights[j] + change) - Math.abs(weights[j]);
  for (let k = start[j]; k < start[j + 1]; k++) {
    const i = rows[k];
    const z = margin[i] + intercept;
    const move = change * values[k];
    sum += cost[i] * (softplus(z + move) - softplus(z) - target[i] * move);
  }
  return sum;
}

function softThreshold(value: number, by: number): number {
  if (value > by) return value - by;
  return value < -by ? value + by : 0;
}

function absoluteSum(vector: Float64Array): number {
  let sum = 0;
  for (const value of vector) sum += Math.abs(value);
  return sum;
}

/** Value of the dual at the residuals, scaled to be feasible. `intercept` must be the best one for the margins. */
function dualValue({ columns, target, cost, margin }: Fit, intercept: number): number {
  const residual = new Float64Array(margin.length);
  for (let i = 0; i < margin.length; i++) residual[i] = target[i] - sigmoid(margin[i] + intercept);
  let largest = 1;
  for (let j = 0; j + 1 < columns.start.length; j++) {
    let sum = 0;
    for (let k = columns.start[j]; k < columns.start[j + 1]; k++) {
      const i = columns.rows[k];
      sum += columns.values[k] * cost[i] * residual[i];
    }
    largest = Math.max(largest, Math.abs(sum));
  }
  let value = 0;
  for (let i = 0; i < margin.length; i++) value += cost[i] * entropy(target[i] - residual[i] / largest);
  return value;
}

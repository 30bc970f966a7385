/** The logistic loss, and what the l1 and l2 solvers share. */
import { type Csr, dot } from '../features/csr.ts';

export type LogisticRegressionSettings = {
  /** Inverse strength of the penalty, above 0; smaller means stronger. */
  C: number;
  penalty: 'l2' | 'l1';
  /** Share of the objective within which its minimum must be proven to lie. */
  tolerance: number;
  /** Limit of passes over the data. */
  max_iterations: number;
  /** Fixes the order in which the passes visit texts or columns. */
  seed: number;
};

export function sigmoid(z: number): number {
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : 1 - 1 / (1 + Math.exp(z));
}

/** ln(1 + e^z) without overflow. */
export function softplus(z: number): number {
  return z > 0 ? z + Math.log1p(Math.exp(-z)) : Math.log1p(Math.exp(z));
}

/** -p ln p - (1 - p) ln(1 - p), 0 at both ends. */
export function entropy(p: number): number {
  return p <= 0 || p >= 1 ? 0 : -p * Math.log(p) - (1 - p) * Math.log1p(-p);
}

/** Row sums w.x_i, without the intercept. */
export function margins(x: Csr, weights: Float64Array, into: Float64Array): void {
  for (let i = 0; i < x.rowCount; i++) into[i] = dot(x, i, weights);
}

/** Sum over texts of cost_i x [ln(1 + e^z) - t z] with z = margin_i + intercept. */
export function logisticLoss(
  margin: Float64Array,
  intercept: number,
  target: Float64Array,
  cost: Float64Array,
): number {
  let sum = 0;
  for (let i = 0; i < margin.length; i++) {
    const z = margin[i] + intercept;
    sum += cost[i] * (softplus(z) - target[i] * z);
  }
  return sum;
}

/**
 * The intercept that minimises the loss for fixed margins, by Newton's method from `start` with steps of at most 1. The
 * intercept carries no penalty.
 */
export function bestIntercept(margin: Float64Array, start: number, target: Float64Array, cost: Float64Array): number {
  let intercept = start;
  for (let step = 0; step < 50; step++) {
    let gradient = 0;
    let curvature = 0;
    let total = 0;
    for (let i = 0; i < margin.length; i++) {
      const p = sigmoid(margin[i] + intercept);
      gradient += cost[i] * (p - target[i]);
      curvature += cost[i] * p * (1 - p);
      total += cost[i];
    }
    if (Math.abs(gradient) <= 1e-12 * total || curvature <= 1e-300) break;
    // Far from the minimum the curvature vanishes and Newton's step is too long: one unit of log-odds is safe.
    intercept -= Math.max(-1, Math.min(1, gradient / curvature));
  }
  return intercept;
}

/** c_i (|x_i|^2 + 1) of each text: the curvature of a dual step; the 1 is the multiplier's share. */
export function stepCurvature({ start, values }: Csr, cost: Float64Array): Float64Array {
  const result = new Float64Array(cost.length);
  for (let i = 0; i < cost.length; i++) {
    let sum = 1;
    for (let k = start[i]; k < start[i + 1]; k++) sum += values[k] * values[k];
    result[i] = sum * cost[i];
  }
  return result;
}

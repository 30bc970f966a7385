/** Softmax, its loss, and the intercepts that minimise it; the one-class-more counterpart of logistic_loss.ts. */

/** ln sum_k e^{z_k} without overflow. */
export function logSumExp(z: Float64Array): number {
  let top = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < z.length; k++) if (z[k] > top) top = z[k];
  let sum = 0;
  for (let k = 0; k < z.length; k++) sum += Math.exp(z[k] - top);
  return top + Math.log(sum);
}

/** e^{z_k} divided by their sum; `into` may be `z`. */
export function softmaxInto(z: Float64Array, into: Float64Array): void {
  let top = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < z.length; k++) if (z[k] > top) top = z[k];
  let sum = 0;
  for (let k = 0; k < z.length; k++) {
    into[k] = Math.exp(z[k] - top);
    sum += into[k];
  }
  for (let k = 0; k < z.length; k++) into[k] /= sum;
}

/** -sum_k p_k ln p_k. */
export function distributionEntropy(p: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < p.length; k++) if (p[k] > 0) sum -= p[k] * Math.log(p[k]);
  return sum;
}

/**
 * Sum over texts of cost_i x [ln sum_k e^{z_ik} - sum_k t_ik z_ik] with z_ik = scores_ik + intercept_k. `scores` and
 * `target` hold K values a text, side by side.
 */
export function softmaxLoss(
  scores: Float64Array,
  intercepts: Float64Array,
  target: Float64Array,
  cost: Float64Array,
): number {
  const K = intercepts.length;
  const z = new Float64Array(K);
  let sum = 0;
  for (let i = 0; i < cost.length; i++) {
    let reached = 0;
    for (let k = 0; k < K; k++) {
      z[k] = scores[i * K + k] + intercepts[k];
      reached += target[i * K + k] * z[k];
    }
    sum += cost[i] * (logSumExp(z) - reached);
  }
  return sum;
}

/**
 * The intercepts that minimise the loss for fixed scores, by Newton's method from `start` with steps of at most 1. They
 * carry no penalty, and only their differences matter: they are returned with the sum 0.
 */
export function bestIntercepts(
  scores: Float64Array,
  start: Float64Array,
  target: Float64Array,
  cost: Float64Array,
): Float64Array<ArrayBuffer> {
  const K = start.length;
  const result = Float64Array.from(start);
  const p = new Float64Array(K);
  for (let round = 0; round < 50; round++) {
    const gradient = new Float64Array(K);
    const hessian = new Float64Array(K * K);
    let total = 0;
    for (let i = 0; i < cost.length; i++) {
      for (let k = 0; k < K; k++) p[k] = scores[i * K + k] + result[k];
      softmaxInto(p, p);
      total += cost[i];
      for (let k = 0; k < K; k++) {
        gradient[k] += cost[i] * (p[k] - target[i * K + k]);
        hessian[k * K + k] += cost[i] * p[k];
        for (let l = 0; l < K; l++) hessian[k * K + l] -= cost[i] * p[k] * p[l];
      }
    }
    if (gradient.every((value) => Math.abs(value) <= 1e-12 * total)) break;
    // Adding the same to all changes nothing: this entry of the Hessian makes Newton's step unique, with the sum 0.
    const size = hessian.reduce((sum, value, at) => (at % (K + 1) === 0 ? sum + value : sum), 0);
    if (size <= 1e-300) break;
    for (let at = 0; at < K * K; at++) hessian[at] += size / K;
    const step = solveSymmetric(hessian, gradient);
    // Far from the minimum the curvature vanishes and Newton's step is too long: one unit of log-odds is safe.
    const longest = step.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (!Number.isFinite(longest)) break;
    for (let k = 0; k < K; k++) result[k] -= step[k] / Math.max(1, longest);
  }
  const mean = result.reduce((sum, value) => sum + value, 0) / K;
  return result.map((value) => value - mean);
}

/** The v with A v = b, for a symmetric positive definite A by rows, by Cholesky's factorisation. A is overwritten. */
export function solveSymmetric(A: Float64Array, b: Float64Array): Float64Array<ArrayBuffer> {
  const n = b.length;
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = A[i * n + j];
      for (let k = 0; k < j; k++) sum -= A[i * n + k] * A[j * n + k];
      A[i * n + j] = i === j ? Math.sqrt(sum) : sum / A[j * n + j];
    }
  }
  const v = Float64Array.from(b);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) v[i] -= A[i * n + k] * v[k];
    v[i] /= A[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) v[i] -= A[k * n + i] * v[k];
    v[i] /= A[i * n + i];
  }
  return v;
}

/**
 * Gradient boosting for the logistic loss (Friedman 2001) with second derivatives (Chen & Guestrin 2016): each tree is
 * fitted to what the sum of those before it gets wrong. Names and defaults of the settings are XGBoost's.
 */
import { sigmoid } from '../../classifiers/logistic.ts';
import type { TrainingSet } from '../../classifiers/types.ts';
import { createRandom } from '../../random.ts';
import { binMatrix, binRows } from './bins.ts';
import { TreeGrower } from './histogram_tree.ts';
import { sumTrees, type Tree, treeBytes } from './trees.ts';
import type { Learnt } from './types.ts';

export type GradientBoostingSettings = {
  /** Number of trees. */
  rounds: number;
  /** Share of each tree's values that is taken, above 0 to 1. */
  learning_rate: number;
  max_depth: number;
  /** Least sum of second derivatives in a leaf, above 0: four texts on the fence make 1. */
  min_child_weight: number;
  lambda: number;
  max_bins: number;
};

/** The largest second derivative of the logistic loss. */
const MOST_CURVATURE = 0.25;

export function fitGradientBoosting(
  { x, target, weight }: TrainingSet,
  { rounds, learning_rate, max_bins, ...settings }: GradientBoostingSettings,
): Learnt {
  const heaviest = weight.reduce((most, value) => Math.max(most, value), 0);
  // A column with fewer values can never make a leaf.
  const leastRows = Math.ceil(settings.min_child_weight / (MOST_CURVATURE * heaviest));
  const bins = binMatrix(x, max_bins, leastRows);
  const grower = new TreeGrower(bins, { ...settings, columns_per_split: 0 }, createRandom(0));
  const base = Math.log(weightedMean(target, weight) / (1 - weightedMean(target, weight)));
  const margin = new Float64Array(x.rowCount).fill(base);
  const gradient = new Float64Array(x.rowCount);
  const hessian = new Float64Array(x.rowCount);
  const fitted = new Float64Array(x.rowCount);
  const trees: Tree[] = [];
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < x.rowCount; i++) {
      const p = sigmoid(margin[i]);
      gradient[i] = weight[i] * (target[i] - p);
      hessian[i] = weight[i] * p * (1 - p);
    }
    const tree = grower.grow(gradient, hessian, fitted);
    for (let n = 0; n < tree.value.length; n++) tree.value[n] *= learning_rate;
    for (let i = 0; i < x.rowCount; i++) if (weight[i] > 0) margin[i] += learning_rate * fitted[i];
    trees.push(tree);
  }
  return {
    probabilities: (rows) => sumTrees(trees, bins, binRows(rows, bins)).map((sum) => sigmoid(base + sum)),
    bytes: treeBytes(trees),
    iterations: rounds,
  };
}

function weightedMean(values: Float64Array, weights: Float64Array): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    sum += weights[i] * values[i];
    total += weights[i];
  }
  return sum / total;
}

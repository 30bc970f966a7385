/**
 * Gradient boosting for the logistic loss (Friedman 2001) with second derivatives (Chen & Guestrin 2016): each tree is
 * fitted to the errors of the sum of the trees before it. The names of the settings are XGBoost's.
 */
import { z } from 'zod';
import { createRandom } from '../random.ts';
import { binMatrix, binRows, maxBins } from './bins.ts';
import { nonLinearClassifier, type Scorer, type TrainingSet } from './classifier.ts';
import { maxDepth, TreeGrower } from './histogram_tree.ts';
import { sigmoid } from './logistic_loss.ts';
import { sumTrees, type Tree, treeBytes } from './trees.ts';

const settings = z.object({
  rounds: z.number().int().min(1).default(300).describe('Number of trees.'),
  learning_rate: z.number().gt(0).max(1).default(0.3).describe("Share of each tree's values that is added."),
  max_depth: maxDepth(6),
  min_child_weight: z
    .number()
    .gt(0)
    .default(1)
    .describe('Least sum of second derivatives in a leaf: four undecided texts make 1.'),
  lambda: z.number().min(0).default(1).describe('Penalty on the values of the leaves.'),
  max_bins: maxBins,
});

export const gradientBoosting = nonLinearClassifier(settings, fitGradientBoosting);

/** The largest second derivative of the logistic loss. */
const MOST_CURVATURE = 0.25;

export function fitGradientBoosting(
  { x, target, weight }: TrainingSet,
  { rounds, learning_rate, max_bins, ...ofTrees }: z.output<typeof settings>,
): Scorer {
  const heaviest = weight.reduce((most, value) => Math.max(most, value), 0);
  // A column with fewer values can never make a leaf.
  const leastRows = Math.ceil(ofTrees.min_child_weight / (MOST_CURVATURE * heaviest));
  const bins = binMatrix(x, max_bins, leastRows);
  const grower = new TreeGrower(bins, { ...ofTrees, columns_per_split: 0 }, createRandom(0));
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

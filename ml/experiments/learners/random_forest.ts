/**
 * Random forest (Breiman 2001): each tree learns from as many texts drawn with replacement, and sees at each split the
 * square root of the number of columns, drawn anew; the forest's probability is the mean of its trees'.
 */
import type { TrainingSet } from '../../classifiers/types.ts';
import { createRandom } from '../../random.ts';
import { binMatrix, binRows } from './bins.ts';
import { TreeGrower } from './histogram_tree.ts';
import { sumTrees, type Tree, treeBytes } from './trees.ts';
import type { Learnt } from './types.ts';

export type RandomForestSettings = {
  trees: number;
  /** 0 for no limit. */
  max_depth: number;
  /** Least weight of texts in a leaf, above 0. */
  min_child_weight: number;
  max_bins: number;
  seed: number;
};

export function fitRandomForest(
  { x, target, weight }: TrainingSet,
  { trees: treeCount, max_depth, min_child_weight, max_bins, seed }: RandomForestSettings,
): Learnt {
  const random = createRandom(seed);
  const bins = binMatrix(x, max_bins, 1);
  const columns_per_split = Math.max(1, Math.round(Math.sqrt(bins.columns.length)));
  const grower = new TreeGrower(bins, { max_depth, min_child_weight, lambda: 0, columns_per_split }, random);
  const gradient = new Float64Array(x.rowCount);
  const hessian = new Float64Array(x.rowCount);
  const fitted = new Float64Array(x.rowCount);
  const trees: Tree[] = [];
  for (let t = 0; t < treeCount; t++) {
    hessian.fill(0);
    for (let draw = 0; draw < x.rowCount; draw++) {
      const i = Math.floor(random() * x.rowCount);
      hessian[i] += weight[i];
    }
    for (let i = 0; i < x.rowCount; i++) gradient[i] = hessian[i] * target[i];
    trees.push(grower.grow(gradient, hessian, fitted));
  }
  return {
    probabilities: (rows) => sumTrees(trees, bins, binRows(rows, bins)).map((sum) => sum / treeCount),
    bytes: treeBytes(trees),
    iterations: treeCount,
  };
}

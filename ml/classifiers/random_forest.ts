/**
 * Random forest (Breiman 2001): each tree learns from as many texts as there are, drawn with replacement, and chooses
 * each split among the square root of the number of columns, drawn anew. Its probability is the mean of its trees'.
 */
import { z } from 'zod';
import { createRandom } from '../random.ts';
import { binMatrix, binRows, maxBins } from './bins.ts';
import { nonLinearClassifier, type Scorer, type TrainingSet } from './classifier.ts';
import { maxDepth, TreeGrower } from './histogram_tree.ts';
import { sumTrees, type Tree, treeBytes } from './trees.ts';

const settings = z.object({
  trees: z.number().int().min(1).default(100).describe('Number of trees.'),
  max_depth: maxDepth(0),
  min_child_weight: z.number().gt(0).default(1).describe('Least weight of texts in a leaf.'),
  max_bins: maxBins,
});

export const randomForest = nonLinearClassifier(settings, fitRandomForest);

export function fitRandomForest(
  { x, target, weight }: TrainingSet,
  { trees: treeCount, max_depth, min_child_weight, max_bins }: z.output<typeof settings>,
  seed: number,
): Scorer {
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

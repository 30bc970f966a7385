/**
 * Which labels are probably wrong? Confident learning (Northcutt, Jiang & Chuang 2021, "Confident Learning: Estimating
 * Uncertainty in Dataset Labels"): a text counts as of class j when its out-of-fold probability of j reaches the mean
 * probability of j among the texts labelled j. So a class that the model is unsure of in general is not doubted for it.
 */

export type Doubt = {
  /** Index of the text. */
  row: number;
  label: number;
  suggested: number;
  /** Out-of-fold probability of the suggested class. */
  probability: number;
  /** Probability of the label minus that of the suggested class: below 0, and the lower the more doubtful. */
  margin: number;
};

export type Doubts = {
  /** The most doubtful first. */
  doubts: Doubt[];
  /** confidentJoint[i][j] counts the texts labelled i that are of class j by the rule above. */
  confidentJoint: number[][];
  /** Estimated share of wrong labels, 0 to 1. */
  noise: number;
};

/** `probabilities` has a row of `classCount` out-of-fold probabilities for each text. Every class has a text. */
export function findDoubts(labels: Uint8Array, probabilities: Float64Array, classCount: number): Doubts {
  const rowOf = (i: number) => probabilities.subarray(i * classCount, (i + 1) * classCount);
  const counts = new Float64Array(classCount);
  const thresholds = new Float64Array(classCount);
  for (const [i, label] of labels.entries()) {
    counts[label]++;
    thresholds[label] += rowOf(i)[label];
  }
  for (let label = 0; label < classCount; label++) thresholds[label] /= counts[label];

  const confidentJoint = Array.from(counts, () => new Array<number>(classCount).fill(0));
  const doubts: Doubt[] = [];
  for (const [i, label] of labels.entries()) {
    const row = rowOf(i);
    const seeming = seemingClass(row, thresholds);
    if (seeming === undefined) continue;
    confidentJoint[label][seeming]++;
    const margin = row[label] - row[seeming];
    // A class may reach its low threshold and still be less probable than the label.
    if (seeming !== label && margin < 0) {
      doubts.push({ row: i, label, suggested: seeming, probability: row[seeming], margin });
    }
  }
  doubts.sort((a, b) => a.margin - b.margin || a.row - b.row);
  return { doubts, confidentJoint, noise: noiseOf(confidentJoint, counts) };
}

/** The most probable of the classes that reach their thresholds. */
function seemingClass(row: Float64Array, thresholds: Float64Array): number | undefined {
  let best: number | undefined;
  for (const [j, probability] of row.entries()) {
    if (probability >= thresholds[j] && (best === undefined || probability > row[best])) best = j;
  }
  return best;
}

/** Rows of the joint are scaled to the number of texts with their label, because it leaves out undecided texts. */
function noiseOf(confidentJoint: readonly number[][], counts: Float64Array): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let right = 0;
  for (const [label, row] of confidentJoint.entries()) {
    const decided = row.reduce((sum, count) => sum + count, 0);
    right += (decided === 0 ? 1 : row[label] / decided) * (counts[label] / total);
  }
  return 1 - right;
}

/**
 * Assigns texts to folds for k-fold cross-validation (Kohavi 1995). Each class is spread evenly, only the seed decides
 * the order, and texts of one group (the sentences of a review) stay together, so that none leaks into training.
 */
import { usageError } from '../errors.ts';
import { createRandom, shuffle } from '../random.ts';

/**
 * A fold from 0 to `foldCount` - 1 for each label (0 or 1). `groups` has one entry for each label; an undefined entry
 * is a group of its own.
 *
 * Without groups, fold sizes differ by at most one text, overall and in each class. With groups, the largest come
 * first, each into the fold that holds the smallest share of the group's classes.
 *
 * Throws FOLDS_INVALID (2) unless 2 <= foldCount <= 255 and there are enough texts of each class, and groups, for all
 * folds.
 */
export function stratifiedFolds(
  labels: Uint8Array,
  groups: readonly (string | undefined)[] | undefined,
  foldCount: number,
  seed: number,
): Uint8Array<ArrayBuffer> {
  check(labels, foldCount);
  const random = createRandom(seed);
  return groups ? placeGroups(labels, groups, foldCount, random) : deal(labels, foldCount, random);
}

function check(labels: Uint8Array, foldCount: number): void {
  if (!Number.isInteger(foldCount) || foldCount < 2 || foldCount > 255) {
    throw usageError('FOLDS_INVALID', `the number of folds is ${foldCount}; it must be a whole number from 2 to 255`);
  }
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const negatives = labels.length - positives;
  if (Math.min(positives, negatives) < foldCount) {
    throw usageError(
      'FOLDS_INVALID',
      `${foldCount} folds need ${foldCount} texts of each class; there are ${negatives} negative and ${positives} positive`,
      'use fewer folds or more texts',
    );
  }
}

/** Deals the shuffled texts of class 0 like cards, then those of class 1 from the next fold on. */
function deal(labels: Uint8Array, foldCount: number, random: () => number): Uint8Array<ArrayBuffer> {
  const folds = new Uint8Array(labels.length);
  const order = shuffle(
    Uint32Array.from(labels, (_, i) => i),
    random,
  );
  let next = 0;
  for (const label of [0, 1]) {
    for (const i of order) if (labels[i] === label) folds[i] = next++ % foldCount;
  }
  return folds;
}

type Group = { rows: number[]; counts: [number, number] };

function placeGroups(
  labels: Uint8Array,
  names: readonly (string | undefined)[],
  foldCount: number,
  random: () => number,
): Uint8Array<ArrayBuffer> {
  const groups = shuffle(collectGroups(labels, names), random).sort((a, b) => b.rows.length - a.rows.length);
  if (groups.length < foldCount) {
    throw usageError(
      'FOLDS_INVALID',
      `${foldCount} folds need ${foldCount} groups of texts; there are ${groups.length}`,
      'use fewer folds, or a group column with more values',
    );
  }
  const total = [0, 0];
  for (const label of labels) total[label]++;
  const held = Array.from({ length: foldCount }, () => [0, 0]);
  const folds = new Uint8Array(labels.length);
  for (const { rows, counts } of groups) {
    // The sum of squared shares over folds and classes is smallest when all are equal; this is what a fold would add.
    const cost = ([negatives, positives]: number[]) =>
      (counts[0] * negatives) / total[0] ** 2 + (counts[1] * positives) / total[1] ** 2;
    let best = 0;
    for (let fold = 1; fold < foldCount; fold++) {
      const difference = cost(held[fold]) - cost(held[best]);
      if (difference < 0 || (difference === 0 && sum(held[fold]) < sum(held[best]))) best = fold;
    }
    held[best][0] += counts[0];
    held[best][1] += counts[1];
    for (const row of rows) folds[row] = best;
  }
  return folds;
}

function collectGroups(labels: Uint8Array, names: readonly (string | undefined)[]): Group[] {
  const byName = new Map<string, Group>();
  const groups: Group[] = [];
  for (let row = 0; row < labels.length; row++) {
    const name = names[row];
    let group = name === undefined ? undefined : byName.get(name);
    if (!group) {
      group = { rows: [], counts: [0, 0] };
      groups.push(group);
      if (name !== undefined) byName.set(name, group);
    }
    group.rows.push(row);
    group.counts[labels[row]]++;
  }
  return groups;
}

function sum([negatives, positives]: number[]): number {
  return negatives + positives;
}

/**
 * Which fold each text belongs to in k-fold cross-validation (Kohavi 1995): each class is spread evenly, chance comes
 * from the seed alone, and texts of one group (a review's sentences) stay together, or they would leak.
 */
import { usageError } from '../errors.ts';
import { createRandom, shuffle } from '../random.ts';

/**
 * A fold from 0 to `foldCount` - 1 for each label (0 or 1). `groups`, where given, has the length of `labels`; an
 * undefined entry is a group of its own.
 *
 * Without groups, folds differ by at most one text in size and in each class. With groups the largest are placed
 * first, each into the fold that holds the smallest share of the group's classes, so that balance is as good as the
 * groups allow.
 *
 * Throws FOLDS_INVALID (2) unless 2 <= foldCount <= 255 and each class and the groups can reach every fold.
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
    throw usageError('FOLDS_INVALID', `the number of folds is a whole number from 2 to 255, not ${foldCount}`);
  }
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const negatives = labels.length - positives;
  if (Math.min(positives, negatives) < foldCount) {
    throw usageError(
      'FOLDS_INVALID',
      `${foldCount} folds need ${foldCount} texts of each class, and there are ${negatives} negative and ${positives} positive`,
      'use fewer folds or more texts',
    );
  }
}

/** Deals the shuffled texts of class 0, then of class 1, like cards, without a break in between. */
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
      `${foldCount} folds need ${foldCount} groups of texts, and there are ${groups.length}`,
      'use fewer folds, or a group column with more values',
    );
  }
  const total = [0, 0];
  for (const label of labels) total[label]++;
  const held = Array.from({ length: foldCount }, () => [0, 0]);
  const folds = new Uint8Array(labels.length);
  for (const { rows, counts } of groups) {
    // The sum over folds and classes of squared shares is least when all are equal; this is what a fold would add to it.
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

/**
 * Assigns texts to folds for k-fold cross-validation (Kohavi 1995). Each class is spread evenly, only the seed decides
 * the order, and texts of one group (the sentences of a review) stay together, so that none leaks into training.
 */
import { usageError } from '../errors.ts';
import { createRandom, shuffle } from '../random.ts';

/**
 * A fold from 0 to `foldCount` - 1 for each label, the number of its class. `groups` has one entry for each label; an undefined entry
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
  const counts = countClasses(labels);
  if (Math.min(...counts) < foldCount) {
    throw usageError(
      'FOLDS_INVALID',
      `${foldCount} folds need ${foldCount} texts of each class; there are ${describe(counts)}`,
      'use fewer folds or more texts',
    );
  }
}

/** Number of texts of each class, of at least two. */
function countClasses(labels: Uint8Array): number[] {
  const counts = [0, 0];
  for (const label of labels) {
    while (label >= counts.length) counts.push(0);
    counts[label]++;
  }
  return counts;
}

function describe(counts: readonly number[]): string {
  if (counts.length === 2) return `${counts[0]} negative and ${counts[1]} positive`;
  return counts.join(', ');
}

/** Deals the shuffled texts of class 0 like cards, then those of the next class from the next fold on. */
function deal(labels: Uint8Array, foldCount: number, random: () => number): Uint8Array<ArrayBuffer> {
  const folds = new Uint8Array(labels.length);
  const order = shuffle(
    Uint32Array.from(labels, (_, i) => i),
    random,
  );
  let next = 0;
  for (const label of countClasses(labels).keys()) {
    for (const i of order) if (labels[i] === label) folds[i] = next++ % foldCount;
  }
  return folds;
}

type Group = { rows: number[]; counts: number[] };

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
  const total = countClasses(labels);
  const held = Array.from({ length: foldCount }, () => total.map(() => 0));
  const folds = new Uint8Array(labels.length);
  for (const { rows, counts } of groups) {
    // The sum of squared shares over folds and classes is smallest when all are equal; this is what a fold would add.
    const cost = (own: readonly number[]) =>
      own.reduce((sum, count, k) => sum + (counts[k] * count) / total[k] ** 2, 0);
    let best = 0;
    for (let fold = 1; fold < foldCount; fold++) {
      const difference = cost(held[fold]) - cost(held[best]);
      if (difference < 0 || (difference === 0 && sum(held[fold]) < sum(held[best]))) best = fold;
    }
    for (let k = 0; k < counts.length; k++) held[best][k] += counts[k];
    for (const row of rows) folds[row] = best;
  }
  return folds;
}

function collectGroups(labels: Uint8Array, names: readonly (string | undefined)[]): Group[] {
  const byName = new Map<string, Group>();
  const K = countClasses(labels).length;
  const groups: Group[] = [];
  for (let row = 0; row < labels.length; row++) {
    const name = names[row];
    let group = name === undefined ? undefined : byName.get(name);
    if (!group) {
      group = { rows: [], counts: new Array(K).fill(0) };
      groups.push(group);
      if (name !== undefined) byName.set(name, group);
    }
    group.rows.push(row);
    group.counts[labels[row]]++;
  }
  return groups;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

/**
 * Which texts are held out. Chance comes from the seed alone; each class keeps its share; what belongs together stays
 * together, or the held-out texts would be known already.
 */
import { SentimentError } from '../errors.ts';
import { createRandom, shuffle } from '../random.ts';

export type SplitInput = {
  /** 0 or 1 for each text. */
  labels: ArrayLike<number>;
  /** Number of the cluster of each text: equal numbers go to the same side. */
  clusters: ArrayLike<number>;
  /** Share of each class to hold out, above 0 and below 1. */
  testShare: number;
  seed: number;
};

export type Split = {
  /** Numbers of texts, shuffled. */
  train: Uint32Array<ArrayBuffer>;
  test: Uint32Array<ArrayBuffer>;
};

/** Tries of which the one closest to the wanted shares is taken. Without clusters the first is exact. */
const TRIES = 20;

/**
 * Goes through the clusters in random order and holds one out when that brings the held-out part closer to its share of
 * both classes. Where every cluster is one text, each class gets round(share x size), at least one text and at most all
 * but one; else what comes closest in a few tries.
 *
 * Throws SPLIT_IMPOSSIBLE when one side would lack a class.
 */
export function splitTexts({ labels, clusters, testShare, seed }: SplitInput): Split {
  const random = createRandom(seed);
  const counts = countClasses(labels, clusters);
  let best = holdOut(counts, testShare, random);
  for (let i = 1; i < TRIES && best.distance > 0; i++) {
    const other = holdOut(counts, testShare, random);
    if (other.distance < best.distance) best = other;
  }
  const sides = divide(labels.length, (i) => best.held.has(clusters[i]), random);
  checkSides(sides, labels);
  return sides;
}

/** `counts` has the number of negative and positive texts of each cluster. */
function holdOut(
  counts: ReadonlyMap<number, number[]>,
  testShare: number,
  random: () => number,
): { held: Set<number>; distance: number } {
  const sizes = [0, 0];
  for (const [negatives, positives] of counts.values()) {
    sizes[0] += negatives;
    sizes[1] += positives;
  }
  const missing = sizes.map((size) => Math.min(Math.max(Math.round(testShare * size), 1), size - 1));
  const distanceOf = (texts: number[]) => (texts[0] / sizes[0]) ** 2 + (texts[1] / sizes[1]) ** 2;
  const held = new Set<number>();
  for (const cluster of shuffle([...counts.keys()], random)) {
    const [negatives, positives] = counts.get(cluster) ?? [0, 0];
    const then = [missing[0] - negatives, missing[1] - positives];
    if (distanceOf(then) >= distanceOf(missing)) continue;
    held.add(cluster);
    missing.splice(0, 2, ...then);
  }
  return { held, distance: distanceOf(missing) };
}

/** The source's own split, shuffled. Throws SPLIT_IMPOSSIBLE when one side lacks a class. */
export function splitAsGiven(labels: ArrayLike<number>, isTest: (text: number) => boolean, seed: number): Split {
  const sides = divide(labels.length, isTest, createRandom(seed));
  checkSides(sides, labels);
  return sides;
}

function countClasses(labels: ArrayLike<number>, clusters: ArrayLike<number>): Map<number, number[]> {
  const counts = new Map<number, number[]>();
  for (let i = 0; i < labels.length; i++) {
    const count = counts.get(clusters[i]) ?? [0, 0];
    count[labels[i]]++;
    counts.set(clusters[i], count);
  }
  return counts;
}

function divide(length: number, isTest: (text: number) => boolean, random: () => number): Split {
  const order = shuffle(
    Uint32Array.from({ length }, (_, i) => i),
    random,
  );
  return { train: order.filter((i) => !isTest(i)), test: order.filter(isTest) };
}

function checkSides(sides: Split, labels: ArrayLike<number>): void {
  for (const side of ['train', 'test'] as const) {
    const positives = sides[side].reduce((sum, i) => sum + labels[i], 0);
    const negatives = sides[side].length - positives;
    if (positives > 0 && negatives > 0) continue;
    throw new SentimentError(
      'SPLIT_IMPOSSIBLE',
      `the ${side} part would have ${positives} positive and ${negatives} negative of ${labels.length} texts, ` +
        'and it needs some of both',
      { next: 'give more texts, smaller groups (group_column) or another test_share' },
    );
  }
}

/**
 * Chooses the held-out texts. The seed alone decides; each class keeps its share; the texts of a cluster stay together,
 * because a text in the training part would reveal its near duplicate in the test part.
 */
import { SentimentError } from '../errors.ts';
import { createRandom, shuffle } from '../random.ts';

export type SplitInput = {
  /** 0 or 1 for each text. */
  labels: ArrayLike<number>;
  /** Number of each text's cluster: equal numbers go into the same part. */
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

/** The best of this many tries wins. Without clusters the first try is exact. */
const TRIES = 20;

/**
 * Takes the clusters in random order and holds one out if that brings the held-out part closer to its share of both
 * classes. If every cluster is one text, each class gets round(share x size), at least one text and at most all but one;
 * otherwise the closest of a few tries.
 *
 * Throws SPLIT_IMPOSSIBLE if a part would lack a class.
 */
export function splitTexts({ labels, clusters, testShare, seed }: SplitInput): Split {
  const random = createRandom(seed);
  const counts = countClasses(labels, clusters);
  let best = holdOut(counts, testShare, random);
  for (let i = 1; i < TRIES && best.distance > 0; i++) {
    const other = holdOut(counts, testShare, random);
    if (other.distance < best.distance) best = other;
  }
  const parts = divide(labels.length, (i) => best.held.has(clusters[i]), random);
  checkParts(parts, labels);
  return parts;
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

/** The source's own split, shuffled. Throws SPLIT_IMPOSSIBLE if a part lacks a class. */
export function splitAsGiven(labels: ArrayLike<number>, isTest: (text: number) => boolean, seed: number): Split {
  const parts = divide(labels.length, isTest, createRandom(seed));
  checkParts(parts, labels);
  return parts;
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

function checkParts(parts: Split, labels: ArrayLike<number>): void {
  for (const part of ['train', 'test'] as const) {
    const positives = parts[part].reduce((sum, i) => sum + labels[i], 0);
    const negatives = parts[part].length - positives;
    if (positives > 0 && negatives > 0) continue;
    throw new SentimentError(
      'SPLIT_IMPOSSIBLE',
      `the ${part} part would have ${positives} positive and ${negatives} negative of ${labels.length} texts, ` +
        'but it needs both classes',
      { next: 'use more texts, smaller groups (group_column) or another test_share' },
    );
  }
}

/** Texts that must stay in one part of the split, directly or through others (union-find: Galler & Fischer 1964). */
export class Clusters {
  /** For each text, another of its cluster or itself. Following it leads to the cluster's representative. */
  readonly #parent: number[] = [];
  readonly #byKey = new Map<string, number>();

  /** Adds the next text. Texts that share a key share a cluster. */
  add(keys: readonly string[]): void {
    const text = this.#parent.length;
    this.#parent.push(text);
    for (const key of keys) {
      const other = this.#byKey.get(key);
      if (other === undefined) this.#byKey.set(key, text);
      else this.#parent[this.find(other)] = this.find(text);
    }
  }

  /** The representative of a text's cluster. */
  find(text: number): number {
    let root = text;
    while (this.#parent[root] !== root) root = this.#parent[root];
    while (this.#parent[text] !== root) {
      const next = this.#parent[text];
      this.#parent[text] = root;
      text = next;
    }
    return root;
  }
}

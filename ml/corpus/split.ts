/**
 * Chooses the held-out texts by a keyed hash: a text keeps its side when rows are added, removed or shuffled.
 *
 * What is hashed is the text's unit: its group, or without one the text itself as nearDuplicateKey folds it. So a group
 * stays together, and so do near duplicates. The seed is the key: another seed gives another split. Shares come out right
 * within the limits of chance, which `strata` states.
 */
import { hash } from 'node:crypto';
import { SentimentError } from '../errors.ts';

export type SplitInput = {
  /** Class of each text. */
  labels: ArrayLike<number>;
  /** Each text's unit; texts of one unit go into the same part. */
  units: readonly string[];
  /** Share of the units to hold out, above 0 and below 1. */
  testShare: number;
  seed: number;
};

/** How many texts of a class are held out, and how many chance allows. */
export type Stratum = {
  label: number;
  texts: number;
  held_out: number;
  /** held_out / texts. */
  share: number;
  /** In 95 of 100 seeds the share lies between these two. */
  least: number;
  most: number;
};

/**
 * Says for each text whether it is held out: where the hash of its unit, a number from 0 to 1, is below testShare.
 *
 * A small corpus may get no text of a class on one side. Then the unit with the smallest hash of those with the class is
 * held out, or the one with the largest is not.
 */
export function chooseHeldOut({ labels, units, testShare, seed }: SplitInput): boolean[] {
  const places = units.map((unit) => placeOf(unit, seed));
  const isHeldOut = places.map((place) => place < testShare);
  for (const label of new Set(Array.from(labels))) {
    for (const side of [true, false]) {
      const own = places.map((_, i) => i).filter((i) => labels[i] === label);
      if (own.some((i) => isHeldOut[i] === side)) continue;
      const isNearer = (i: number, best: number) => (side ? places[i] < places[best] : places[i] > places[best]);
      const nearest = own.reduce((best, i) => (isNearer(i, best) ? i : best));
      for (let i = 0; i < units.length; i++) if (units[i] === units[nearest]) isHeldOut[i] = side;
    }
  }
  return isHeldOut;
}

/** 48 bits of SHA-256 as a number from 0 (inclusive) to 1 (exclusive). */
function placeOf(unit: string, seed: number): number {
  return Number.parseInt(hash('sha256', `${seed}/${unit}`, 'hex').slice(0, 12), 16) / 2 ** 48;
}

/** Throws SPLIT_IMPOSSIBLE if a part lacks a class that the other has, or is empty. */
export function requireAllClasses(train: readonly number[], test: readonly number[], shared: number): void {
  const classes = [...new Set([...train, ...test])].sort();
  for (const [part, labels] of [
    ['train', train],
    ['test', test],
  ] as const) {
    const missing = classes.filter((label) => !labels.includes(label));
    if (missing.length === 0 && labels.length > 0) continue;
    const without = shared === 0 ? '' : ` without the ${shared} that the test part has as well`;
    throw new SentimentError(
      'SPLIT_IMPOSSIBLE',
      `the ${part} part would have ${labels.length} texts${part === 'train' ? without : ''}` +
        `${missing.length === 0 ? '' : `, none of class ${missing.join(', ')}`}, but both parts need every class`,
      {
        next:
          shared === 0
            ? 'use more texts, smaller groups (group_column), or another seed or test_share'
            : 'remove the texts that both parts have from one of them, or use more texts',
      },
    );
  }
}

/** For each class. The number held out has variance share x (1 - share) x sum of squared unit sizes. */
export function strataOf({ labels, units, testShare }: SplitInput, isHeldOut: readonly boolean[]): Stratum[] {
  const sizes = new Map<string, number>();
  const strata = new Map<number, Stratum & { squares: number }>();
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    const stratum = strata.get(label) ?? { label, texts: 0, held_out: 0, share: 0, least: 0, most: 0, squares: 0 };
    strata.set(label, stratum);
    const key = `${label}\t${units[i]}`;
    const size = sizes.get(key) ?? 0;
    sizes.set(key, size + 1);
    // (n + 1)^2 - n^2
    stratum.squares += 2 * size + 1;
    stratum.texts++;
    if (isHeldOut[i]) stratum.held_out++;
  }
  return [...strata.values()]
    .sort((a, b) => a.label - b.label)
    .map(({ squares, ...stratum }) => {
      const reach = (1.96 * Math.sqrt(testShare * (1 - testShare) * squares)) / stratum.texts;
      return {
        ...stratum,
        share: stratum.held_out / stratum.texts,
        least: Math.max(0, testShare - reach),
        most: Math.min(1, testShare + reach),
      };
    });
}

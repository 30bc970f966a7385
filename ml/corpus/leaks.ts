/** Texts that stand on both sides of a split, which would make a model look better than it is. */
import { nearDuplicateKey } from './duplicates.ts';
import type { Review } from './review.ts';

export function nearDuplicateKeys(reviews: Iterable<Review>): Set<string> {
  const keys = new Set<string>();
  for (const { text } of reviews) keys.add(nearDuplicateKey(text));
  return keys;
}

export type Leaks = {
  /** Training texts whose letters and digits are those of a test text. */
  texts: number;
  /** Groups with texts on both sides. */
  groups: number;
};

export function countLeaks(train: Iterable<Review>, test: Iterable<Review>): Leaks {
  const keys = new Set<string>();
  const groups = new Set<string>();
  for (const { text, group } of test) {
    keys.add(nearDuplicateKey(text));
    if (group !== undefined) groups.add(group);
  }
  const split = new Set<string>();
  let texts = 0;
  for (const { text, group } of train) {
    if (keys.has(nearDuplicateKey(text))) texts++;
    if (group !== undefined && groups.has(group)) split.add(group);
  }
  return { texts, groups: split.size };
}

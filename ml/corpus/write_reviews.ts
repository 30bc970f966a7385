/** Writes a file of reviews, one JSON object a line, under a temporary name first. */
import { writeFileSync } from 'node:fs';
import { writeAtomically } from '../files.ts';
import type { Review } from './review.ts';

export type ReviewCounts = { texts: number; positive: number; negative: number; groups: number };

const BUFFER = 1 << 20;

/** Goes through `reviews` once and holds few of them. Whatever it throws, nothing is left behind. */
export function writeReviews(path: string, reviews: Iterable<Review>): ReviewCounts {
  return writeAtomically(path, (file) => {
    let positive = 0;
    let texts = 0;
    let pending = '';
    const groups = new Set<string>();
    for (const review of reviews) {
      texts++;
      positive += review.label;
      if (review.group !== undefined) groups.add(review.group);
      pending += `${JSON.stringify(review)}\n`;
      if (pending.length < BUFFER) continue;
      writeFileSync(file, pending);
      pending = '';
    }
    writeFileSync(file, pending);
    return { texts, positive, negative: texts - positive, groups: groups.size };
  });
}

export function describeCounts({ texts, positive, negative, groups }: ReviewCounts): string {
  const [all, good, bad, origins] = [texts, positive, negative, groups].map((count) => count.toLocaleString('en'));
  return `${all} texts (${good} positive, ${bad} negative)${groups > 0 ? ` of ${origins} groups` : ''}`;
}

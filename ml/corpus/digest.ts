import type { Hash } from 'node:crypto';
import type { Review } from './review.ts';

/** Adds one review to a digest over labels and normalised texts in their order. */
export function updateDigest(hash: Hash, { label, text }: Pick<Review, 'label' | 'text'>): void {
  hash.update(`${label}\t${text.length}\t${text}\n`);
}

import type { Hash } from 'node:crypto';

/**
 * One labelled text, as it passes from ingestion to evaluation.
 *
 * `label` is the number of its class: 0 negative and 1 positive, unless there are other classes. `rating` is the graded
 * opinion, if the source has one, on a scale that decides the class (movie snippets: -4 to 4). `group` keeps texts of one
 * origin (the sentences of a product review) in the same part of the split. `domain` is the kind of texts, by which
 * figures are also given. `weight` is how much the text counts in training, 1 if it is not given. `split` is set if the
 * source itself assigns the text to a part.
 */
export type Review = {
  id: string;
  text: string;
  label: number;
  rating?: number;
  group?: string;
  domain?: string;
  weight?: number;
  split?: 'train' | 'test';
};

/** Adds one review to the number of texts of its domain. */
export function countDomain(counts: Map<string, number>, { domain }: Pick<Review, 'domain'>): void {
  if (domain !== undefined) counts.set(domain, (counts.get(domain) ?? 0) + 1);
}

/** Adds one review to a digest over labels and normalised texts, in their order. */
export function updateDigest(hash: Hash, { label, text }: Pick<Review, 'label' | 'text'>): void {
  hash.update(`${label}\t${text.length}\t${text}\n`);
}

/**
 * Accuracy where it may differ: over short and long texts, over mild and strong opinions. A mean over all texts can
 * hide a part on which the model guesses.
 */
import type { Review } from '../corpus/review.ts';
import { binomialError } from './metrics.ts';
import { classOf, type Scored } from './scored.ts';

/** Texts whose value lies within `from` to `to`, both inclusive. */
export type Slice = {
  by: string;
  from: number;
  to: number;
  count: number;
  accuracy: number;
  accuracy_se: number;
};

/** By number of words and, where all reviews are rated, by strength of the rating. */
export function sliceReviews(reviews: readonly Review[], scored: Scored): Slice[] {
  const words = Float64Array.from(reviews, (review) => review.text.split(/\s+/).filter(Boolean).length);
  const slices = sliceByQuartiles('words', words, scored);
  if (reviews.every((review) => review.rating !== undefined)) {
    const strength = Float64Array.from(reviews, (review) => Math.abs(review.rating ?? 0));
    slices.push(...sliceByQuartiles('abs(rating)', strength, scored));
  }
  return slices;
}

/**
 * Four slices of about equal size by rising value; fewer where one value fills more than a quarter, since texts of
 * one value stay together.
 */
export function sliceByQuartiles(by: string, values: Float64Array, scored: Scored): Slice[] {
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b]);
  const slices: Slice[] = [];
  let start = 0;
  for (const share of [0.25, 0.5, 0.75, 1]) {
    let end = Math.ceil(share * order.length);
    if (end <= start) continue;
    while (end < order.length && values[order[end]] === values[order[end - 1]]) end++;
    const accuracy = accuracyOf(order.subarray(start, end), scored);
    slices.push({
      by,
      from: values[order[start]],
      to: values[order[end - 1]],
      count: end - start,
      accuracy,
      accuracy_se: binomialError(accuracy, end - start),
    });
    start = end;
  }
  return slices;
}

function accuracyOf(texts: Uint32Array, { labels, probabilities }: Scored): number {
  let right = 0;
  for (const i of texts) if (classOf(probabilities[i]) === labels[i]) right++;
  return right / texts.length;
}

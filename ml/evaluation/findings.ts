/**
 * Where the model is right, where it is wrong, and which words decide. A mean over all texts can hide a part on which
 * the model guesses.
 */
import type { Review } from '../corpus/review.ts';
import type { Model } from '../model/types.ts';
import { binomialError, classOf, type Scored } from './measures.ts';

/** Accuracy on the texts whose value is between `from` and `to`, both inclusive. */
export type Slice = {
  by: string;
  from: number;
  to: number;
  count: number;
  accuracy: number;
  accuracy_se: number;
};

/** Slices by number of words and, if all reviews have a rating, by strength of the rating. */
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
 * Four slices of about equal size by ascending value. Texts with the same value stay together, so there are fewer
 * slices if one value fills more than a quarter.
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

export type Mistake = {
  id: string;
  actual: 'negative' | 'positive';
  /** Probability of the positive class. */
  probability: number;
  rating?: number;
  /** Its first 300 characters at most. */
  text: string;
};

const LONGEST = 300;

/**
 * The texts that the model got wrong with the most confidence: wrong labels, irony, what it has yet to learn. At most
 * `limit` of them, the most confident first, and in the order of the reviews if equally confident.
 */
export function worstMistakes(reviews: readonly Review[], { labels, probabilities }: Scored, limit = 20): Mistake[] {
  const distance = (i: number) => Math.abs(probabilities[i] - labels[i]);
  return Array.from(labels, (_, i) => i)
    .filter((i) => classOf(probabilities[i]) !== labels[i])
    .sort((a, b) => distance(b) - distance(a))
    .slice(0, limit)
    .map((i) => {
      const { id, rating, text } = reviews[i];
      return {
        id,
        actual: labels[i] === 1 ? 'positive' : 'negative',
        probability: probabilities[i],
        ...(rating === undefined ? {} : { rating }),
        text: text.length > LONGEST ? `${text.slice(0, LONGEST - 1).toWellFormed()}…` : text,
      };
    });
}

/** `contribution` is the mean log-odds of one use, above 0 towards positive; `count` is the number of uses. */
export type TopWord = { word: string; contribution: number; count: number };

/** An explanation costs more than a prediction, and the first texts are enough. */
const MOST_TEXTS = 5000;

/**
 * The words that move the model most, as it uses them in these texts: the `limit` most negative, then as many
 * positive ones, by ascending contribution. Skips words used less than `leastUses` times and tokens without a letter;
 * letter case is ignored.
 */
export function topWords(
  model: Pick<Model, 'explain'>,
  texts: Iterable<string>,
  { limit = 15, leastUses = 5 }: { limit?: number; leastUses?: number } = {},
): TopWord[] {
  const uses = new Map<string, { sum: number; count: number }>();
  let seen = 0;
  for (const text of texts) {
    if (++seen > MOST_TEXTS) break;
    for (const { text: given, contribution } of model.explain(text).words) {
      const word = given.toLowerCase();
      if (!/\p{L}/u.test(word)) continue;
      const use = uses.get(word);
      if (use) {
        use.sum += contribution;
        use.count++;
      } else uses.set(word, { sum: contribution, count: 1 });
    }
  }
  const ranked = [...uses]
    .filter(([, { count }]) => count >= leastUses)
    .map(([word, { sum, count }]) => ({ word, contribution: sum / count, count }))
    .sort((a, b) => a.contribution - b.contribution || (a.word < b.word ? -1 : 1));
  const negative = ranked.filter((one) => one.contribution < 0).slice(0, limit);
  const positive = ranked.filter((one) => one.contribution > 0).slice(-limit);
  return [...negative, ...positive];
}

/**
 * Where the model is right, where it is wrong, and which words decide. A mean over all texts can hide a part on which
 * the model guesses.
 */
import type { Review } from '../corpus/review.ts';
import type { Model } from '../model/types.ts';
import { binomialError } from './measures.ts';
import { predictedClasses, type Scored } from './scored.ts';

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
  const predicted = predictedClasses(scored);
  const slices: Slice[] = [];
  let start = 0;
  for (const share of [0.25, 0.5, 0.75, 1]) {
    let end = Math.ceil(share * order.length);
    if (end <= start) continue;
    while (end < order.length && values[order[end]] === values[order[end - 1]]) end++;
    const accuracy = accuracyOf(order.subarray(start, end), scored.labels, predicted);
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

function accuracyOf(texts: Uint32Array, labels: Uint8Array, predicted: Uint8Array): number {
  let right = 0;
  for (const i of texts) if (predicted[i] === labels[i]) right++;
  return right / texts.length;
}

export type Mistake = {
  id: string;
  /** Name of its class. */
  actual: string;
  /** Two classes: probability of class 1. */
  probability?: number;
  /** More classes: what the model answers, and how sure it is. */
  predicted?: string;
  confidence?: number;
  rating?: number;
  /** Its first 300 characters at most. */
  text: string;
};

const LONGEST = 300;

/**
 * The texts that the model got wrong with the most confidence: wrong labels, irony, what it has yet to learn. At most
 * `limit` of them, the most confident first, and in the order of the reviews if equally confident.
 */
export function worstMistakes(
  reviews: readonly Review[],
  scored: Scored,
  names: readonly string[],
  limit = 20,
): Mistake[] {
  const { labels, probabilities } = scored;
  const K = names.length;
  const predicted = predictedClasses(scored);
  const confidence = (i: number) => probabilities[i * K + predicted[i]];
  const distance = (i: number) => (K === 2 ? Math.abs(probabilities[i] - labels[i]) : confidence(i));
  return Array.from(labels, (_, i) => i)
    .filter((i) => predicted[i] !== labels[i])
    .sort((a, b) => distance(b) - distance(a))
    .slice(0, limit)
    .map((i) => {
      const { id, rating, text } = reviews[i];
      return {
        id,
        actual: names[labels[i]],
        ...(K === 2
          ? { probability: probabilities[i] }
          : { predicted: names[predicted[i]], confidence: confidence(i) }),
        ...(rating === undefined ? {} : { rating }),
        text: text.length > LONGEST ? `${text.slice(0, LONGEST - 1).toWellFormed()}…` : text,
      };
    });
}

/**
 * `contribution` is the mean log-odds of one use, above 0 towards class 1 of two, or towards `class` of more; `count` is
 * the number of uses.
 */
export type TopWord = { word: string; contribution: number; count: number; class?: string };

/** An explanation costs more than a prediction, and the first texts are enough. */
const MOST_TEXTS = 5000;

type TopWordOptions = { limit?: number; leastUses?: number };

/**
 * The words that move the model most, as it uses them in these texts. Two classes: the `limit` most negative, then as
 * many positive ones, by ascending contribution. More: of each class the words that speak most for it, `limit` words in
 * all. Skips words used less than `leastUses` times and tokens without a letter; letter case is ignored.
 */
export function topWords(
  model: Pick<Model, 'explain' | 'classes'>,
  texts: readonly string[],
  { limit = 15, leastUses = 5 }: TopWordOptions = {},
): TopWord[] {
  const { classes } = model;
  if (classes.length === 2) {
    const ranked = rankWords(model, texts, 1, leastUses);
    const negative = ranked.filter((one) => one.contribution < 0).slice(0, limit);
    const positive = ranked.filter((one) => one.contribution > 0).slice(-limit);
    return [...negative, ...positive];
  }
  const each = Math.max(1, Math.floor((2 * limit) / classes.length));
  const few = texts.slice(0, Math.ceil(MOST_TEXTS / classes.length));
  return classes.flatMap((name, k) =>
    rankWords(model, few, k, leastUses)
      .filter((one) => one.contribution > 0)
      .slice(-each)
      .map((one) => ({ ...one, class: name })),
  );
}

/** By ascending mean contribution towards a class. */
function rankWords(
  model: Pick<Model, 'explain'>,
  texts: readonly string[],
  towards: number,
  leastUses: number,
): TopWord[] {
  const uses = new Map<string, { sum: number; count: number }>();
  for (const text of texts.slice(0, MOST_TEXTS)) {
    for (const { text: given, contribution } of model.explain(text, towards).words) {
      const word = given.toLowerCase();
      if (!/\p{L}/u.test(word)) continue;
      const use = uses.get(word);
      if (use) {
        use.sum += contribution;
        use.count++;
      } else uses.set(word, { sum: contribution, count: 1 });
    }
  }
  return [...uses]
    .filter(([, { count }]) => count >= leastUses)
    .map(([word, { sum, count }]) => ({ word, contribution: sum / count, count }))
    .sort((a, b) => a.contribution - b.contribution || (a.word < b.word ? -1 : 1));
}

/** The texts the model got wrong with the most confidence: wrong labels, irony, and what it has yet to learn. */
import type { Review } from '../corpus/review.ts';
import { classOf, type Scored } from './scored.ts';

export type Mistake = {
  id: string;
  actual: 'negative' | 'positive';
  /** Of the positive class. */
  probability: number;
  rating?: number;
  /** At most 300 characters of it. */
  text: string;
};

const LONGEST = 300;

/** At most `limit` mistakes, the most confident first; among equals, in the order of the reviews. */
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

/** What every measure here starts from: texts with their true class and the probability the model gave them. */
import type { Review } from '../corpus/review.ts';
import { SentimentError } from '../errors.ts';

/** Text i is of class `labels[i]` (0 or 1) and positive with probability `probabilities[i]` (0 to 1). */
export type Scored = { labels: Uint8Array; probabilities: Float64Array };

/**
 * How many times each text counts, of the length of the labels: what a bootstrap sample is. Measures that take it
 * count each text once where it is absent.
 */
export type Counts = Uint32Array;

/** The class of a probability, by the rule of ml/model: positive above one half. */
export function classOf(probability: number): 0 | 1 {
  return probability > 0.5 ? 1 : 0;
}

/** Scores each review. Throws NO_TEXTS, ONE_CLASS: without both classes most measures mean nothing. */
export function scoreReviews(reviews: readonly Review[], probabilityOf: (text: string) => number): Scored {
  const labels = Uint8Array.from(reviews, (review) => review.label);
  requireBothClasses(labels);
  return { labels, probabilities: Float64Array.from(reviews, (review) => probabilityOf(review.text)) };
}

function requireBothClasses(labels: Uint8Array): void {
  if (labels.length === 0) {
    throw new SentimentError('NO_TEXTS', 'there are no texts to evaluate on', {
      next: 'check the source of the texts, and test_share in params.yaml',
    });
  }
  if (!labels.includes(0) || !labels.includes(1)) {
    throw new SentimentError(
      'ONE_CLASS',
      `all ${labels.length} texts to evaluate on are ${labels[0] === 1 ? 'positive' : 'negative'}`,
      { next: 'evaluate on texts of both classes' },
    );
  }
}

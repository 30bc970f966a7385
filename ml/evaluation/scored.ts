/** Texts with their classes and the probabilities that a model gave them: what all measures start from. */
import type { Review } from '../corpus/review.ts';
import { SentimentError } from '../errors.ts';
import type { Model, Prediction } from '../model/types.ts';

export type Scored = {
  /** Number of each text's class. */
  labels: Uint8Array;
  /** 0 to 1. Two classes: of class 1, one a text. K classes: K a text, side by side. */
  probabilities: Float64Array;
  /** Their names, if there are more than two. */
  classes?: Classes;
  /** What a decision answers; without it, the most probable class. */
  predicted?: Uint8Array;
};

/** Names of more than two classes, and whether their order means something. */
export type Classes = { names: readonly string[]; ordered: boolean };

/**
 * A bootstrap sample: how many times each text counts, one entry a label. Without it, measures count each text once.
 */
export type Counts = Uint32Array;

/** The class of a probability, by the rule of ml/model: positive above 0.5. */
export function classOf(probability: number): 0 | 1 {
  return probability > 0.5 ? 1 : 0;
}

/** The class that is answered for each text. */
export function predictedClasses({ labels, probabilities, classes, predicted }: Scored): Uint8Array {
  if (predicted) return predicted;
  if (!classes) return Uint8Array.from(probabilities, classOf);
  const K = classes.names.length;
  return Uint8Array.from(labels, (_, i) => {
    let best = 0;
    for (let k = 1; k < K; k++) if (probabilities[i * K + k] > probabilities[i * K + best]) best = k;
    return best;
  });
}

/** The texts as two classes: class k, and all others. */
export function oneAgainstRest({ labels, probabilities }: Scored, k: number, K: number): Scored {
  return {
    labels: labels.map((label) => (label === k ? 1 : 0)),
    probabilities: Float64Array.from(labels, (_, i) => probabilities[i * K + k]),
  };
}

/** The texts with these numbers, in this order. */
export function pickTexts({ labels, probabilities, classes, predicted }: Scored, texts: ArrayLike<number>): Scored {
  const K = classes ? classes.names.length : 1;
  const rows = Array.from(texts);
  return {
    labels: Uint8Array.from(rows, (i) => labels[i]),
    probabilities: Float64Array.from(rows.flatMap((i) => [...probabilities.subarray(i * K, (i + 1) * K)])),
    ...(classes && { classes }),
    ...(predicted && { predicted: Uint8Array.from(rows, (i) => predicted[i]) }),
  };
}

/** Puts predictions, in the order of the reviews, beside their labels. */
export function scorePredictions(
  reviews: readonly Review[],
  predictions: readonly Prediction[],
  { names, ordered }: Classes,
): Scored {
  const labels = Uint8Array.from(reviews, (review) => review.label);
  const scored: Scored =
    names.length === 2
      ? { labels, probabilities: Float64Array.from(predictions, ({ probability }) => probability) }
      : {
          labels,
          probabilities: Float64Array.from(predictions.flatMap(({ probabilities }) => probabilities)),
          classes: { names, ordered },
        };
  const predicted = Uint8Array.from(predictions, (prediction) => prediction.class);
  const usual = predictedClasses(scored);
  return predicted.every((label, i) => label === usual[i]) ? scored : { ...scored, predicted };
}

/** Scores each review. Throws NO_TEXTS, ONE_CLASS. */
export function scoreReviews(
  reviews: readonly Review[],
  model: Pick<Model, 'predict' | 'classes' | 'ordered'>,
): Scored {
  requireTwoClasses(reviews, model.classes);
  const predictions = reviews.map((review) => model.predict(review.text));
  return scorePredictions(reviews, predictions, { names: model.classes, ordered: model.ordered });
}

/** Throws NO_TEXTS, or ONE_CLASS because most measures need two classes. */
export function requireTwoClasses(reviews: readonly Pick<Review, 'label'>[], names: readonly string[]): void {
  if (reviews.length === 0) {
    throw new SentimentError('NO_TEXTS', 'there are no texts to evaluate', {
      next: 'check the source of the texts, and test_share in params.yaml',
    });
  }
  const { label: first } = reviews[0];
  if (reviews.every(({ label }) => label === first)) {
    throw new SentimentError('ONE_CLASS', `all ${reviews.length} texts to evaluate are ${names[first]}`, {
      next: `evaluate on texts of ${names.length === 2 ? 'both' : 'all'} classes`,
    });
  }
}

/**
 * The profile of the training texts, kept in the artifact so that the service can tell when incoming texts look
 * different: distributions over fixed buckets, compared by the population stability index.
 *
 * Each signal is measured as for an unseen text: a word is unknown if no other training text contains it (the
 * vocabulary holds every word of the text itself), and probabilities are out-of-fold.
 */
import type { Csr } from '../features/csr.ts';
import type { Vectorizer } from '../features/vectorizer.ts';
import type { Tokens } from '../text/tokens.ts';
import { probabilitiesOf } from './linear_text_model.ts';
import type { Distribution, TrainingProfile } from './types.ts';

export type Signal = 'length' | 'unknown_share' | 'probability';

export const STANDARD_BOUNDS: Readonly<Record<Signal, readonly number[]>> = {
  length: [2, 4, 6, 8, 11, 16, 22, 32, 45, 64, 128, 256, 512],
  unknown_share: [0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6],
  probability: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
};

/** Index of the bucket that holds the value, 0 to bounds.length. */
export function bucketOf(bounds: ArrayLike<number>, value: number): number {
  let bucket = 0;
  while (bucket < bounds.length && value > bounds[bucket]) bucket++;
  return bucket;
}

/** `reviews` are the normalised training texts, `x` is their matrix, `scores` gives their calibrated out-of-fold scores. */
export function profileOf(
  reviews: Iterable<{ text: string }>,
  vectorizer: Vectorizer,
  x: Csr,
  scores: readonly Float64Array[] | undefined,
): TrainingProfile {
  const length = emptyDistribution('length');
  const unknownShare = emptyDistribution('unknown_share');
  const known = knownWordCounter(vectorizer, x);
  for (const { text } of reviews) {
    const tokens = vectorizer.analyze(text);
    count(length, tokens.count);
    count(unknownShare, tokens.count === 0 ? 0 : 1 - known(tokens) / tokens.count);
  }
  return { version: 1, length, unknown_share: unknownShare, ...profileOfScores(scores) };
}

function profileOfScores(
  scores: readonly Float64Array[] | undefined,
): Pick<TrainingProfile, 'probability' | 'probabilities' | 'mean_confidence'> {
  if (!scores) return { probability: null, mean_confidence: null };
  const ofClass = (scores[0].length === 1 ? [1] : [...scores[0].keys()]).map((k) => ({
    k,
    distribution: emptyDistribution('probability'),
  }));
  let sum = 0;
  for (const own of scores) {
    const probabilities = probabilitiesOf(own);
    for (const { k, distribution } of ofClass) count(distribution, probabilities[k]);
    sum += Math.max(...probabilities);
  }
  const distributions = ofClass.map(({ distribution }) => distribution);
  return {
    ...(distributions.length === 1
      ? { probability: distributions[0] }
      : { probability: null, probabilities: distributions }),
    mean_confidence: sum / scores.length,
  };
}

/** Counts the words of a training text that would be in the vocabulary if that text were not there. */
function knownWordCounter({ singleWords, settings }: Vectorizer, x: Csr): (tokens: Tokens) => number {
  if (!singleWords) return (tokens) => tokens.count;
  const { min_df: minimum } = settings.word!;
  const least = Math.max(1, minimum < 1 ? minimum * x.rowCount : minimum);
  // The word block comes first, so its columns have the same numbers in the matrix.
  const documents = new Uint32Array(singleWords.size);
  for (const column of x.columns) if (column < documents.length) documents[column]++;
  return ({ ids, count }) => {
    let known = 0;
    for (let i = 0; i < count; i++) {
      const column = singleWords.columnOf(ids[i]);
      if (column >= 0 && documents[column] - 1 >= least) known++;
    }
    return known;
  };
}

function emptyDistribution(signal: Signal): Distribution {
  const bounds = [...STANDARD_BOUNDS[signal]];
  return { bounds, counts: new Array<number>(bounds.length + 1).fill(0) };
}

function count({ bounds, counts }: Distribution, value: number): void {
  counts[bucketOf(bounds, value)]++;
}

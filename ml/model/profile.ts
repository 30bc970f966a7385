/**
 * The profile of the training texts, kept in the artifact so that the service can tell when incoming texts look
 * different: distributions over fixed buckets, compared by the population stability index.
 *
 * Each signal is measured as for an unseen text: a word is unknown if no other training text contains it (the
 * vocabulary holds every word of the text itself), and probabilities are out-of-fold.
 */
import type { Csr } from '../features/csr.ts';
import { countNgrams, type NgramSink } from '../features/ngrams.ts';
import type { Vectorizer } from '../features/vectorizer.ts';
import type { Tokens } from '../text/tokens.ts';
import type { Calibration, Distribution, TrainingProfile } from './types.ts';

export const SIGNALS = ['length', 'unknown_share', 'probability'] as const;
export type Signal = (typeof SIGNALS)[number];

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

/**
 * `reviews` are the normalised training texts, `x` is their matrix and `rawScores` holds their out-of-fold scores
 * before calibration.
 */
export function profileOf(
  reviews: Iterable<{ text: string }>,
  vectorizer: Vectorizer,
  x: Csr,
  rawScores: Float64Array | undefined,
  calibration: Calibration,
): TrainingProfile {
  const length = emptyDistribution('length');
  const unknownShare = emptyDistribution('unknown_share');
  const known = knownWordCounter(vectorizer, x);
  for (const { text } of reviews) {
    const tokens = vectorizer.analyze(text);
    count(length, tokens.count);
    count(unknownShare, tokens.count === 0 ? 0 : 1 - known(tokens) / tokens.count);
  }
  return { version: 1, length, unknown_share: unknownShare, ...profileOfScores(rawScores, calibration) };
}

function profileOfScores(
  rawScores: Float64Array | undefined,
  { slope, offset }: Calibration,
): Pick<TrainingProfile, 'probability' | 'mean_confidence'> {
  if (!rawScores) return { probability: null, mean_confidence: null };
  const probability = emptyDistribution('probability');
  let sum = 0;
  for (const raw of rawScores) {
    const p = 1 / (1 + Math.exp(-(slope * raw + offset)));
    count(probability, p);
    sum += Math.max(p, 1 - p);
  }
  return { probability, mean_confidence: sum / rawScores.length };
}

/** Counts the words of a training text that would be in the vocabulary if that text were not there. */
function knownWordCounter({ singleWords }: Vectorizer, x: Csr): (tokens: Tokens) => number {
  if (!singleWords) return (tokens) => tokens.count;
  const { vocabulary, settings } = singleWords;
  const { min_df: minimum } = settings;
  const least = Math.max(1, minimum < 1 ? minimum * x.rowCount : minimum);
  // The word block comes first, so its columns have the same numbers in the matrix.
  const documents = new Uint32Array(vocabulary.size);
  for (const column of x.columns) if (column < documents.length) documents[column]++;
  let known = 0;
  const sink: NgramSink = {
    add(column) {
      if (documents[column] - 1 >= least) known++;
    },
  };
  return (tokens) => {
    known = 0;
    countNgrams(tokens, 'word', [1, 1], vocabulary, false, sink);
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

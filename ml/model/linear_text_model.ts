/**
 * The model: a text gives a calibrated probability for each class, and the share of each word in it. For two classes:
 *
 *     raw   = intercept + sum over n-grams of weight x value
 *     score = slope x raw + offset          (Platt's calibration; 1 and 0 without)
 *     probability = 1 / (1 + e^-score)
 *
 * For K classes all of these have a value a class, and the probabilities are e^score divided by their sum. In a text that shows
 * a sign, the slope of two classes is larger (ml/text/signs.ts).
 */
import { Weigher } from '../features/block.ts';
import type { Vectorizer } from '../features/vectorizer.ts';
import type { Analyzer } from '../text/analyzer.ts';
import {
  createNormalizer,
  createReader,
  createTracker,
  type Normalizer,
  type Reader,
  type Tracker,
} from '../text/normalize.ts';
import type { NormalizeSettings } from '../text/rules.ts';
import { showsSign } from '../text/signs.ts';
import type { Tokens } from '../text/tokens.ts';
import { decide, knownShareOf } from './decision.ts';
import type { Fingerprints } from './fingerprints.ts';
import type {
  Calibration,
  Decision,
  Explanation,
  Model,
  ModelFacts,
  Prediction,
  TrainingProfile,
  WordContribution,
} from './types.ts';

export type ModelParts = {
  classes: readonly string[];
  ordered: boolean;
  normalize: NormalizeSettings;
  vectorizer: Vectorizer;
  /** For each column of the vectorizer one for two classes, else one a class side by side. */
  weights: Float32Array<ArrayBuffer>;
  /** As many as a column has weights. */
  intercepts: readonly number[];
  calibration: Calibration;
  decision?: Decision;
  facts: ModelFacts;
  profile?: TrainingProfile;
  /** Undefined for a model trained before they existed. */
  fingerprints?: Fingerprints;
};

export class LinearTextModel implements Model {
  readonly parts: ModelParts;
  readonly digest: string;
  readonly #read: Reader;
  readonly #normalize: Normalizer;
  readonly #track: Tracker;
  readonly #analyze: Analyzer;
  /** Weights of a column. */
  readonly #outputs: number;
  readonly #sums: Float64Array<ArrayBuffer>;
  /** One a block of the vectorizer. */
  readonly #weighers: readonly Weigher[];

  /** `digest` is the SHA-256 of the artifact, empty for a model that was never saved. */
  constructor(parts: ModelParts, digest = '') {
    this.parts = parts;
    this.digest = digest;
    this.#read = createReader(parts.normalize);
    this.#normalize = createNormalizer(parts.normalize);
    this.#track = createTracker(parts.normalize);
    this.#analyze = parts.vectorizer.analyze;
    this.#outputs = parts.intercepts.length;
    this.#sums = new Float64Array(this.#outputs);
    this.#weighers = parts.vectorizer.blocks.map((block, b) => {
      const from = parts.vectorizer.offsets[b] * this.#outputs;
      const weights = parts.weights.subarray(from, from + block.ngrams.size * this.#outputs);
      return new Weigher(block, weights, this.#outputs);
    });
  }

  get facts(): ModelFacts {
    return this.parts.facts;
  }

  get classes(): readonly string[] {
    return this.parts.classes;
  }

  get ordered(): boolean {
    return this.parts.ordered;
  }

  get featureCount(): number {
    return this.parts.weights.length / this.#outputs;
  }

  get profile(): TrainingProfile | undefined {
    return this.parts.profile;
  }

  predict(text: string): Prediction {
    const { letters, hasSign } = this.#read(text);
    const tokens = this.#analyze(letters);
    return this.#predictionOf(this.#scoresOf(tokens, hasSign), tokens);
  }

  /** Calibrated scores: the log-odds of class 1 where there are two, else a score a class. */
  scores(text: string): Float64Array {
    const { letters, hasSign } = this.#read(text);
    return this.#scoresOf(this.#analyze(letters), hasSign).slice();
  }

  explain(text: string, towards?: number): Explanation {
    const { vectorizer } = this.parts;
    const normalized = this.#normalize(text);
    const tokens = this.#analyze(normalized);
    // Fills the blocks with the counts and values of this text.
    const hasSign = showsSign(normalized);
    const scores = this.#scoresOf(tokens, hasSign);
    const prediction = this.#predictionOf(scores, tokens);
    const explained = scores.length === 1 ? 1 : (towards ?? prediction.class);
    const { weightOf, bias } = this.#explained(explained, hasSign);
    const contributions = new Float64Array(tokens.count);
    this.#weighers.forEach(({ block: { ngrams }, row, values }, b) => {
      const worth = Float64Array.from(values.subarray(0, row.length));
      for (let k = 0; k < row.length; k++) worth[k] *= weightOf(vectorizer.offsets[b] + row.columns[k]);
      row.explain(worth, contributions, () => ngrams.count(tokens, row));
    });
    const known = vectorizer.singleWords
      ? tokens.count - prediction.unknownTokens
      : contributions.filter((contribution) => contribution !== 0).length;
    return {
      ...prediction,
      ...(scores.length > 1 && { score: centred(scores, explained) }),
      towards: explained,
      bias,
      words: alignWords(text, normalized, tokens, contributions, this.#track),
      knownShare: tokens.count === 0 ? 0 : known / tokens.count,
    };
  }

  /** Calibrated weight of a column, and the bias, towards a class: with more than two, less the mean over all. */
  #explained(towards: number, hasSign: boolean): { weightOf(column: number): number; bias: number } {
    const { weights, intercepts, calibration } = this.parts;
    const { offsets } = calibration;
    const slopes = slopesOf(calibration, hasSign);
    const K = this.#outputs;
    if (K === 1) {
      return {
        weightOf: (column) => slopes[0] * weights[column],
        bias: slopes[0] * intercepts[0] + offsets[0],
      };
    }
    return {
      weightOf(column) {
        let sum = 0;
        for (let k = 0; k < K; k++) sum += slopes[k] * weights[column * K + k];
        return slopes[towards] * weights[column * K + towards] - sum / K;
      },
      bias: centred(
        intercepts.map((intercept, k) => slopes[k] * intercept + offsets[k]),
        towards,
      ),
    };
  }

  /** slope x (intercept + sum of weight x value) + offset; the sum in the order of a stored row. The next call reuses it. */
  #scoresOf(tokens: Tokens, hasSign: boolean): Float64Array {
    const { intercepts } = this.parts;
    const K = this.#outputs;
    const sums = this.#sums;
    // A call of fill would take longer.
    for (let k = 0; k < K; k++) sums[k] = 0;
    for (let b = 0; b < this.#weighers.length; b++) this.#weighers[b].addScores(tokens, sums);
    return calibrated(sums, intercepts, this.parts.calibration, hasSign);
  }

  /** `tokens` are those that gave the scores: the block of single words has just counted the known ones. */
  #predictionOf(scores: Float64Array, { count: tokens }: Tokens): Prediction {
    const { classes, decision, vectorizer } = this.parts;
    const words = vectorizer.singleWords;
    const unknownTokens = words ? tokens - words.knownWords : 0;
    const probabilities = probabilitiesOf(scores);
    const answer = decide(probabilities, decision);
    const isUnknown =
      unknownTokens === tokens || knownShareOf({ tokens, unknownTokens }) < (decision?.least_known ?? 0);
    const prediction: Prediction = {
      class: answer.class,
      label: classes[answer.class],
      probability: probabilities[scores.length === 1 ? 1 : answer.class],
      probabilities,
      confidence: probabilities[answer.class],
      score: scores.length === 1 ? scores[0] : centred(scores, answer.class),
      tokens,
      unknownTokens,
    };
    if (isUnknown) prediction.abstains = 'unknown';
    else if (answer.unsure) prediction.abstains = 'unsure';
    if (answer.possible) prediction.possible = answer.possible;
    return prediction;
  }
}

/** Turns sums of weight x value into calibrated scores, in place. `hasSign` says whether the text shows a sign. */
export function calibrated(
  sums: Float64Array,
  intercepts: readonly number[],
  calibration: Calibration,
  hasSign: boolean,
): Float64Array {
  const { offsets } = calibration;
  const slopes = slopesOf(calibration, hasSign);
  for (let k = 0; k < sums.length; k++) sums[k] = slopes[k] * (sums[k] + intercepts[k]) + offsets[k];
  return sums;
}

function slopesOf({ slopes, signs }: Calibration, hasSign: boolean): readonly number[] {
  return hasSign && signs !== undefined ? slopes.map((slope) => slope * signs) : slopes;
}

/** The probability of every class, in their order. One score is the log-odds of class 1 of two. */
export function probabilitiesOf(scores: Float64Array): number[] {
  if (scores.length === 1) {
    const probability = 1 / (1 + Math.exp(-scores[0]));
    return [1 - probability, probability];
  }
  const top = Math.max(...scores);
  const powers = Array.from(scores, (score) => Math.exp(score - top));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

function centred(scores: ArrayLike<number>, k: number): number {
  let sum = 0;
  for (let l = 0; l < scores.length; l++) sum += scores[l];
  return scores[k] - sum / scores.length;
}

// A word that is not found costs a search through the whole text.
const MOST_MISSES = 100;

/**
 * Finds each token in the text as given, so that a page can highlight it there.
 *
 * The rules say where each letter of the normalised text comes from. In the rare text where they do not know, each word is
 * searched from left to right, and left out if it is not found; after MOST_MISSES, so are all that follow.
 */
function alignWords(
  text: string,
  normalized: string,
  tokens: Tokens,
  contributions: Float64Array,
  track: Tracker,
): WordContribution[] {
  const range = rangeFinder(text, normalized, track);
  const words: WordContribution[] = [];
  for (const { from, to, contribution } of spansOf(tokens, contributions)) {
    const [start, end] = range(from, to);
    if (start < 0) continue;
    const last = words.at(-1);
    // Tokens of one hashtag or of one sign, such as a half, are one word.
    if (last && start < last.end) {
      last.end = Math.max(last.end, end);
      last.text = text.slice(last.start, last.end);
      last.contribution += contribution;
    } else words.push({ text: text.slice(start, end), start, end, contribution });
  }
  return words;
}

type Span = { from: number; to: number; contribution: number };

/** Ranges of the normalised text that do not overlap: of two overlapping pairs of letters, each letter gets its halves. */
function spansOf({ count, from, to }: Tokens, contributions: Float64Array): Span[] {
  const spans: Span[] = [];
  for (let t = 0; t < count; t++) {
    if (from[t] < 0) continue;
    const isSecond = t > 0 && from[t] < to[t - 1];
    const isFirst = t + 1 < count && from[t + 1] >= 0 && from[t + 1] < to[t];
    if (!isSecond && !isFirst) {
      spans.push({ from: from[t], to: to[t], contribution: contributions[t] });
      continue;
    }
    const middle = isSecond ? to[t - 1] : from[t + 1];
    const half = contributions[t] / 2;
    if (isSecond) spans[spans.length - 1].contribution += half;
    else spans.push({ from: from[t], to: middle, contribution: half });
    spans.push({ from: middle, to: to[t], contribution: half });
  }
  return spans;
}

/** Maps a range of the normalised text to a range of the given text; [-1, -1] if it is not found. */
function rangeFinder(text: string, normalized: string, track: Tracker): (from: number, to: number) => [number, number] {
  if (text === normalized || text.toLowerCase() === normalized) return (from, to) => [from, to];
  const tracked = track(text);
  if (tracked?.text === normalized) return (from, to) => [tracked.start[from], tracked.end[to - 1]];
  const lower = text.toLowerCase();
  let at = 0;
  let misses = lower.length === text.length ? 0 : MOST_MISSES;
  return (from, to) => {
    const found = misses < MOST_MISSES ? lower.indexOf(normalized.slice(from, to), at) : -1;
    if (found < 0) {
      misses++;
      return [-1, -1];
    }
    at = found + to - from;
    return [found, at];
  };
}

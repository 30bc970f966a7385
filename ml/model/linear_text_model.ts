/**
 * The model: a text gives a calibrated probability, and the share of each word in it.
 *
 *     raw   = intercept + sum over n-grams of weight x value
 *     score = slope x raw + offset          (Platt's calibration; 1 and 0 without)
 *     probability = 1 / (1 + e^-score)
 */
import { countNgrams, type NgramSink } from '../features/ngrams.ts';
import type { Vectorizer } from '../features/vectorizer.ts';
import type { Analyzer } from '../text/analyzer.ts';
import { createNormalizer, createTracker, type Normalizer } from '../text/normalize.ts';
import type { NormalizeSettings } from '../text/rules.ts';
import type { Tokens } from '../text/tokens.ts';
import type { Fingerprints } from './fingerprints.ts';
import type {
  Calibration,
  Explanation,
  Model,
  ModelFacts,
  Prediction,
  TrainingProfile,
  WordContribution,
} from './types.ts';

export type ModelParts = {
  normalize: NormalizeSettings;
  vectorizer: Vectorizer;
  /** One for each column of the vectorizer. */
  weights: Float32Array<ArrayBuffer>;
  intercept: number;
  calibration: Calibration;
  facts: ModelFacts;
  profile?: TrainingProfile;
  /** Undefined for a model trained before they existed. */
  fingerprints?: Fingerprints;
};

export class LinearTextModel implements Model {
  readonly parts: ModelParts;
  readonly digest: string;
  readonly #normalize: Normalizer;
  readonly #analyze: Analyzer;

  /** `digest` is the SHA-256 of the artifact, empty for a model that was never saved. */
  constructor(parts: ModelParts, digest = '') {
    this.parts = parts;
    this.digest = digest;
    this.#normalize = createNormalizer(parts.normalize);
    this.#analyze = parts.vectorizer.analyze;
  }

  get facts(): ModelFacts {
    return this.parts.facts;
  }

  get featureCount(): number {
    return this.parts.weights.length;
  }

  get profile(): TrainingProfile | undefined {
    return this.parts.profile;
  }

  predict(text: string): Prediction {
    const tokens = this.#analyze(this.#normalize(text));
    return this.#predictionOf(this.#scoreOf(tokens), tokens);
  }

  /** Calibrated log-odds. */
  score(text: string): number {
    return this.#scoreOf(this.#analyze(this.#normalize(text)));
  }

  explain(text: string): Explanation {
    const { vectorizer, calibration, intercept, weights, normalize } = this.parts;
    const normalized = this.#normalize(text);
    const tokens = this.#analyze(normalized);
    // Fills the blocks with the counts and values of this text.
    const prediction = this.#predictionOf(this.#scoreOf(tokens), tokens);
    const contributions = new Float64Array(tokens.count);
    vectorizer.blocks.forEach((block, b) => {
      const values = new Map<number, number>();
      for (let k = 0; k < block.counts.length; k++) values.set(block.counts.columns[k], block.values[k]);
      const sink: NgramSink = {
        add(column, weight, first, last) {
          const count = block.counts.count(column);
          if (count === 0) return;
          const whole = calibration.slope * weights[vectorizer.offsets[b] + column] * (values.get(column) ?? 0);
          const part = (whole * weight) / count / (last - first + 1);
          for (let t = first; t <= last; t++) contributions[t] += part;
        },
      };
      countNgrams(tokens, block.unit, block.settings.ngrams, block.vocabulary, false, sink);
    });
    const known = vectorizer.singleWords
      ? tokens.count - prediction.unknownTokens
      : contributions.filter((contribution) => contribution !== 0).length;
    return {
      ...prediction,
      bias: calibration.slope * intercept + calibration.offset,
      words: alignWords(text, normalized, tokens, contributions, normalize),
      knownShare: tokens.count === 0 ? 0 : known / tokens.count,
    };
  }

  /** slope x (intercept + sum of weight x value) + offset; the sum in the order of a stored row. */
  #scoreOf(tokens: Tokens): number {
    const { vectorizer, weights, calibration, intercept } = this.parts;
    let sum = 0;
    for (let b = 0; b < vectorizer.blocks.length; b++) {
      const block = vectorizer.blocks[b];
      block.weigh(tokens);
      const { columns, length } = block.counts;
      const { values } = block;
      const offset = vectorizer.offsets[b];
      for (let k = 0; k < length; k++) sum += values[k] * weights[columns[k] + offset];
    }
    return calibration.slope * (sum + intercept) + calibration.offset;
  }

  /** `tokens` are those that gave the score: the block of single words has just counted the known ones. */
  #predictionOf(score: number, { count: tokens }: Tokens): Prediction {
    const words = this.parts.vectorizer.singleWords;
    const unknownTokens = words ? tokens - words.knownWords : 0;
    const probability = 1 / (1 + Math.exp(-score));
    return probability > 0.5
      ? { class: 1, label: 'positive', probability, confidence: probability, score, tokens, unknownTokens }
      : { class: 0, label: 'negative', probability, confidence: 1 - probability, score, tokens, unknownTokens };
  }
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
  settings: NormalizeSettings,
): WordContribution[] {
  const range = rangeFinder(text, normalized, settings);
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
function rangeFinder(
  text: string,
  normalized: string,
  settings: NormalizeSettings,
): (from: number, to: number) => [number, number] {
  if (text === normalized || text.toLowerCase() === normalized) return (from, to) => [from, to];
  const tracked = createTracker(settings)(text);
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

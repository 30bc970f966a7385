/**
 * The model: text in, calibrated probability out, with the share of each word.
 *
 *     raw   = intercept + sum over n-grams of weight x value
 *     score = slope x raw + offset          (Platt's calibration; 1 and 0 without)
 *     probability = 1 / (1 + e^-score)
 */
import type { NgramSink } from '../features/ngrams.ts';
import { countNgrams } from '../features/ngrams.ts';
import type { Vectorizer } from '../features/vectorizer.ts';
import { createNormalizer, type Normalizer, type NormalizeSettings } from '../text/normalize.ts';
import type { Tokens } from '../text/tokens.ts';
import { alignWords } from './align.ts';
import { KnownWords, type TrainingProfile, wordVocabulary } from './profile.ts';
import type { Explanation, Model, ModelFacts, Prediction, TextSignals } from './types.ts';

export type ModelParts = {
  normalize: NormalizeSettings;
  vectorizer: Vectorizer;
  /** One number a column of the vectorizer. */
  weights: Float32Array<ArrayBuffer>;
  intercept: number;
  calibration: Calibration;
  facts: ModelFacts;
  profile?: TrainingProfile;
};

/** score = slope x raw + offset. */
export type Calibration = { slope: number; offset: number };

export class LinearTextModel implements Model {
  readonly parts: ModelParts;
  readonly digest: string;
  readonly #normalize: Normalizer;
  readonly #known: KnownWords | undefined;
  #tokens: Tokens | undefined;

  /** `digest` is the SHA-256 of the artifact, '' for a model that was never saved. */
  constructor(parts: ModelParts, digest = '') {
    this.parts = parts;
    this.digest = digest;
    this.#normalize = createNormalizer(parts.normalize);
    const vocabulary = wordVocabulary(parts.vectorizer);
    this.#known = vocabulary && new KnownWords(vocabulary);
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
    return predictionOf(this.score(text));
  }

  /** Calibrated log-odds. */
  score(text: string): number {
    const { calibration, intercept } = this.parts;
    return calibration.slope * (this.#weigh(this.#normalize(text)) + intercept) + calibration.offset;
  }

  explain(text: string): Explanation {
    const { vectorizer, calibration, intercept, weights } = this.parts;
    const normalized = this.#normalize(text);
    const score = calibration.slope * (this.#weigh(normalized) + intercept) + calibration.offset;
    // The blocks now hold counts and values of this text; the analyzer's tokens are the same object again.
    const tokens = vectorizer.analyze(normalized);
    const contributions = new Float64Array(tokens.count);
    const known = new Uint8Array(tokens.count);
    vectorizer.blocks.forEach((block, b) => {
      const values = new Map<number, number>();
      for (let k = 0; k < block.counts.length; k++) values.set(block.counts.columns[k], block.values[k]);
      const sink: NgramSink = {
        add(column, weight, first, last) {
          if (block.unit === 'word' && first === last) known[first] = 1;
          const count = block.counts.count(column);
          if (count === 0) return;
          const whole = calibration.slope * weights[vectorizer.offsets[b] + column] * (values.get(column) ?? 0);
          const part = (whole * weight) / count / (last - first + 1);
          for (let t = first; t <= last; t++) contributions[t] += part;
        },
      };
      countNgrams(tokens, block.unit, block.settings.ngrams, block.vocabulary, false, sink);
      if (block.unit === 'char' && vectorizer.blocks.length === 1)
        contributions.forEach((c, t) => {
          if (c !== 0) known[t] = 1;
        });
    });
    const knownCount = known.reduce((sum, one) => sum + one, 0);
    return {
      ...predictionOf(score),
      bias: calibration.slope * intercept + calibration.offset,
      words: alignWords(text, normalized, tokens, contributions, this.parts.normalize),
      knownShare: tokens.count === 0 ? 0 : knownCount / tokens.count,
    };
  }

  /** A model without single words among its features knows them all. */
  signals(): TextSignals {
    const tokens = this.#tokens;
    if (!tokens) return { tokens: 0, unknownTokens: 0 };
    const { count } = tokens;
    return { tokens: count, unknownTokens: this.#known ? count - this.#known.count(tokens) : 0 };
  }

  /** Sum of weight x value over the n-grams of a normalised text, in the order of a stored row. */
  #weigh(normalized: string): number {
    const { vectorizer, weights } = this.parts;
    const tokens = vectorizer.analyze(normalized);
    this.#tokens = tokens;
    let sum = 0;
    for (let b = 0; b < vectorizer.blocks.length; b++) {
      const block = vectorizer.blocks[b];
      block.weigh(tokens);
      const { columns, length } = block.counts;
      const { values } = block;
      const offset = vectorizer.offsets[b];
      for (let k = 0; k < length; k++) sum += values[k] * weights[columns[k] + offset];
    }
    return sum;
  }
}

function predictionOf(score: number): Prediction {
  const probability = 1 / (1 + Math.exp(-score));
  return probability > 0.5
    ? { class: 1, label: 'positive', probability, confidence: probability, score }
    : { class: 0, label: 'negative', probability, confidence: 1 - probability, score };
}

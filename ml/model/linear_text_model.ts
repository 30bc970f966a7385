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
import type { Analyzer } from '../text/analyzer.ts';
import { createNormalizer, type Normalizer, type NormalizeSettings } from '../text/normalize.ts';
import type { Tokens } from '../text/tokens.ts';
import { alignWords } from './align.ts';
import type { TrainingProfile } from './profile.ts';
import type { Explanation, Model, ModelFacts, Prediction } from './types.ts';

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
  readonly #analyze: Analyzer;

  /** `digest` is the SHA-256 of the artifact, '' for a model that was never saved. */
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
    const { vectorizer, calibration, intercept, weights } = this.parts;
    const normalized = this.#normalize(text);
    const tokens = this.#analyze(normalized);
    // Fills the blocks with the counts and values of this text.
    const prediction = this.#predictionOf(this.#scoreOf(tokens), tokens);
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
      ...prediction,
      bias: calibration.slope * intercept + calibration.offset,
      words: alignWords(text, normalized, tokens, contributions, this.parts.normalize),
      knownShare: tokens.count === 0 ? 0 : knownCount / tokens.count,
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

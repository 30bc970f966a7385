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
import { createNormalizer, type Normalizer, type NormalizeSettings } from '../text/normalize.ts';
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

// A character is followed by what may compose with it: marks, and after Hangul its vowels and finals in all their forms.
const PIECE =
  /&(?:amp;){0,2}#?[a-z0-9]{1,31};?|<\/?[a-z!][^<>]{0,300}>|[\s\S](?:[\p{M}\uff9e\uff9f]|(?<=\p{Script=Hangul})[\u1160-\u11ff\u3131-\u318e\ud7b0-\ud7fb\uffa0-\uffdc])*/giu;
// A word that is not found costs a search through the whole text.
const MOST_MISSES = 100;

/**
 * Finds each token in the text as given, so that a page can highlight it there.
 *
 * The text is cut into pieces that normalise on their own (an entity, a tag, a letter with its marks). If the normal
 * forms of the pieces add up to that of the whole text, offsets follow from them. In the rare text where they do not,
 * each word is searched from left to right, and left out if it is not found; after MOST_MISSES, so are all that follow.
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
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.from[t] < 0) continue;
    const [start, end] = range(tokens.from[t], tokens.to[t]);
    if (start >= 0) words.push({ text: text.slice(start, end), start, end, contribution: contributions[t] });
  }
  return words;
}

/** Maps a range of the normalised text to a range of the given text; [-1, -1] if it is not found. */
function rangeFinder(
  text: string,
  normalized: string,
  settings: NormalizeSettings,
): (from: number, to: number) => [number, number] {
  if (text === normalized || text.toLowerCase() === normalized) return (from, to) => [from, to];
  const pieces = pieceOffsets(text, normalized, settings);
  if (pieces) return (from, to) => [pieces.start[from], pieces.end[to - 1]];
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

type Offsets = { start: Uint32Array; end: Uint32Array };

/** For each code of the normalised text, the range of the given text that it comes from. */
function pieceOffsets(text: string, normalized: string, settings: NormalizeSettings): Offsets | undefined {
  const normalize = createNormalizer(settings);
  const forms = new Map<string, string>();
  const start = new Uint32Array(normalized.length);
  const end = new Uint32Array(normalized.length);
  let whole = '';
  for (const { 0: piece, index } of text.matchAll(PIECE)) {
    let form = forms.get(piece);
    if (form === undefined) {
      form = normalize(piece);
      forms.set(piece, form);
    }
    start.fill(index, whole.length, whole.length + form.length);
    end.fill(index + piece.length, whole.length, whole.length + form.length);
    whole += form;
  }
  return whole === normalized ? { start, end } : undefined;
}

/**
 * One family of features (word n-grams or character n-grams): its settings, its columns, and the values of a text.
 *
 *     tf    = count, or 1 + ln(count) with sublinear_tf (below 1, the count), or 1 with `binary`
 *     idf   = ln((1 + n) / (1 + df)) + 1 with smooth_idf, else ln(n / df) + 1; only with `tfidf`
 *     value = tf x idf / norm of the row
 *
 * Formulas and names are those of scikit-learn's TfidfTransformer (Salton & Buckley 1988). A count can be a fraction or
 * negative (see ngrams.ts) and keeps its sign.
 */
import type { Tokens } from '../text/tokens.ts';
import type { HashedNgrams } from './hashed.ts';
import type { CharNgrams, WordNgrams } from './ngrams.ts';
import type { LexiconWords } from './polarity.ts';
import { Row } from './row.ts';

export type BlockSettings = {
  /** Minimum and maximum number of tokens (or characters) in an n-gram, both inclusive, 1 to 20. */
  ngrams: [number, number];
  /** Minimum number of documents that contain a term; below 1, a share of the documents. */
  min_df: number;
  /** Maximum number of documents that contain a term; up to 1, a share of the documents. */
  max_df: number;
  /** Number of terms to keep, the most frequent first; 0 keeps all. */
  max_features: number;
  weighting: 'count' | 'binary' | 'tfidf';
  sublinear_tf: boolean;
  smooth_idf: boolean;
  norm: 'l2' | 'l1' | 'none';
};

/** In the table of a row: the place of a column's idf, then its weights. */
const IDF = 1;
const WEIGHTS = 2;

/** A fitted block. Its columns are numbered from 0; the vectorizer adds the offset of the block. */
export class Block {
  /** Null for the words of a lexicon, whose value is 2 x count / sqrt(number of tokens). */
  readonly settings: BlockSettings | null;
  readonly ngrams: WordNgrams | CharNgrams | HashedNgrams | LexiconWords;
  readonly idf: Idf;

  constructor(settings: BlockSettings | null, ngrams: Block['ngrams'], idf: Idf) {
    this.settings = settings;
    this.ngrams = ngrams;
    this.idf = idf;
  }
}

/** Makes the row of a text, with its values, and adds up their weights if the columns have some. */
export class Weigher {
  readonly block: Block;
  /** Counts of the last text. */
  readonly row: Row;
  /** Values of the columns in `row`, in the same order. */
  values: Float32Array<ArrayBuffer> = new Float32Array(1024);
  readonly #outputs: number;
  readonly #idf: IdfOfColumns;
  /** The table of `row`, read as such. */
  readonly #weights: Float32Array<ArrayBuffer>;

  /** `weights` has `outputs` of them for each column, side by side. */
  constructor(block: Block, weights: Float32Array = new Float32Array(0), outputs = 0) {
    this.block = block;
    const { ngrams, idf } = block;
    const stride = WEIGHTS + outputs;
    this.row = new Row(ngrams.size, stride);
    const { table } = this.row;
    const floats = new Float32Array(table.buffer);
    for (let column = 0; column < ngrams.size; column++) {
      table[stride * column + IDF] = idf.of[column];
      for (let k = 0; k < outputs; k++) floats[stride * column + WEIGHTS + k] = weights[outputs * column + k];
    }
    this.#outputs = outputs;
    this.#weights = floats;
    this.#idf = { places: table, stride, first: IDF, values: idf.values };
  }

  /** Fills `row` and `values` for one text. Values are rounded to 32 bits, as they are stored for training. */
  weigh(tokens: Tokens): void {
    const { row } = this;
    const { settings, ngrams } = this.block;
    row.clear();
    ngrams.count(tokens, row);
    const { length, columns, counts } = row;
    if (length > this.values.length) this.values = new Float32Array(Math.max(length, this.values.length * 2));
    if (settings === null) {
      const norm = Math.sqrt(tokens.count) / 2;
      for (let k = 0; k < length; k++) this.values[k] = counts[k] / norm;
    } else weighRow(settings, this.#idf, { columns, counts, at: 0, length }, this.values);
  }

  /** Adds value x weight of one text, in the order of its row, to each of `sums`, one an output. */
  addScores(tokens: Tokens, sums: Float64Array): void {
    this.weigh(tokens);
    const { values } = this;
    const K = this.#outputs;
    const weights = this.#weights;
    const { columns, length, stride } = this.row;
    if (K === 1) {
      let sum = sums[0];
      for (let k = 0; k < length; k++) sum += values[k] * weights[stride * columns[k] + WEIGHTS];
      sums[0] = sum;
      return;
    }
    for (let at = 0; at < length; at++) {
      const value = values[at];
      const base = stride * columns[at] + WEIGHTS;
      for (let k = 0; k < K; k++) sums[k] += value * weights[base + k];
    }
  }
}

/** Inverse document frequencies: many columns share one, and these are few. */
export type Idf = {
  /** For each column the place of its own in `values`. */
  of: Uint16Array<ArrayBuffer>;
  values: Float64Array<ArrayBuffer>;
};

/** For weighRow: the place of a column's idf in `values` is number `first` of its `stride` in `places`. */
export type IdfOfColumns = { places: Int32Array; stride: number; first: number; values: Float64Array };

/** All are 1 unless the weighting is `tfidf`. */
export function inverseDocumentFrequencies(
  documentCounts: ArrayLike<number>,
  documents: number,
  settings: BlockSettings,
): Idf {
  const smooth = settings.smooth_idf ? 1 : 0;
  const isWeighted = settings.weighting === 'tfidf';
  return idfOf(documentCounts, (count) => (isWeighted ? Math.log((documents + smooth) / (count + smooth)) + 1 : 1));
}

/** Throws RangeError for more than 65,536 values, for which a matrix would need 2^31 entries. */
export function idfOf(keys: ArrayLike<number>, idfFor: (key: number) => number): Idf {
  const of = new Uint16Array(keys.length);
  const places = new Map<number, number>();
  const values: number[] = [];
  for (let j = 0; j < of.length; j++) {
    const value = keys[j];
    let place = places.get(value);
    if (place === undefined) {
      place = values.push(idfFor(value)) - 1;
      places.set(value, place);
    }
    of[j] = place;
  }
  if (values.length > 65536) throw new RangeError(`${values.length} inverse document frequencies are too many`);
  return { of, values: Float64Array.from(values) };
}

/** 1 + ln(count) for counts without fractions, which are nearly all. */
const SUBLINEAR = Float64Array.from({ length: 64 }, (_, count) => 1 + Math.log(count));

/** Values of a row before they are divided by its norm. */
let weighed = new Float64Array(1024);

/** A row's columns and weighted counts: `length` of them from `at` on. */
export type Counted = { columns: Int32Array; counts: Float32Array; at: number; length: number };

/** Writes the values of a row to the same places of `values`. One function without calls, which the compiler would not inline. */
export function weighRow(
  { weighting, sublinear_tf, norm }: BlockSettings,
  { places, stride, first, values: idfs }: IdfOfColumns,
  { columns, counts, at, length }: Counted,
  values: Float32Array,
): void {
  if (length > weighed.length) weighed = new Float64Array(2 * length);
  const row = weighed;
  const isBinary = weighting === 'binary';
  const isSquared = norm === 'l2';
  let sum = 0;
  for (let k = 0; k < length; k++) {
    const count = counts[at + k];
    let frequency: number = count;
    if (isBinary) frequency = Math.sign(count);
    else if (sublinear_tf && (count > 1 || count < -1)) {
      const size = Math.abs(count);
      const whole = size | 0;
      frequency = whole === size && whole < SUBLINEAR.length ? SUBLINEAR[whole] : 1 + Math.log(size);
      if (count < 0) frequency = -frequency;
    }
    const value = frequency * idfs[places[stride * columns[at + k] + first]];
    row[k] = value;
    sum += isSquared ? value * value : Math.abs(value);
  }
  // A row of zeros stays one.
  const divisor = norm === 'none' || sum === 0 ? 1 : isSquared ? Math.sqrt(sum) : sum;
  for (let k = 0; k < length; k++) values[at + k] = row[k] / divisor;
}

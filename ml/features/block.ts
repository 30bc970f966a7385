/**
 * One family of features (word n-grams or character n-grams): its settings, its vocabulary, and the values of a text.
 *
 *     tf    = count, or 1 + ln(count) with sublinear_tf (below 1, the count), or 1 with `binary`
 *     idf   = ln((1 + n) / (1 + df)) + 1 with smooth_idf, else ln(n / df) + 1; only with `tfidf`
 *     value = tf x idf / norm of the row
 *
 * Formulas and names are those of scikit-learn's TfidfTransformer (Salton & Buckley 1988). A count can be a fraction or
 * negative (see ngrams.ts) and keeps its sign.
 */
import type { Tokens } from '../text/tokens.ts';
import { countNgrams, NgramCounts, type NgramUnit } from './ngrams.ts';
import type { Vocabulary } from './vocabulary.ts';

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

/** A fitted block. Its columns are numbered from 0; the vectorizer adds the offset of the block. */
export class Block {
  readonly unit: NgramUnit;
  readonly settings: BlockSettings;
  readonly vocabulary: Vocabulary;
  /** One for each column. */
  readonly idf: Float64Array<ArrayBuffer>;
  /** Counts of the last text. */
  readonly counts: NgramCounts;
  /** How many words of the last text the vocabulary has as single words, counting every occurrence. */
  knownWords = 0;
  /** Values of the columns in `counts`, in the same order. */
  values: Float64Array<ArrayBuffer> = new Float64Array(1024);

  constructor(unit: NgramUnit, settings: BlockSettings, vocabulary: Vocabulary, idf: Float64Array<ArrayBuffer>) {
    this.unit = unit;
    this.settings = settings;
    this.vocabulary = vocabulary;
    this.idf = idf;
    this.counts = new NgramCounts(vocabulary.size);
  }

  /**
   * Fills `counts`, `values` and `knownWords` for one text. Values are rounded to 32 bits, as they are stored for
   * training.
   */
  weigh(tokens: Tokens): void {
    const { counts, settings, idf } = this;
    counts.clear();
    this.knownWords = countNgrams(tokens, this.unit, settings.ngrams, this.vocabulary, false, counts);
    const { length, columns } = counts;
    if (length > this.values.length) this.values = new Float64Array(Math.max(length, this.values.length * 2));
    const { values } = this;
    for (let k = 0; k < length; k++) {
      values[k] = termFrequency(counts.count(columns[k]), settings) * idf[columns[k]];
    }
    const norm = rowNorm(values, length, settings.norm);
    for (let k = 0; k < length; k++) values[k] = Math.fround(values[k] / norm);
  }
}

/** idf of each column; 1 unless the weighting is `tfidf`. */
export function inverseDocumentFrequencies(
  documentCounts: ArrayLike<number>,
  documents: number,
  settings: BlockSettings,
): Float64Array<ArrayBuffer> {
  const idf = new Float64Array(documentCounts.length).fill(1);
  if (settings.weighting !== 'tfidf') return idf;
  const smooth = settings.smooth_idf ? 1 : 0;
  for (let j = 0; j < idf.length; j++) idf[j] = Math.log((documents + smooth) / (documentCounts[j] + smooth)) + 1;
  return idf;
}

/** Term frequency of a weighted count. */
export function termFrequency(count: number, settings: BlockSettings): number {
  if (settings.weighting === 'binary') return Math.sign(count);
  if (!settings.sublinear_tf || (count <= 1 && count >= -1)) return count;
  return count > 0 ? 1 + Math.log(count) : -1 - Math.log(-count);
}

/** The divisor for the values of a row; 1 for a row of zeros. */
export function rowNorm(values: Float64Array, length: number, norm: BlockSettings['norm']): number {
  if (norm === 'none') return 1;
  let sum = 0;
  if (norm === 'l2') {
    for (let k = 0; k < length; k++) sum += values[k] * values[k];
    sum = Math.sqrt(sum);
  } else for (let k = 0; k < length; k++) sum += Math.abs(values[k]);
  return sum === 0 ? 1 : sum;
}

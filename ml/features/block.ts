/** One family of features (word n-grams, or character n-grams): its settings, vocabulary and idf. */
import type { Tokens } from '../text/tokens.ts';
import { countNgrams, NgramCounts, type NgramUnit } from './ngrams.ts';
import type { Vocabulary } from './vocabulary.ts';
import { rowNorm, termFrequency, type WeightingSettings } from './weighting.ts';

export type BlockSettings = WeightingSettings & {
  /** Least and most tokens (or characters) of an n-gram, both inclusive, 1 to 20. */
  ngrams: [number, number];
  /** Least number of documents a term stands in; below 1, a share of the documents. */
  min_df: number;
  /** Most documents a term stands in, above 1 a number; up to 1, a share of the documents. */
  max_df: number;
  /** Keeps this many terms, the most frequent first; 0 keeps all. */
  max_features: number;
};

/** A fitted block. Its columns are numbered from 0; the vectorizer moves them behind the blocks before it. */
export class Block {
  readonly unit: NgramUnit;
  readonly settings: BlockSettings;
  readonly vocabulary: Vocabulary;
  /** One number a column. */
  readonly idf: Float64Array<ArrayBuffer>;
  /** Counts of the text last seen. */
  readonly counts: NgramCounts;
  /** Words of the text last seen that the vocabulary has as single words, each occurrence counted. */
  knownWords = 0;
  /** Values of the columns in `counts`, in that order. */
  values: Float64Array<ArrayBuffer> = new Float64Array(1024);

  constructor(unit: NgramUnit, settings: BlockSettings, vocabulary: Vocabulary, idf: Float64Array<ArrayBuffer>) {
    this.unit = unit;
    this.settings = settings;
    this.vocabulary = vocabulary;
    this.idf = idf;
    this.counts = new NgramCounts(vocabulary.size);
  }

  /** Fills `counts`, `values` and `knownWords` for one text. Values are rounded to 32 bits, as they are stored for training. */
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

/**
 * Learns a block from documents in one pass: counts every n-gram, prunes, then weighs the remaining counts.
 *
 * Most of the time goes into finding n-grams, so none is looked up twice. That costs memory: 8 bytes for each distinct n-gram
 * of each document. Columns are numbered by first occurrence, so the same documents give the same columns.
 */
import { SentimentError } from '../errors.ts';
import type { Tokens } from '../text/tokens.ts';
import { type BlockSettings, type Idf, inverseDocumentFrequencies, weighRow } from './block.ts';
import type { Csr } from './csr.ts';
import type { CharNgrams, WordNgrams } from './ngrams.ts';
import { Row } from './row.ts';

/** What remains after pruning: the columns, numbered anew in their order, with their idf, and the matrix of the documents. */
export type Fitted = { kept: Uint32Array; idf: Idf; x: Csr };

/** Takes documents one by one, then returns what remains of their n-grams, and their matrix. */
export class BlockFitter {
  readonly settings: BlockSettings;
  readonly ngrams: WordNgrams | CharNgrams;
  readonly #row = new Row(1 << 14);
  #documentCounts = new Uint32Array(1 << 14);
  readonly #starts: number[] = [0];
  #columns = new Uint32Array(1 << 16);
  #counted = new Float32Array(1 << 16);

  /** `ngrams` learns. */
  constructor(settings: BlockSettings, ngrams: WordNgrams | CharNgrams) {
    this.settings = settings;
    this.ngrams = ngrams;
  }

  add(tokens: Tokens): void {
    const row = this.#row;
    row.clear();
    this.ngrams.count(tokens, row);
    const { length, columns, counts } = row;
    const at = this.#starts[this.#starts.length - 1];
    this.#reserve(at + length);
    for (let k = 0; k < length; k++) {
      this.#columns[at + k] = columns[k];
      this.#counted[at + k] = counts[k];
      this.#documentCounts[columns[k]]++;
    }
    this.#starts.push(at + length);
  }

  /** Throws VOCABULARY_EMPTY if pruning leaves no term. */
  finish(): Fitted {
    const documents = this.#starts.length - 1;
    const kept = keptColumns(this.#documentCounts, this.ngrams.size, documents, this.settings);
    if (kept.length === 0) {
      throw new SentimentError(
        'VOCABULARY_EMPTY',
        `none of ${this.ngrams.size} ${this.ngrams.unit} n-grams in ${documents} documents remains after pruning with ` +
          `min_df ${this.settings.min_df} and max_df ${this.settings.max_df}`,
        { next: 'lower min_df or raise max_df in params.yaml, or add texts' },
      );
    }
    const documentCounts = Uint32Array.from(kept, (column) => this.#documentCounts[column]);
    const idf = inverseDocumentFrequencies(documentCounts, documents, this.settings);
    return { kept, idf, x: this.#weigh(kept, documents, idf) };
  }

  #weigh(kept: Uint32Array, documents: number, idf: Idf): Csr {
    const renumbered = new Int32Array(this.ngrams.size).fill(-1);
    for (let j = 0; j < kept.length; j++) renumbered[kept[j]] = j;
    const start = new Uint32Array(documents + 1);
    const nonZeros = this.#starts[documents];
    const columns = new Int32Array(nonZeros);
    const idfs = { places: Int32Array.from(idf.of), stride: 1, first: 0, values: idf.values };
    const values = new Float32Array(nonZeros);
    let at = 0;
    for (let i = 0; i < documents; i++) {
      let length = 0;
      for (let k = this.#starts[i]; k < this.#starts[i + 1]; k++) {
        const column = renumbered[this.#columns[k]];
        if (column < 0) continue;
        columns[at + length] = column;
        // Its value takes the place.
        values[at + length++] = this.#counted[k];
      }
      weighRow(this.settings, idfs, { columns, counts: values, at, length }, values);
      at += length;
      start[i + 1] = at;
    }
    return {
      rowCount: documents,
      columnCount: kept.length,
      start,
      columns: new Uint32Array(columns.buffer.slice(0, 4 * at)),
      values: values.slice(0, at),
    };
  }

  #reserve(nonZeros: number): void {
    if (nonZeros > this.#columns.length) {
      const length = Math.max(nonZeros, this.#columns.length * 2);
      this.#columns = new Uint32Array(this.#columns.buffer.transfer(length * 4));
      this.#counted = new Float32Array(this.#counted.buffer.transfer(length * 4));
    }
    if (this.ngrams.size > this.#documentCounts.length) {
      const length = Math.max(this.ngrams.size, this.#documentCounts.length * 2);
      this.#documentCounts = new Uint32Array(this.#documentCounts.buffer.transfer(length * 4));
    }
  }
}

/** The columns with a document count within the limits, ascending; at most the `max_features` most frequent. */
function keptColumns(
  documentCounts: Uint32Array,
  size: number,
  documents: number,
  settings: BlockSettings,
): Uint32Array {
  const least = settings.min_df < 1 ? settings.min_df * documents : settings.min_df;
  const most = settings.max_df <= 1 ? settings.max_df * documents : settings.max_df;
  const kept = new Uint32Array(size);
  let length = 0;
  for (let column = 0; column < size; column++) {
    if (documentCounts[column] >= least && documentCounts[column] <= most) kept[length++] = column;
  }
  const within = kept.subarray(0, length);
  const limit = settings.max_features;
  if (limit === 0 || length <= limit) return within;
  // The sort is stable: among equals the earlier column stays.
  const byCount = Array.from(within).sort((a, b) => documentCounts[b] - documentCounts[a]);
  return Uint32Array.from(byCount.slice(0, limit)).sort();
}

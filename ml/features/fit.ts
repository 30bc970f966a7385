/**
 * Learns a block from documents in one pass: counts every n-gram, prunes, then weighs the remaining counts.
 *
 * Most of the time goes into finding n-grams, so none is looked up twice. That costs memory: 8 bytes for each distinct n-gram
 * of each document. Columns are numbered by first occurrence, so the same documents give the same columns. Hashed columns
 * (hashed.ts) are what they are, and none is pruned.
 */
import { SentimentError } from '../errors.ts';
import type { Tokens } from '../text/tokens.ts';
import { type BlockSettings, type Idf, inverseDocumentFrequencies, weighRow } from './block.ts';
import type { Csr } from './csr.ts';
import type { HashedNgrams } from './hashed.ts';
import type { CharNgrams, WordNgrams } from './ngrams.ts';
import { Row } from './row.ts';

/** Numbers of a column in the table of a row: its place, then the number of its documents, in whose place its idf comes. */
const STRIDE = 2;
const DOCUMENTS = 1;
const IDF = 1;

/** What remains after pruning: the columns, numbered anew in their order, with their idf, and the matrix of the documents. */
export type Fitted = { kept: Uint32Array; idf: Idf; x: Csr };

/** Takes documents one by one, then returns what remains of their n-grams, and their matrix. */
export class BlockFitter<Kind extends WordNgrams | CharNgrams | HashedNgrams = WordNgrams | CharNgrams> {
  readonly settings: BlockSettings;
  readonly ngrams: Kind;
  /** Beside its place, each column has the number of its documents. */
  readonly #row = new Row(1 << 14, STRIDE);
  readonly #starts: number[] = [0];
  #columns = new Int32Array(1 << 16);
  #counted = new Float32Array(1 << 16);

  /** `ngrams` learns, unless it hashes. */
  constructor(settings: BlockSettings, ngrams: Kind) {
    this.settings = settings;
    this.ngrams = ngrams;
  }

  add(tokens: Tokens): void {
    const row = this.#row;
    row.clear();
    this.ngrams.count(tokens, row);
    const { length, columns, counts, table } = row;
    const at = this.#starts[this.#starts.length - 1];
    this.#reserve(at + length);
    const allColumns = this.#columns;
    const allCounts = this.#counted;
    for (let k = 0; k < length; k++) {
      const column = columns[k];
      allColumns[at + k] = column;
      allCounts[at + k] = counts[k];
      table[STRIDE * column + DOCUMENTS]++;
    }
    this.#starts.push(at + length);
  }

  /** Throws VOCABULARY_EMPTY if pruning leaves no term. */
  finish(): Fitted {
    const documents = this.#starts.length - 1;
    const { table } = this.#row;
    const { size, unit } = this.ngrams;
    const counts = new Uint32Array(size);
    for (let column = 0; column < size; column++) counts[column] = table[STRIDE * column + DOCUMENTS];
    const kept =
      unit === 'hashed_word' || unit === 'hashed_char'
        ? Uint32Array.from({ length: size }, (_, column) => column)
        : keptColumns(counts, size, documents, this.settings);
    if (kept.length === 0) {
      throw new SentimentError(
        'VOCABULARY_EMPTY',
        `none of ${size} ${unit} n-grams in ${documents} documents remains after pruning with ` +
          `min_df ${this.settings.min_df} and max_df ${this.settings.max_df}`,
        { next: 'lower min_df or raise max_df in params.yaml, or add texts' },
      );
    }
    const idf = inverseDocumentFrequencies(
      kept.map((column) => counts[column]),
      documents,
      this.settings,
    );
    return { kept, idf, x: this.#weigh(kept, documents, idf) };
  }

  /** In place: columns and counts become new columns and values. */
  #weigh(kept: Uint32Array, documents: number, idf: Idf): Csr {
    const { size } = this.ngrams;
    const { table } = this.#row;
    for (let column = 0; column < size; column++) table[STRIDE * column] = -1;
    for (let j = 0; j < kept.length; j++) {
      table[STRIDE * kept[j]] = j;
      table[STRIDE * kept[j] + IDF] = idf.of[j];
    }
    const idfs = { places: table, stride: STRIDE, first: IDF, values: idf.values };
    const start = new Uint32Array(documents + 1);
    const columns = this.#columns;
    const values = this.#counted;
    let at = 0;
    for (let i = 0; i < documents; i++) {
      const end = this.#starts[i + 1];
      let length = 0;
      for (let k = this.#starts[i]; k < end; k++) {
        const column = columns[k];
        if (table[STRIDE * column] < 0) continue;
        columns[at + length] = column;
        values[at + length++] = values[k];
      }
      weighRow(this.settings, idfs, { columns, counts: values, at, length }, values);
      for (let k = at; k < at + length; k++) columns[k] = table[STRIDE * columns[k]];
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
      this.#columns = new Int32Array(this.#columns.buffer.transfer(length * 4));
      this.#counted = new Float32Array(this.#counted.buffer.transfer(length * 4));
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

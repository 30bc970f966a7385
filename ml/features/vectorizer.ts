/**
 * Turns a text into a row of numbers: tokens from the analyzer, then a block of word n-grams, one of character n-grams and one
 * of the words of a lexicon.
 *
 * Each block has its own vocabulary, idf and norm. The columns of one follow those of the block before, as in a union
 * of scikit-learn vectorizers. Fitting learns vocabulary and idf; nothing changes them afterwards.
 */
import { lexiconOf, type Prior } from '../lexicon/lexicon.ts';
import type { Table } from '../lexicon/table_names.ts';
import { type Analyzer, type AnalyzerSettings, createAnalyzer } from '../text/analyzer.ts';
import { showsSign } from '../text/signs.ts';
import { Words } from '../text/words.ts';
import { Block, type BlockSettings, Weigher } from './block.ts';
import type { BlockRows, Csr } from './csr.ts';
import { BlockFitter } from './fit.ts';
import { HashedCharacters, type HashedNgrams, HashedWords } from './hashed.ts';
import { CharNgrams, WordNgrams } from './ngrams.ts';
import { LexiconWords } from './polarity.ts';
import { selectCharNgrams, selectWordNgrams } from './select.ts';

export type VectorizerSettings = AnalyzerSettings & {
  /** Null leaves the block out; at least one of the two is required. */
  word: BlockSettings | null;
  char: BlockSettings | null;
  /** Number of columns of each block of hashed n-grams (hashed.ts), a power of two; undefined: columns have names. */
  hashing?: number | undefined;
  /** Tables of the lexicon; none or undefined leaves its block out. */
  polarity?: Table[];
  /** Whose opinion of words has columns too, if it has any (ml/prior.ts). */
  prior?: string;
};

/** The block of the first `size` words. */
export function lexiconBlock(words: Words, size: number): Block {
  return new Block(null, new LexiconWords(words, size), {
    of: new Uint16Array(size),
    values: Float64Array.of(1),
  });
}

export class Vectorizer {
  readonly settings: VectorizerSettings;
  readonly words: Words;
  readonly analyze: Analyzer;
  readonly blocks: readonly Block[];
  /** First column of each block. */
  readonly offsets: readonly number[];
  readonly columnCount: number;
  /** The n-grams with single words among their columns; undefined if all are longer or of characters. */
  readonly singleWords: WordNgrams | undefined;

  /** `words` are those of the blocks; it is closed. */
  constructor(settings: VectorizerSettings, words: Words, blocks: readonly Block[]) {
    this.settings = settings;
    this.words = words;
    this.analyze = createAnalyzer(settings, words);
    words.close(settings.char === null && settings.hashing === undefined ? 'leave' : 'keep');
    this.blocks = blocks;
    const offsets: number[] = [];
    let columns = 0;
    for (const { ngrams } of blocks) {
      offsets.push(columns);
      columns += ngrams.size;
    }
    this.offsets = offsets;
    this.columnCount = columns;
    for (const { ngrams, settings: block } of blocks) {
      if (ngrams.unit === 'word' && block?.ngrams[0] === 1) this.singleWords = ngrams;
    }
  }

  /** Rows of normalised texts. */
  transform(texts: Iterable<string>): Csr {
    const rows = new Rows();
    const signs: number[] = [];
    const weighers = this.blocks.map((block) => new Weigher(block));
    for (const text of texts) {
      const tokens = this.analyze(text);
      weighers.forEach((weigher, b) => {
        weigher.weigh(tokens);
        rows.add(weigher, this.offsets[b]);
      });
      rows.end();
      signs.push(Number(showsSign(text)));
    }
    return { ...rows.matrix(this.columnCount), signs: Uint8Array.from(signs) };
  }
}

/** Takes rows piece by piece. */
class Rows {
  readonly #starts: number[] = [0];
  #columns = new Uint32Array(1 << 16);
  #values = new Float32Array(1 << 16);
  #at = 0;

  /** What was weighed last, with `offset` added to its columns. */
  add({ row, values }: Weigher, offset: number): void {
    const { length } = row;
    if (this.#at + length > this.#columns.length) {
      const size = Math.max(this.#at + length, this.#columns.length * 2) * 4;
      this.#columns = new Uint32Array(this.#columns.buffer.transfer(size));
      this.#values = new Float32Array(this.#values.buffer.transfer(size));
    }
    for (let k = 0; k < length; k++, this.#at++) {
      this.#columns[this.#at] = row.columns[k] + offset;
      this.#values[this.#at] = values[k];
    }
  }

  end(): void {
    this.#starts.push(this.#at);
  }

  matrix(columnCount: number): Csr {
    return {
      rowCount: this.#starts.length - 1,
      columnCount,
      start: Uint32Array.from(this.#starts),
      columns: this.#columns.slice(0, this.#at),
      values: this.#values.slice(0, this.#at),
    };
  }
}

/** Learns from normalised texts and returns their matrix too. The words of `prior` get columns too. Throws VOCABULARY_EMPTY if pruning leaves no term. */
export function fitVectorizer(
  texts: Iterable<string>,
  settings: VectorizerSettings,
  prior?: Prior,
): { vectorizer: Vectorizer; x: Csr } {
  const lexicon = lexiconOf(settings, prior)?.words ?? [];
  const met = new Words();
  for (const word of lexicon) met.idOf(word);
  const ofLexicon = new Weigher(lexiconBlock(met, lexicon.length));
  const lexiconRows = new Rows();
  const analyze = createAnalyzer(settings, met);
  const { hashing } = settings;
  // Words that are not in a table are guests, so memory does not grow with their number.
  if (hashing !== undefined) met.close('keep');
  const fitters: BlockFitter<WordNgrams | CharNgrams | HashedNgrams>[] = [];
  const signs: number[] = [];
  for (const unit of ['word', 'char'] as const) {
    const block = settings[unit];
    if (block) fitters.push(new BlockFitter(block, learningNgrams(unit, block, met, hashing)));
  }
  for (const text of texts) {
    signs.push(Number(showsSign(text)));
    const tokens = analyze(text);
    for (const fitter of fitters) fitter.add(tokens);
    ofLexicon.weigh(tokens);
    lexiconRows.add(ofLexicon, 0);
    lexiconRows.end();
  }
  const parts: Csr[] = [];
  // Characters alone need no words but those of the lexicon.
  let words = new Words();
  for (const word of lexicon) words.idOf(word);
  const blocks = fitters.map((fitter) => {
    const { settings: block, ngrams } = fitter;
    const { kept, idf, x } = fitter.finish();
    parts.push(x);
    if (ngrams.unit === 'hashed_word' || ngrams.unit === 'hashed_char') {
      return new Block(block, hashedNgrams(ngrams.unit, block, words, ngrams.size), idf);
    }
    if (ngrams.unit === 'char') return new Block(block, selectCharNgrams(ngrams, block.ngrams, kept, words), idf);
    const selected = selectWordNgrams(ngrams, block.ngrams, kept, lexicon.length);
    words = selected.words;
    return new Block(block, selected, idf);
  });
  if (lexicon.length > 0) {
    blocks.push(lexiconBlock(words, lexicon.length));
    parts.push(lexiconRows.matrix(lexicon.length));
  }
  const vectorizer = new Vectorizer(settings, words, blocks);
  return {
    vectorizer,
    x: { ...sideBySide(parts), signs: Uint8Array.from(signs), blocks: blockRows(vectorizer) },
  };
}

/** The words of a lexicon have no norm and stand last. Hashed n-grams have columns whether training met them or not. */
function blockRows({ blocks, offsets }: Vectorizer): BlockRows[] {
  return blocks.flatMap(({ settings, ngrams }, b) => {
    if (settings === null) return [];
    const { min_df, norm } = settings;
    const hashed = ngrams.unit === 'hashed_word' || ngrams.unit === 'hashed_char';
    return { end: offsets[b] + ngrams.size, min_df: hashed ? 0 : min_df, norm: hashed ? 'none' : norm };
  });
}

function learningNgrams(unit: 'word' | 'char', { ngrams }: BlockSettings, words: Words, hashing: number | undefined) {
  if (hashing !== undefined) return hashedNgrams(`hashed_${unit}`, { ngrams }, words, hashing);
  return unit === 'word' ? new WordNgrams(ngrams, words) : new CharNgrams(ngrams, words);
}

export function hashedNgrams(
  unit: HashedNgrams['unit'],
  { ngrams }: Pick<BlockSettings, 'ngrams'>,
  words: Words,
  size: number,
): HashedNgrams {
  return unit === 'hashed_word' ? new HashedWords(ngrams, words, size) : new HashedCharacters(ngrams, words, size);
}

/** One matrix with the columns of all parts next to each other. */
function sideBySide(parts: Csr[]): Csr {
  if (parts.length === 1) return parts[0];
  const { rowCount } = parts[0];
  const nonZeros = parts.reduce((sum, part) => sum + part.columns.length, 0);
  const start = new Uint32Array(rowCount + 1);
  const columns = new Uint32Array(nonZeros);
  const values = new Float32Array(nonZeros);
  let at = 0;
  for (let i = 0; i < rowCount; i++) {
    let offset = 0;
    for (const part of parts) {
      for (let k = part.start[i]; k < part.start[i + 1]; k++, at++) {
        columns[at] = part.columns[k] + offset;
        values[at] = part.values[k];
      }
      offset += part.columnCount;
    }
    start[i + 1] = at;
  }
  return { rowCount, columnCount: parts.reduce((sum, part) => sum + part.columnCount, 0), start, columns, values };
}

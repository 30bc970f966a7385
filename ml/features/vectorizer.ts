/**
 * Turns a text into a row of numbers: tokens from the analyzer, then a block of word n-grams and one of character
 * n-grams.
 *
 * Each block has its own vocabulary, idf and norm. The columns of the second follow those of the first, as in a union
 * of two scikit-learn vectorizers. Fitting learns vocabulary and idf; nothing changes them afterwards.
 */
import { type Analyzer, type AnalyzerSettings, createAnalyzer } from '../text/analyzer.ts';
import { showsSign } from '../text/signs.ts';
import { Words } from '../text/words.ts';
import { Block, type BlockSettings } from './block.ts';
import type { Csr } from './csr.ts';
import { BlockFitter } from './fit.ts';
import { CharNgrams, WordNgrams } from './ngrams.ts';
import { selectCharNgrams, selectWordNgrams } from './select.ts';

export type VectorizerSettings = AnalyzerSettings & {
  /** Null leaves the block out; at least one of the two is required. */
  word: BlockSettings | null;
  char: BlockSettings | null;
};

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
    words.close(settings.char === null ? 'leave' : 'keep');
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
      if (ngrams.unit === 'word' && block.ngrams[0] === 1) this.singleWords = ngrams;
    }
  }

  /** Rows of normalised texts. */
  transform(texts: Iterable<string>): Csr {
    const starts: number[] = [0];
    const signs: number[] = [];
    let columns = new Uint32Array(1 << 16);
    let values = new Float32Array(1 << 16);
    let at = 0;
    for (const text of texts) {
      const tokens = this.analyze(text);
      for (let b = 0; b < this.blocks.length; b++) {
        const block = this.blocks[b];
        block.weigh(tokens);
        const { row } = block;
        const { length } = row;
        if (at + length > columns.length) {
          const size = Math.max(at + length, columns.length * 2) * 4;
          columns = new Uint32Array(columns.buffer.transfer(size));
          values = new Float32Array(values.buffer.transfer(size));
        }
        for (let k = 0; k < length; k++, at++) {
          columns[at] = row.columns[k] + this.offsets[b];
          values[at] = block.values[k];
        }
      }
      starts.push(at);
      signs.push(Number(showsSign(text)));
    }
    return {
      rowCount: starts.length - 1,
      columnCount: this.columnCount,
      start: Uint32Array.from(starts),
      columns: columns.slice(0, at),
      values: values.slice(0, at),
      signs: Uint8Array.from(signs),
    };
  }
}

/** Learns from normalised texts and returns their matrix too. Throws VOCABULARY_EMPTY if pruning leaves no term. */
export function fitVectorizer(
  texts: Iterable<string>,
  settings: VectorizerSettings,
): { vectorizer: Vectorizer; x: Csr } {
  const met = new Words();
  const analyze = createAnalyzer(settings, met);
  const fitters: BlockFitter[] = [];
  const signs: number[] = [];
  if (settings.word) fitters.push(new BlockFitter(settings.word, new WordNgrams(settings.word.ngrams, met)));
  if (settings.char) fitters.push(new BlockFitter(settings.char, new CharNgrams(settings.char.ngrams, met)));
  for (const text of texts) {
    signs.push(Number(showsSign(text)));
    const tokens = analyze(text);
    for (const fitter of fitters) fitter.add(tokens);
  }
  const parts: Csr[] = [];
  // Characters alone need no words.
  let words = new Words();
  const blocks = fitters.map((fitter) => {
    const { settings: block, ngrams } = fitter;
    const { kept, idf, x } = fitter.finish();
    parts.push(x);
    if (ngrams.unit === 'char') return new Block(block, selectCharNgrams(ngrams, block.ngrams, kept, words), idf);
    const selected = selectWordNgrams(ngrams, block.ngrams, kept);
    words = selected.words;
    return new Block(block, selected, idf);
  });
  return {
    vectorizer: new Vectorizer(settings, words, blocks),
    x: { ...sideBySide(parts), signs: Uint8Array.from(signs) },
  };
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

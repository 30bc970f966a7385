/**
 * Counts the n-grams of one text.
 *
 * Word n-grams are runs of tokens. Character n-grams stay inside a token with a space at each end, like scikit-learn's
 * `char_wb`. An n-gram counts as much as its first token weighs (below 0 under a negation), so a count is a signed
 * number. If an n-gram occurs once with each sign, its column stays in the row with value 0.
 */
import type { Tokens } from '../text/tokens.ts';
import { extendHash, HASH_SEED, type Vocabulary } from './vocabulary.ts';

export type NgramUnit = 'word' | 'char';

/** Receives each n-gram: its column, its weight, and the tokens it spans. */
export type NgramSink = {
  add(column: number, weight: number, firstToken: number, lastToken: number): void;
};

/** Weighted counts of one text by column, in the order of first occurrence. Reused from text to text. */
export class NgramCounts implements NgramSink {
  /** Columns of this text; `length` of them are in use. */
  columns: Uint32Array<ArrayBuffer> = new Uint32Array(1024);
  length = 0;
  #counts: Float32Array<ArrayBuffer>;
  #seen: Uint8Array<ArrayBuffer>;

  constructor(size: number) {
    this.#counts = new Float32Array(size);
    this.#seen = new Uint8Array(size);
  }

  count(column: number): number {
    return this.#counts[column];
  }

  add(column: number, weight: number): void {
    if (column >= this.#seen.length) this.#grow(column + 1);
    if (this.#seen[column] === 0) {
      this.#seen[column] = 1;
      if (this.length === this.columns.length) {
        this.columns = new Uint32Array(this.columns.buffer.transfer(this.length * 8));
      }
      this.columns[this.length++] = column;
    }
    this.#counts[column] += weight;
  }

  clear(): void {
    for (let i = 0; i < this.length; i++) {
      this.#counts[this.columns[i]] = 0;
      this.#seen[this.columns[i]] = 0;
    }
    this.length = 0;
  }

  #grow(size: number): void {
    const length = Math.max(size, this.#seen.length * 2, 1024);
    this.#counts = new Float32Array(this.#counts.buffer.transfer(length * 4));
    this.#seen = new Uint8Array(this.#seen.buffer.transfer(length));
  }
}

/**
 * Passes each n-gram to `sink`; unknown ones are added to the vocabulary when `learn` is set, and skipped otherwise.
 * Returns how many single words the vocabulary has, counting every occurrence; 0 if n-grams are longer or characters.
 */
export function countNgrams(
  tokens: Tokens,
  unit: NgramUnit,
  range: readonly [number, number],
  vocabulary: Vocabulary,
  learn: boolean,
  sink: NgramSink,
): number {
  if (unit === 'word') return countWords(tokens, range[0], range[1], vocabulary, learn, sink);
  countCharacters(tokens, range[0], range[1], vocabulary, learn, sink);
  return 0;
}

function countWords(
  tokens: Tokens,
  least: number,
  most: number,
  vocabulary: Vocabulary,
  learn: boolean,
  sink: NgramSink,
): number {
  const { codes, starts, ends, count, weights } = tokens;
  let knownWords = 0;
  for (let first = 0; first < count; first++) {
    const start = starts[first];
    const weight = weights[first];
    let hash = HASH_SEED;
    let at = start;
    const lastToken = Math.min(count, first + most);
    for (let token = first; token < lastToken; token++) {
      const end = ends[token];
      for (; at < end; at++) hash = extendHash(hash, codes[at]);
      if (token - first + 1 < least) continue;
      const column = learn ? vocabulary.add(codes, start, end, hash) : vocabulary.find(codes, start, end, hash);
      if (column < 0) continue;
      sink.add(column, weight, first, token);
      if (token === first) knownWords++;
    }
  }
  return knownWords;
}

function countCharacters(
  tokens: Tokens,
  least: number,
  most: number,
  vocabulary: Vocabulary,
  learn: boolean,
  sink: NgramSink,
): void {
  const { codes, starts, ends, count, weights } = tokens;
  for (let token = 0; token < count; token++) {
    const wordStart = starts[token] - 1;
    const wordEnd = ends[token] + 1;
    const weight = weights[token];
    // A word shorter than the shortest n-gram counts once as a whole, as in scikit-learn.
    const shortest = Math.min(least, wordEnd - wordStart);
    for (let start = wordStart; start + shortest <= wordEnd; start++) {
      let hash = HASH_SEED;
      const limit = Math.min(wordEnd, start + most);
      for (let at = start; at < limit; at++) {
        hash = extendHash(hash, codes[at]);
        if (at - start + 1 < shortest) continue;
        const column = learn ? vocabulary.add(codes, start, at + 1, hash) : vocabulary.find(codes, start, at + 1, hash);
        if (column >= 0) sink.add(column, weight, token, token);
      }
    }
  }
}

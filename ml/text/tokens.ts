/** The tokens of one text, as ids of words, without a string for each. */
import { extendHash, HASH_SEED, Words } from './words.ts';

/** What precedes a token: nothing special, the end of a clause, or the end of a sentence. */
export const NO_BREAK = 0;
export const CLAUSE_BREAK = 1;
export const SENTENCE_BREAK = 2;

/** Longest token to keep, in UTF-16 units; longer ones (base64, a line without spaces) are not words. */
export const MAX_TOKEN_LENGTH = 64;

/** Signs that the rules write: for the extra letters of a word, the name of an account, the address of a page or mailbox. */
export const ELONGATION_MARK = '\u3030';
export const NAME_MARK = '\u{1f464}';
export const ADDRESS_MARK = '\u{1f517}';

/** Turns a word into its stem, or into '' if it is a stop word. */
export type Rewriter = (word: string) => string;

/** The tokens of one text. Valid until the analyzer that owns it is called again. */
export class Tokens {
  /** Number of tokens. */
  count = 0;
  readonly words: Words;
  /** Ids in `words`; -1 for a word that is unknown and not kept. */
  ids: Int32Array<ArrayBuffer> = new Int32Array(256);
  /** Range of each token in the normalised text, end exclusive; -1 where a tokenizer of natural rewrote the word. */
  from: Int32Array<ArrayBuffer> = new Int32Array(256);
  to: Int32Array<ArrayBuffer> = new Int32Array(256);
  /** NO_BREAK, CLAUSE_BREAK or SENTENCE_BREAK. */
  breaks: Uint8Array<ArrayBuffer> = new Uint8Array(256);
  /** 1 for an emoji, or a sign that stands for something. */
  symbols: Uint8Array<ArrayBuffer> = new Uint8Array(256);
  /** How much the token counts, below 0 under a negation; see emphasis.ts. */
  weights: Float32Array<ArrayBuffer> = new Float32Array(256);
  /** Letters of a word that is given as a string. */
  #letters = new Uint16Array(MAX_TOKEN_LENGTH);

  constructor(words = new Words()) {
    this.words = words;
  }

  /** Appends codes[from, to) of the text, with its hash. `mark` says what precedes it; see `breaks`. */
  push(from: number, to: number, hash: number, mark: number, symbol: number): void {
    this.#append(this.words.pending(hash), from, to, mark, symbol);
  }

  /** Looks up the words that were appended as codes of the text. */
  settle(codes: Uint16Array): void {
    this.words.settle(this.ids, this.count, codes, this.from, this.to);
  }

  /** Appends a word that has another form than codes[from, to) of the text: stemmed, or changed by a library. */
  pushWord(word: string, from: number, to: number, mark: number, symbol: number): void {
    if (word.length > this.#letters.length) this.#letters = new Uint16Array(word.length);
    let hash = HASH_SEED;
    for (let i = 0; i < word.length; i++) {
      const code = word.charCodeAt(i);
      this.#letters[i] = code;
      hash = extendHash(hash, code);
    }
    this.#append(this.words.id(this.#letters, 0, word.length, hash), from, to, mark, symbol);
  }

  /** A token that `words` has, as a string; for messages and tests. */
  word(index: number): string {
    return this.words.word(this.ids[index]);
  }

  #append(id: number, from: number, to: number, mark: number, symbol: number): void {
    const { count } = this;
    if (count === this.ids.length) this.#grow();
    this.ids[count] = id;
    this.from[count] = from;
    this.to[count] = to;
    this.breaks[count] = mark;
    this.symbols[count] = symbol;
    this.count = count + 1;
  }

  #grow(): void {
    this.ids = grown(this.ids);
    this.from = grown(this.from);
    this.to = grown(this.to);
    this.breaks = grown(this.breaks);
    this.symbols = grown(this.symbols);
    this.weights = grown(this.weights);
  }
}

type Growable = Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

function grown<T extends Growable>(array: T): T {
  const bytes = 2 * array.byteLength;
  return new (array.constructor as new (buffer: ArrayBuffer) => T)(array.buffer.transfer(bytes));
}

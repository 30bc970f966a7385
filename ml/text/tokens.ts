/**
 * The tokens of one text, without a string for each token.
 *
 * One buffer of UTF-16 codes holds them all, `" w1 w2 w3 "`: a single space between tokens and one at each end. So a
 * word n-gram, and a character n-gram with its word boundary, is a range of that buffer, and counting them allocates
 * nothing.
 */

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
  /** Codes of all tokens with their spaces; `length` of them are in use. */
  codes: Uint16Array<ArrayBuffer> = new Uint16Array(1024);
  length = 0;
  /** Range of each token in `codes`, end exclusive. */
  starts: Int32Array<ArrayBuffer> = new Int32Array(256);
  ends: Int32Array<ArrayBuffer> = new Int32Array(256);
  /** Range of each token in the normalised text, end exclusive; -1 where a tokenizer of natural rewrote the word. */
  from: Int32Array<ArrayBuffer> = new Int32Array(256);
  to: Int32Array<ArrayBuffer> = new Int32Array(256);
  /** NO_BREAK, CLAUSE_BREAK or SENTENCE_BREAK. */
  breaks: Uint8Array<ArrayBuffer> = new Uint8Array(256);
  /** How much the token counts, below 0 under a negation; see emphasis.ts. */
  weights: Float32Array<ArrayBuffer> = new Float32Array(256);

  reset(): void {
    this.count = 0;
    this.codes[0] = 32;
    this.length = 1;
  }

  /** Appends text[from, to). `mark` says what precedes it; see `breaks`. */
  push(text: string, from: number, to: number, mark: number): void {
    this.#reserve(to - from + 1);
    const { codes } = this;
    let at = this.length;
    this.starts[this.count] = at;
    for (let i = from; i < to; i++) codes[at++] = text.charCodeAt(i);
    this.#finish(at, from, to, mark);
  }

  /** Appends a word that has another form than text[from, to): stemmed, or changed by a library. */
  pushWord(word: string, from: number, to: number, mark: number): void {
    this.#reserve(word.length + 1);
    let at = this.length;
    this.starts[this.count] = at;
    for (let i = 0; i < word.length; i++) this.codes[at++] = word.charCodeAt(i);
    this.#finish(at, from, to, mark);
  }

  /** The token as a string; for messages and tests. */
  word(index: number): string {
    return String.fromCharCode(...this.codes.subarray(this.starts[index], this.ends[index]));
  }

  #finish(at: number, from: number, to: number, mark: number): void {
    const { count } = this;
    this.ends[count] = at;
    this.codes[at] = 32;
    this.length = at + 1;
    this.from[count] = from;
    this.to[count] = to;
    this.breaks[count] = mark;
    this.weights[count] = 1;
    this.count = count + 1;
  }

  #reserve(codes: number): void {
    if (this.length + codes > this.codes.length) this.codes = grown(this.codes, this.length + codes);
    if (this.count === this.starts.length) {
      const size = this.count + 1;
      this.starts = grown(this.starts, size);
      this.ends = grown(this.ends, size);
      this.from = grown(this.from, size);
      this.to = grown(this.to, size);
      this.breaks = grown(this.breaks, size);
      this.weights = grown(this.weights, size);
    }
  }
}

type Growable =
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>;

function grown<T extends Growable>(array: T, size: number): T {
  const bytes = Math.max(size, array.length * 2) * array.BYTES_PER_ELEMENT;
  return new (array.constructor as new (buffer: ArrayBuffer) => T)(array.buffer.transfer(bytes));
}

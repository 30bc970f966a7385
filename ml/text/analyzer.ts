/**
 * The one analyzer of training and serving: normalised text in, tokens out, without a string per token.
 *
 * Tokens stand in one buffer of UTF-16 codes, `" w1 w2 w3 "`: a single space between them and one at each end. A word
 * n-gram and a character n-gram with its word boundary are then both a range of that buffer, so counting them
 * allocates nothing.
 */
import { MAX_TOKEN_LENGTH } from './limits.ts';
import {
  loadStemmer,
  loadStopwords,
  loadTokenizer,
  type StemmerName,
  type StopwordsName,
  type TokenizerName,
} from './natural.ts';
import { markNegations } from './negation.ts';
import { scanWords } from './scanner.ts';

export type AnalyzerSettings = {
  tokenizer: TokenizerName;
  stemmer: StemmerName;
  stopwords: StopwordsName;
  /** Words after a negation that count with the opposite sign, 0 to 20; 0 turns it off. */
  negation_scope: number;
};

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
  /** 1 where a punctuation mark or the start of the text stands before the token: negation does not cross it. */
  clause: Uint8Array<ArrayBuffer> = new Uint8Array(256);
  /** 1 where the token is in the scope of a negation. */
  negated: Uint8Array<ArrayBuffer> = new Uint8Array(256);

  reset(): void {
    this.count = 0;
    this.codes[0] = 32;
    this.length = 1;
  }

  /** Appends text[from, to). */
  push(text: string, from: number, to: number, clause: boolean): void {
    this.#reserve(to - from + 1);
    const { codes } = this;
    let at = this.length;
    this.starts[this.count] = at;
    for (let i = from; i < to; i++) codes[at++] = text.charCodeAt(i);
    this.#finish(at, from, to, clause);
  }

  /** Appends a word that stands at [from, to) in the text in another form (stemmed, or cut out by a library). */
  pushWord(word: string, from: number, to: number, clause: boolean): void {
    this.#reserve(word.length + 1);
    let at = this.length;
    this.starts[this.count] = at;
    for (let i = 0; i < word.length; i++) this.codes[at++] = word.charCodeAt(i);
    this.#finish(at, from, to, clause);
  }

  /** The token as a string; for messages and tests. */
  word(index: number): string {
    return String.fromCharCode(...this.codes.subarray(this.starts[index], this.ends[index]));
  }

  #finish(at: number, from: number, to: number, clause: boolean): void {
    const { count } = this;
    this.ends[count] = at;
    this.codes[at] = 32;
    this.length = at + 1;
    this.from[count] = from;
    this.to[count] = to;
    this.clause[count] = clause ? 1 : 0;
    this.negated[count] = 0;
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
      this.clause = grown(this.clause, size);
      this.negated = grown(this.negated, size);
    }
  }
}

type Growable = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

function grown<T extends Growable>(array: T, size: number): T {
  const bytes = Math.max(size, array.length * 2) * array.BYTES_PER_ELEMENT;
  return new (array.constructor as new (buffer: ArrayBuffer) => T)(array.buffer.transfer(bytes));
}

/** Splits a normalised text. The result is reused by the next call. */
export type Analyzer = (normalized: string) => Tokens;

export function createAnalyzer(settings: AnalyzerSettings): Analyzer {
  const tokens = new Tokens();
  const split = settings.tokenizer === 'words' ? undefined : loadTokenizer(settings.tokenizer);
  const rewrite = createRewriter(settings);
  const scope = settings.negation_scope;
  return (text) => {
    tokens.reset();
    if (split) splitWithLibrary(text, split, rewrite, tokens);
    else scanWords(text, tokens, rewrite);
    if (scope > 0) markNegations(tokens, scope);
    return tokens;
  };
}

/** Turns a word into its stem, or into '' when it is a stop word. */
export type Rewriter = (word: string) => string;

function createRewriter(settings: AnalyzerSettings): Rewriter | undefined {
  if (settings.stemmer === 'none' && settings.stopwords === 'none') return undefined;
  const stem = loadStemmer(settings.stemmer);
  const stopwords = loadStopwords(settings.stopwords);
  // natural's Porter stemmer does 2 MB/s; text repeats its words, so a bounded cache does nearly all the work.
  const cache = new Map<string, string>();
  return (word) => {
    let result = cache.get(word);
    if (result === undefined) {
      result = stopwords.has(word) ? '' : stem(word);
      if (cache.size >= 100_000) cache.clear();
      cache.set(word, result);
    }
    return result;
  };
}

function splitWithLibrary(
  text: string,
  split: (text: string) => string[],
  rewrite: Rewriter | undefined,
  tokens: Tokens,
): void {
  let at = 0;
  for (const word of split(text)) {
    if (word.length === 0 || word.length > MAX_TOKEN_LENGTH) continue;
    const found = text.indexOf(word, at);
    const from = found;
    const to = found < 0 ? -1 : found + word.length;
    const clause = tokens.count === 0 || (found >= 0 && /[.,;:!?()]/.test(text.slice(at, found)));
    if (found >= 0) at = to;
    const kept = rewrite ? rewrite(word) : word;
    if (kept !== '') tokens.pushWord(kept, from, to, clause);
  }
}

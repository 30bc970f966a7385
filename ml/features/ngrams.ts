/**
 * The n-grams of a text, by the ids of its words.
 *
 * Word n-grams are runs of tokens: a word's column is found by its id, a longer one as chained pairs (pairs.ts). Character n-grams
 * stay inside a token with a space at each end, like scikit-learn's `char_wb`, so each word has its list of columns, which
 * is made when the word is first met. They are chained pairs too, of codes: `left` is 0, or ~p for the pair p.
 *
 * An n-gram counts as much as its first token weighs (below 0 under a negation), so a count is a signed number. If an
 * n-gram occurs once with each sign, its column stays in the row with value 0.
 */
import type { Tokens } from '../text/tokens.ts';
import type { Words } from '../text/words.ts';
import { CHUNK, NO_PAIR, Pairs } from './pairs.ts';
import { type Found, type Row, spanOf } from './row.ts';

export type NgramUnit = 'word' | 'char';

/** Columns of n-grams, numbered in the order of first occurrence while they are learnt. */
export interface Ngrams {
  readonly unit: NgramUnit;
  /** Number of columns. */
  readonly size: number;
  readonly pairs: Pairs;
  /** Counts the n-grams of a text. Those that are unknown are learnt, or left out. */
  count(tokens: Tokens, row: Row): void;
  /** Each n-gram by its column. */
  terms(): string[];
}

/** Smallest and largest number of units, both inclusive. */
export type NgramRange = readonly [number, number];

// What is found in CHUNK tokens. Arrays that never change place are read faster than those of an object.
const MOST_WORDS = 20;
/** Of the n-grams that begin with each token: columns or -1, all of one length side by side. */
const byLength = new Int32Array(CHUNK * MOST_WORDS);
/** What the next word joins: an id, ~p for the pair p, or NO_PAIR. */
const lefts = new Int32Array(CHUNK);
/** Pairs of neighbours. */
const guesses = new Int32Array(CHUNK);
/** The known n-grams. */
const found: Found = { columns: new Int32Array(CHUNK * MOST_WORDS), spans: new Int32Array(CHUNK * MOST_WORDS) };
const { columns: foundColumns, spans: foundSpans } = found;

export class WordNgrams implements Ngrams {
  readonly unit = 'word';
  readonly words: Words;
  readonly pairs: Pairs;
  size: number;
  /** By id of a word: the column of the word alone, or -1. A word with a later id has none. */
  columns: Int32Array<ArrayBuffer>;
  /** How many words of the last text have a column of their own, counting every occurrence. */
  knownWords = 0;
  readonly #range: NgramRange;
  readonly #learns: boolean;
  /** Learns if there is nothing known. `size` is the number of columns in `columns` and `pairs`. */
  constructor(
    range: NgramRange,
    words: Words,
    known?: { columns: Int32Array<ArrayBuffer>; pairs: Pairs; size: number },
  ) {
    this.#range = range;
    this.words = words;
    this.#learns = known === undefined;
    this.columns = known?.columns ?? new Int32Array(1 << 10).fill(-1);
    this.pairs = known?.pairs ?? new Pairs();
    this.size = known?.size ?? 0;
  }

  /** The column of a word alone; -1 if it has none. */
  columnOf(id: number): number {
    return id >= 0 && id < this.columns.length ? this.columns[id] : -1;
  }

  count(tokens: Tokens, row: Row): void {
    this.knownWords = 0;
    for (let from = 0; from < tokens.count; from += CHUNK) {
      if (this.#learns) this.#learnAll(tokens, from);
      else this.#find(tokens, from);
      this.#addTo(row, tokens, from);
    }
  }

  /** Fills `#byLength`. All n-grams of one length are looked up in turn, because memory answers many questions at a time. */
  #find({ ids, count }: Tokens, from: number): void {
    const most = this.#range[1];
    const { columns, pairs } = this;
    const chunk = Math.min(CHUNK, count - from);
    for (let i = 0; i < chunk; i++) {
      const id = ids[from + i];
      lefts[i] = id < 0 ? NO_PAIR : id;
      byLength[i] = id >= 0 && id < columns.length ? columns[id] : -1;
    }
    for (let length = 2; length <= most; length++) {
      const whole = Math.max(0, Math.min(chunk, count - from - length + 1));
      const base = CHUNK * (length - 1);
      pairs.findAll(lefts, ids, from + length - 1, whole, byLength, base);
      for (let i = whole; i < chunk; i++) byLength[base + i] = -1;
    }
  }

  /** As `#find`, and gives a column to each n-gram that is met for the first time, in the order of the text. */
  #learnAll({ ids, count }: Tokens, from: number): void {
    const [least, most] = this.#range;
    byLength.fill(-1, 0, CHUNK * most);
    const { pairs } = this;
    const chunk = Math.min(CHUNK, count - from);
    if (most > 1) pairs.guessAll(ids, from, Math.min(chunk, count - from - 1), guesses);
    for (let i = 0; i < chunk; i++) {
      const first = from + i;
      if (least === 1) byLength[i] = this.#learn(ids[first]);
      let left = ids[first];
      for (let length = 2; length <= Math.min(most, count - first); length++) {
        const guess = length === 2 ? guesses[i] : -1;
        const pair = guess >= 0 ? guess : pairs.add(left, ids[first + length - 1]);
        left = ~pair;
        if (length < least) continue;
        let column = pairs.column(pair);
        if (column < 0) {
          column = this.size++;
          pairs.setColumn(pair, column);
        }
        byLength[CHUNK * (length - 1) + i] = column;
      }
    }
  }

  #addTo(row: Row, { weights, count }: Tokens, from: number): void {
    const [least, most] = this.#range;
    const chunk = Math.min(CHUNK, count - from);
    let known = 0;
    let length = 0;
    for (let i = 0; i < chunk; i++) {
      known += 1 + (byLength[i] >> 31);
      for (let l = least; l <= most; l++) {
        const column = byLength[CHUNK * (l - 1) + i];
        foundColumns[length] = column;
        foundSpans[length] = spanOf(from + i, l);
        // Adds 1 for a column and 0 for -1, without a branch that nobody could foretell.
        length += 1 + (column >> 31);
      }
    }
    row.add(found, length, weights, this.size);
    if (least === 1) this.knownWords += known;
  }

  #learn(id: number): number {
    if (id >= this.columns.length) {
      const { length } = this.columns;
      this.columns = new Int32Array(this.columns.buffer.transfer(Math.max(id + 1, 2 * length) * 4));
      this.columns.fill(-1, length);
    }
    if (this.columns[id] < 0) this.columns[id] = this.size++;
    return this.columns[id];
  }

  terms(): string[] {
    const terms = new Array<string>(this.size);
    this.columns.forEach((column, id) => {
      if (column >= 0) terms[column] = this.words.word(id);
    });
    const texts: string[] = [];
    for (let pair = 0; pair < this.pairs.size; pair++) {
      const left = this.pairs.left(pair);
      texts.push(`${left < 0 ? texts[~left] : this.words.word(left)} ${this.words.word(this.pairs.right(pair))}`);
      if (this.pairs.column(pair) >= 0) terms[this.pairs.column(pair)] = texts[pair];
    }
    return terms;
  }
}

export class CharNgrams implements Ngrams {
  readonly unit = 'char';
  readonly words: Words;
  readonly pairs: Pairs;
  size: number;
  readonly #range: NgramRange;
  readonly #learns: boolean;
  readonly #ofWords = new Lists();
  /** Those of guests are forgotten with them. */
  #ofGuests = new Lists();
  #guests = 0;

  constructor(range: NgramRange, words: Words, known?: { pairs: Pairs; size: number }) {
    this.#range = range;
    this.words = words;
    this.#learns = known === undefined;
    this.pairs = known?.pairs ?? new Pairs();
    this.size = known?.size ?? 0;
  }

  count({ ids, weights, count }: Tokens, row: Row): void {
    const known = this.words.size;
    if (this.words.forgotten !== this.#guests) {
      this.#guests = this.words.forgotten;
      this.#ofGuests = new Lists();
    }
    for (let token = 0; token < count; token++) {
      const id = ids[token];
      const isGuest = id >= known;
      const lists = isGuest ? this.#ofGuests : this.#ofWords;
      const list = isGuest ? id - known : id;
      if (!lists.has(list)) this.#list(id, lists, list);
      row.addList(lists.columns, lists.starts[list], lists.ends[list], weights[token], token, this.size);
    }
  }

  /** Makes the list of a word. */
  #list(id: number, lists: Lists, list: number): void {
    const { pairs } = this;
    const [least, most] = this.#range;
    const letters = this.words.letters(id);
    const length = letters.length + 2;
    // A word shorter than the shortest n-gram counts once as a whole, as in scikit-learn.
    const shortest = Math.min(least, length);
    lists.open(list);
    for (let start = 0; start + shortest <= length; start++) {
      const end = Math.min(length, start + most);
      let left = 0;
      for (let at = start; at < end; at++) {
        const code = at === 0 || at === length - 1 ? 32 : letters[at - 1];
        const pair = this.#learns ? pairs.add(left, code) : pairs.find(left, code);
        if (pair < 0) break;
        let column = pairs.column(pair);
        if (this.#learns && column < 0 && at - start + 1 >= shortest) {
          column = this.size++;
          pairs.setColumn(pair, column);
        }
        if (column >= 0 && at - start + 1 >= shortest) lists.push(column);
        left = ~pair;
      }
    }
    lists.close(list);
  }

  terms(): string[] {
    const terms = new Array<string>(this.size);
    const texts: string[] = [];
    for (let pair = 0; pair < this.pairs.size; pair++) {
      const left = this.pairs.left(pair);
      texts.push((left < 0 ? texts[~left] : '') + String.fromCharCode(this.pairs.right(pair)));
      if (this.pairs.column(pair) >= 0) terms[this.pairs.column(pair)] = texts[pair];
    }
    return terms;
  }
}

/** Lists of columns by number. */
export class Lists {
  columns: Int32Array<ArrayBuffer> = new Int32Array(1 << 10);
  /** Range of each list in `columns`, end exclusive. */
  starts: Uint32Array<ArrayBuffer> = new Uint32Array(1 << 8);
  ends: Uint32Array<ArrayBuffer> = new Uint32Array(1 << 8);
  /** 1 for a list that is made. */
  #made = new Uint8Array(1 << 8);
  #length = 0;

  has(list: number): boolean {
    return list < this.#made.length && this.#made[list] === 1;
  }

  open(list: number): void {
    if (list >= this.#made.length) {
      const size = Math.max(list + 1, 2 * this.#made.length);
      this.starts = new Uint32Array(this.starts.buffer.transfer(size * 4));
      this.ends = new Uint32Array(this.ends.buffer.transfer(size * 4));
      this.#made = new Uint8Array(this.#made.buffer.transfer(size));
    }
    this.starts[list] = this.#length;
  }

  push(column: number): void {
    if (this.#length === this.columns.length) {
      this.columns = new Int32Array(this.columns.buffer.transfer(this.columns.byteLength * 2));
    }
    this.columns[this.#length++] = column;
  }

  close(list: number): void {
    this.ends[list] = this.#length;
    this.#made[list] = 1;
  }
}

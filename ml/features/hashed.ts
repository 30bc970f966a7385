/**
 * N-grams without a vocabulary ("feature hashing": Weinberger et al. 2009): the column of an n-gram is its hash, modulo the
 * number of columns. So columns are bounded, whatever texts come, and n-grams share them by accident. The sign of a count
 * stays that of its negation, and is not drawn by the hash, because a column has one idf for all that it counts.
 *
 * The n-grams are those of ngrams.ts. Words of the table have their hashes at hand; others are guests of it (words.ts).
 */
import type { Tokens } from '../text/tokens.ts';
import { extendHash, HASH_SEED, mixHash, type Words } from '../text/words.ts';
import { Lists, type NgramRange } from './ngrams.ts';
import { type Found, type Row, spanOf } from './row.ts';

const SPACE = 32;

/** Lists by id of a word, which are made when it is first met. Those of guests are forgotten with them. */
abstract class ListsOfWords {
  readonly words: Words;
  /** Number of columns, a power of two. */
  readonly size: number;
  protected readonly range: NgramRange;
  readonly #ofWords = new Lists();
  #ofGuests = new Lists();
  #guests = 0;

  constructor(range: NgramRange, words: Words, size: number) {
    this.range = range;
    this.words = words;
    this.size = size;
  }

  /** None: a column has no name. */
  terms(): string[] {
    return [];
  }

  protected forget(): void {
    if (this.words.forgotten === this.#guests) return;
    this.#guests = this.words.forgotten;
    this.#ofGuests = new Lists();
  }

  /** The lists that have the word, and its number there. */
  protected find(id: number): { lists: Lists; list: number } {
    const known = this.words.size;
    const [lists, list] = id >= known ? [this.#ofGuests, id - known] : [this.#ofWords, id];
    if (!lists.has(list)) {
      lists.open(list);
      this.fill(this.words.letters(id), lists);
      lists.close(list);
    }
    return { lists, list };
  }

  protected abstract fill(letters: Uint16Array, lists: Lists): void;
}

export class HashedWords extends ListsOfWords {
  readonly unit = 'hashed_word';
  /** Hashes of the words of the last text. */
  #hashes = new Int32Array(256);
  /** Its n-grams. */
  #found: Found = { columns: new Int32Array(0), spans: new Int32Array(0) };

  count({ ids, weights, count }: Tokens, row: Row): void {
    this.forget();
    if (count > this.#hashes.length) this.#hashes = new Int32Array(2 * count);
    const hashes = this.#hashes;
    for (let token = 0; token < count; token++) {
      const { lists, list } = this.find(ids[token]);
      hashes[token] = lists.columns[lists.starts[list]];
    }
    const [least, most] = this.range;
    const mask = this.size - 1;
    const ngrams = count * (most - least + 1);
    if (ngrams > this.#found.columns.length) {
      this.#found = { columns: new Int32Array(2 * ngrams), spans: new Int32Array(2 * ngrams) };
    }
    const { columns, spans } = this.#found;
    let found = 0;
    for (let first = 0; first < count; first++) {
      let hash = 0;
      for (let length = 1; length <= Math.min(most, count - first); length++) {
        hash = Math.imul(hash, 0x9e3779b1) + hashes[first + length - 1];
        if (length < least) continue;
        columns[found] = mixHash(hash) & mask;
        spans[found++] = spanOf(first, length);
      }
    }
    row.add(this.#found, found, weights, this.size);
  }

  /** One number: the hash of the word. */
  protected fill(letters: Uint16Array, lists: Lists): void {
    lists.push(letters.reduce(extendHash, HASH_SEED));
  }
}

export class HashedCharacters extends ListsOfWords {
  readonly unit = 'hashed_char';

  count({ ids, weights, count }: Tokens, row: Row): void {
    this.forget();
    for (let token = 0; token < count; token++) {
      const { lists, list } = this.find(ids[token]);
      const end = lists.ends[list];
      row.addList(lists.columns, lists.starts[list], end, weights[token], token, this.size);
    }
  }

  /** The columns of the word with a space at each end. */
  protected fill(letters: Uint16Array, lists: Lists): void {
    const [least, most] = this.range;
    const length = letters.length + 2;
    const mask = this.size - 1;
    // As in CharNgrams, a word shorter than the shortest n-gram counts once as a whole.
    const shortest = Math.min(least, length);
    for (let start = 0; start + shortest <= length; start++) {
      let hash = HASH_SEED;
      for (let at = start; at < Math.min(length, start + most); at++) {
        hash = extendHash(hash, at === 0 || at === length - 1 ? SPACE : letters[at - 1]);
        if (at - start + 1 >= shortest) lists.push(mixHash(hash) & mask);
      }
    }
  }
}

export type HashedNgrams = HashedWords | HashedCharacters;

/**
 * The columns of a lexicon's words: word i of the vectorizer's table has column i, whether training met it or not. The value of
 * a word is its weighted count, times 2, divided by the square root of the text's number of tokens.
 */
import type { Tokens } from '../text/tokens.ts';
import type { Words } from '../text/words.ts';
import { type Found, type Row, spanOf } from './row.ts';

export class LexiconWords {
  readonly unit = 'polarity';
  readonly words: Words;
  /** Number of columns: the first words of the table. */
  readonly size: number;
  #found: Found = { columns: new Int32Array(0), spans: new Int32Array(0) };

  constructor(words: Words, size: number) {
    this.words = words;
    this.size = size;
  }

  count({ ids, weights, count }: Tokens, row: Row): void {
    if (count > this.#found.columns.length) {
      this.#found = { columns: new Int32Array(2 * count), spans: new Int32Array(2 * count) };
    }
    const { columns, spans } = this.#found;
    let length = 0;
    for (let token = 0; token < count; token++) {
      const id = ids[token];
      columns[length] = id;
      spans[length] = spanOf(token, 1);
      if (id >= 0 && id < this.size) length++;
    }
    row.add(this.#found, length, weights, this.size);
  }

  /** Each word by its column. */
  terms(): string[] {
    return Array.from({ length: this.size }, (_, id) => this.words.word(id));
  }
}

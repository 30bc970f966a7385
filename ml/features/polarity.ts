/**
 * The columns of a lexicon's words: word i of the vectorizer's table has column i, whether training met it or not. The value of
 * a word is its weighted count, times 2, divided by the square root of the text's number of tokens.
 */
import type { Tokens } from '../text/tokens.ts';
import type { Words } from '../text/words.ts';
import type { Row } from './row.ts';

export class LexiconWords {
  readonly unit = 'polarity';
  readonly words: Words;
  /** Number of columns: the first words of the table. */
  readonly size: number;

  constructor(words: Words, size: number) {
    this.words = words;
    this.size = size;
  }

  count({ ids, weights, count }: Tokens, row: Row): void {
    for (let token = 0; token < count; token++) {
      const id = ids[token];
      if (id >= 0 && id < this.size) row.add(id, weights[token], token, token);
    }
  }

  /** Each word by its column. */
  terms(): string[] {
    return Array.from({ length: this.size }, (_, id) => this.words.word(id));
  }
}

/**
 * How much each token counts: negated tokens count with the opposite sign, and the weaker side of a contrast counts
 * less.
 *
 * Negation: the `negation_scope` tokens after a negation, up to the end of the clause, weigh less than 0. So "not good"
 * counts against a film as much as "good" counts for it, even if no training text contains that pair. The window, and
 * its end at punctuation, follow Das & Chen (2001) and Pang, Lee & Vaithyanathan (2002), who turned such words into
 * different words instead. "Not without charm" is praise: a word of lack inside the window ends it. An emoji keeps its sign,
 * because it says how the writer feels; one that follows a negated word ends the clause.
 *
 * Contrast: in "A but B" and in "although A, B" the verdict is B (Polanyi & Zaenen 2004), so the tokens of A weigh
 * `contrast_weight` times as much. The same holds for any clause or phrase that opens a sentence and ends at a comma
 * ("as A, B"; "for all its A, B"), because it is the background.
 */
import {
  ADDRESS_MARK,
  CLAUSE_BREAK,
  ELONGATION_MARK,
  NAME_MARK,
  NO_BREAK,
  SENTENCE_BREAK,
  type Tokens,
} from './tokens.ts';
import type { Words } from './words.ts';

const NEGATIONS = [
  "n't",
  'not',
  'never',
  'no',
  'without',
  'neither',
  'nor',
  'cannot',
  'hardly',
  'barely',
  'lacks',
  'lacking',
  'isnt',
  'wasnt',
  'arent',
  'werent',
  'dont',
  'doesnt',
  'didnt',
  'cant',
  'couldnt',
  'wont',
  'wouldnt',
  'shouldnt',
  'hasnt',
  'havent',
];
const WORDS_OF_LACK = ['without', 'lacks', 'lacking'];
const CONTRAST_WORDS = ['but', 'however'];
const SUBORDINATORS = ['although', 'though', 'while', 'despite', 'if', 'when', 'as', 'because', 'since', 'for', 'with'];

export type EmphasisSettings = {
  /** Version of the rules, as in normalize.ts; undefined means 1, in which an emoji was a word like others. */
  rules?: 1 | 2;
  /** Number of tokens after a negation that count with the opposite sign, 0 to 20; 0 turns it off. */
  negation_scope: number;
  /** How much they count, above 0 and up to 3; above 1 offsets the weight of the negation itself ("was", "n't"). */
  negation_weight: number;
  /** Weight of the weaker side of a contrast, 0 to 1; 1 turns it off. */
  contrast_weight: number;
};

/** These neither end a clause nor have a sign. */
const STAND_FOR = [ELONGATION_MARK, NAME_MARK, ADDRESS_MARK];

// Flags of a word.
const NEGATES = 1;
const LACKS = 2;
const CONTRASTS = 4;
const SUBORDINATES = 8;
const STANDS_FOR = 16;

const FLAGGED: readonly (readonly [flag: number, words: readonly string[]])[] = [
  [NEGATES, NEGATIONS],
  [LACKS, WORDS_OF_LACK],
  [CONTRASTS, CONTRAST_WORDS],
  [SUBORDINATES, SUBORDINATORS],
  [STANDS_FOR, STAND_FOR],
];

/** Weighs tokens. The words that decide are found by their ids, so no token is compared with them. */
export class Emphasis {
  readonly #settings: EmphasisSettings;
  /** By id of a word; a later one has none. */
  readonly #flags: Uint8Array<ArrayBuffer>;

  /** Adds the words that it needs to `words`. */
  constructor(settings: EmphasisSettings, words: Words) {
    this.#settings = settings;
    const flagged = FLAGGED.flatMap(([flag, list]) => list.map((word) => ({ flag, id: words.idOf(word) })));
    this.#flags = new Uint8Array(words.size);
    for (const { flag, id } of flagged) this.#flags[id] |= flag;
  }

  /** Sets `weights` of the tokens. */
  weigh(tokens: Tokens): void {
    const { negation_scope, contrast_weight } = this.#settings;
    const { ids, weights, count } = tokens;
    let flags = 0;
    for (let i = 0; i < count; i++) {
      weights[i] = 1;
      flags |= this.#flagsOf(ids[i]);
    }
    if (negation_scope > 0 && (flags & NEGATES) !== 0) this.#negate(tokens);
    if (contrast_weight !== 1 && (flags & (CONTRASTS | SUBORDINATES)) !== 0) this.#setAside(tokens);
  }

  #flagsOf(id: number): number {
    return id >= 0 && id < this.#flags.length ? this.#flags[id] : 0;
  }

  #negate({ count, ids, breaks, symbols, weights }: Tokens): void {
    const { rules, negation_scope: scope, negation_weight: weight } = this.#settings;
    let left = 0;
    for (let i = 0; i < count; i++) {
      const flags = this.#flagsOf(ids[i]);
      if (breaks[i] !== NO_BREAK || (flags & CONTRASTS) !== 0) left = 0;
      if (left > 0 && (flags & LACKS) !== 0) left = 0;
      else if ((flags & NEGATES) !== 0) left = scope;
      else if (left > 0 && rules === 2 && symbols[i] === 1) {
        if (left < scope && (flags & STANDS_FOR) === 0) left = 0;
      } else if (left > 0) {
        weights[i] = -weight;
        left--;
      }
    }
  }

  #setAside({ count, ids, breaks, weights }: Tokens): void {
    const { contrast_weight: weight } = this.#settings;
    let from = 0;
    for (let i = 0; i < count; i++) {
      if (breaks[i] === SENTENCE_BREAK) from = i;
      const flags = this.#flagsOf(ids[i]);
      if ((flags & CONTRASTS) !== 0) {
        for (let k = from; k < i; k++) weights[k] *= weight;
        from = i;
      } else if (i === from && (flags & SUBORDINATES) !== 0) {
        let end = i + 1;
        while (end < count && breaks[end] === NO_BREAK) end++;
        // Without a comma, the end of the opening clause is unknown.
        if (end < count && breaks[end] === CLAUSE_BREAK) {
          for (let k = i; k < end; k++) weights[k] *= weight;
          from = end;
        }
      }
    }
  }
}

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
import { isSymbol } from './scanner.ts';
import {
  ADDRESS_MARK,
  CLAUSE_BREAK,
  ELONGATION_MARK,
  NAME_MARK,
  NO_BREAK,
  SENTENCE_BREAK,
  type Tokens,
} from './tokens.ts';

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
const LACKS = ['without', 'lacks', 'lacking'];
const CONTRASTS = ['but', 'however'];
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

/** Sets `weights` of the tokens. */
export function weighTokens(tokens: Tokens, settings: EmphasisSettings): void {
  tokens.weights.fill(1, 0, tokens.count);
  if (settings.negation_scope > 0) negate(tokens, settings);
  if (settings.contrast_weight !== 1) setAside(tokens, settings.contrast_weight);
}

function negate(tokens: Tokens, { rules, negation_scope: scope, negation_weight: weight }: EmphasisSettings): void {
  let left = 0;
  for (let i = 0; i < tokens.count; i++) {
    if (tokens.breaks[i] !== NO_BREAK || CONTRAST_WORDS.has(tokens, i)) left = 0;
    if (left > 0 && LACK_WORDS.has(tokens, i)) left = 0;
    else if (NEGATION_WORDS.has(tokens, i)) left = scope;
    else if (left > 0 && rules === 2 && isSymbol(tokens, i)) {
      if (left < scope && !STANDS_FOR.has(tokens.word(i))) left = 0;
    } else if (left > 0) {
      tokens.weights[i] = -weight;
      left--;
    }
  }
}

/** These neither end a clause nor have a sign. */
const STANDS_FOR = new Set([ELONGATION_MARK, NAME_MARK, ADDRESS_MARK]);

function setAside(tokens: Tokens, weight: number): void {
  let from = 0;
  for (let i = 0; i < tokens.count; i++) {
    if (tokens.breaks[i] === SENTENCE_BREAK) from = i;
    if (CONTRAST_WORDS.has(tokens, i)) {
      for (let k = from; k < i; k++) tokens.weights[k] *= weight;
      from = i;
    } else if (i === from && SUBORDINATING_WORDS.has(tokens, i)) {
      const end = clauseEnd(tokens, i + 1);
      // Without a comma, the end of the opening clause is unknown.
      if (end < tokens.count && tokens.breaks[end] === CLAUSE_BREAK) {
        for (let k = i; k < end; k++) tokens.weights[k] *= weight;
        from = end;
      }
    }
  }
}

/** The first token from `at` on that follows the end of a clause; the number of tokens if there is none. */
function clauseEnd(tokens: Tokens, at: number): number {
  while (at < tokens.count && tokens.breaks[at] === NO_BREAK) at++;
  return at;
}

/** A few words, looked up by their codes, so that the many other tokens need no string. */
class WordSet {
  readonly #words: ReadonlySet<string>;
  readonly #firsts = new Uint8Array(128);
  readonly #longest: number;

  constructor(words: readonly string[]) {
    this.#words = new Set(words);
    this.#longest = Math.max(...words.map((word) => word.length));
    for (const word of words) this.#firsts[word.charCodeAt(0)] = 1;
  }

  has(tokens: Tokens, index: number): boolean {
    const start = tokens.starts[index];
    const first = tokens.codes[start];
    if (first > 127 || this.#firsts[first] === 0 || tokens.ends[index] - start > this.#longest) return false;
    return this.#words.has(tokens.word(index));
  }
}

const NEGATION_WORDS = new WordSet(NEGATIONS);
const LACK_WORDS = new WordSet(LACKS);
const SUBORDINATING_WORDS = new WordSet(SUBORDINATORS);
const CONTRAST_WORDS = new WordSet(CONTRASTS);

/**
 * Which tokens stand under a negation: the `scope` tokens after one, up to the end of the clause.
 *
 * Their features count with the opposite sign, so that "not good" speaks against a film with the weight that "good"
 * has for it, whether or not the training texts held that pair. The window and its end at punctuation or a contrast
 * follow Das & Chen (2001) and Pang, Lee & Vaithyanathan (2002), who marked such words as other words instead.
 * "Not without charm" is praise: a word of lack inside the window ends it.
 */
import type { Tokens } from './analyzer.ts';

export const NEGATIONS: readonly string[] = [
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
const LACKS: readonly string[] = ['without', 'lacks', 'lacking'];
const CONTRASTS: readonly string[] = ['but', 'however', 'although', 'though', 'yet', 'except', '!', '?'];

/** Sets `negated` for the tokens in a negation's scope. */
export function markNegations(tokens: Tokens, scope: number): void {
  let left = 0;
  for (let i = 0; i < tokens.count; i++) {
    if (tokens.clause[i] === 1 || CONTRAST_WORDS.has(tokens, i)) left = 0;
    if (left > 0 && LACK_WORDS.has(tokens, i)) left = 0;
    else if (NEGATION_WORDS.has(tokens, i)) left = scope;
    else if (left > 0) {
      tokens.negated[i] = 1;
      left--;
    }
  }
}

/** A few words, looked up by their codes: no string is made for the many tokens that are none of them. */
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
const CONTRAST_WORDS = new WordSet(CONTRASTS);

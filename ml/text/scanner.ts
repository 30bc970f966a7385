/**
 * The default tokenizer: one pass over the codes of a normalised text.
 *
 * A token is a run of letters, digits and marks, a run of ! or ?, or a pictograph. Contractions are split as in the
 * Penn Treebank (was|n't, film|'s). Everything else separates tokens. A test compares the result with scikit-learn's
 * pattern where the two should agree.
 */
import { CLAUSE_BREAK, MAX_TOKEN_LENGTH, NO_BREAK, type Rewriter, SENTENCE_BREAK, type Tokens } from './tokens.ts';

const SEPARATOR = 0;
const LETTER = 1;
const MARK = 2;
const SYMBOL = 3;
const CLAUSE_END = 4;
const FULL_STOP = 46;
const APOSTROPHE = 39;

const ASCII = new Uint8Array(128);
for (let code = 0; code < 128; code++) {
  const char = String.fromCharCode(code);
  if (/[0-9A-Za-z_]/.test(char)) ASCII[code] = LETTER;
  else if (/[!?]/.test(char)) ASCII[code] = MARK;
  else if (/[.,;:()]/.test(char)) ASCII[code] = CLAUSE_END;
}

/** Appends the tokens of `text` to `tokens`; `rewrite` stems words and drops stop words. */
export function scanWords(text: string, tokens: Tokens, rewrite: Rewriter | undefined): void {
  const { length } = text;
  let mark = NO_BREAK;
  let at = 0;
  while (at < length) {
    const code = text.charCodeAt(at);
    const kind = code < 128 ? ASCII[code] : kindOf(text, at);
    if (kind === LETTER) {
      const end = wordEnd(text, at);
      pushWord(text, at, end, mark, tokens, rewrite);
      mark = NO_BREAK;
      at = end;
    } else if (kind === MARK) {
      let end = at + 1;
      while (end < length && text.charCodeAt(end) === code) end++;
      tokens.push(text, at, at + 1, mark);
      mark = SENTENCE_BREAK;
      at = end;
    } else if (kind === SYMBOL) {
      const end = at + (text.codePointAt(at)! > 0xffff ? 2 : 1);
      tokens.push(text, at, end, mark);
      mark = NO_BREAK;
      at = end;
    } else {
      if (kind === CLAUSE_END) mark = Math.max(mark, endsSentence(text, at) ? SENTENCE_BREAK : CLAUSE_BREAK);
      at++;
    }
  }
}

/** A full stop inside "j.r.r." or "3.5" does not end a sentence. */
function endsSentence(text: string, at: number): boolean {
  return text.charCodeAt(at) === FULL_STOP && (at + 1 === text.length || /\s/.test(text[at + 1]));
}

/** End of the word that starts at `at`, including apostrophes between letters. */
function wordEnd(text: string, at: number): number {
  let end = at + 1;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code < 128) {
      if (ASCII[code] === LETTER) continue;
      if (code === APOSTROPHE && end + 1 < text.length && isLetter(text, end + 1)) continue;
      break;
    }
    if (!isLetter(text, end)) break;
    if (code >= 0xd800 && code < 0xdc00) end++;
  }
  return end;
}

/** Appends the word, split at a contraction. */
function pushWord(
  text: string,
  from: number,
  to: number,
  mark: number,
  tokens: Tokens,
  rewrite: Rewriter | undefined,
): void {
  const cut = contractionStart(text, from, to);
  if (cut > from) {
    pushPart(text, from, cut, mark, tokens, rewrite);
    if (cut < to) pushPart(text, cut, to, NO_BREAK, tokens, rewrite);
  } else pushPart(text, from, to, mark, tokens, rewrite);
}

function pushPart(
  text: string,
  from: number,
  to: number,
  mark: number,
  tokens: Tokens,
  rewrite: Rewriter | undefined,
): void {
  if (to - from > MAX_TOKEN_LENGTH) return;
  if (!rewrite) {
    tokens.push(text, from, to, mark);
    return;
  }
  const word = rewrite(text.slice(from, to));
  if (word !== '') tokens.pushWord(word, from, to, mark);
}

/** Where to split the word: before n't, or before 's 'm 'd 're 've 'll; its end if there is no contraction. */
function contractionStart(text: string, from: number, to: number): number {
  let quote = to - 2;
  if (quote <= from) return to;
  if (text.charCodeAt(quote) !== APOSTROPHE) quote--;
  if (quote <= from || text.charCodeAt(quote) !== APOSTROPHE) return to;
  const ending = text.slice(quote + 1, to).toLowerCase();
  if (ending === 't' && (text.charCodeAt(quote - 1) | 32) === 110 && quote - 1 > from) return quote - 1;
  return ENDINGS.has(ending) ? quote : to;
}

const ENDINGS = new Set(['s', 'm', 'd', 're', 've', 'll']);

function isLetter(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code < 128 ? ASCII[code] === LETTER : kindOf(text, at) === LETTER;
}

const WORD = /^[\p{L}\p{N}\p{M}_]$/u;
const PICTOGRAPH = /^[\p{Extended_Pictographic}\p{So}]$/u;
// 64 KiB, filled as characters occur, so that start-up costs nothing.
const kinds = new Uint8Array(65536).fill(255);

function kindOf(text: string, at: number): number {
  const point = text.codePointAt(at)!;
  if (point > 0xffff) return classify(String.fromCodePoint(point));
  if (kinds[point] === 255) kinds[point] = classify(String.fromCharCode(point));
  return kinds[point];
}

function classify(char: string): number {
  if (WORD.test(char)) return LETTER;
  return PICTOGRAPH.test(char) ? SYMBOL : SEPARATOR;
}

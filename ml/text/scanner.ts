/**
 * The default tokenizer: one pass over the codes of a normalised text.
 *
 * A token is a run of letters, digits and marks, a run of ! or ?, or an emoji with what is joined to it. Contractions are
 * split as in the Penn Treebank (was|n't, film|'s). Scripts without spaces are cut into overlapping pairs of letters, as
 * Lucene's CJKBigramFilter does, and other long runs at MAX_TOKEN_LENGTH. Everything else separates tokens. A test compares
 * the result with scikit-learn's pattern where the two should agree.
 *
 * Version 1 of the rules took the underscore for a letter, made a token of each part of an emoji, and dropped long runs.
 */
import { CLAUSE_BREAK, MAX_TOKEN_LENGTH, NO_BREAK, type Rewriter, SENTENCE_BREAK, type Tokens } from './tokens.ts';

const SEPARATOR = 0;
const LETTER = 1;
const MARK = 2;
const SYMBOL = 3;
const CLAUSE_END = 4;
/** A letter of a script without spaces, and a mark of such a script. */
const PAIRED = 5;
const PAIRED_MARK = 6;
const FULL_STOP = 46;
const APOSTROPHE = 39;

/** A version of the rules: kinds of ASCII codes, and whether its tokens are those of version 2. */
type Version = { ascii: Uint8Array; isSecond: boolean };

const second: Version = { ascii: new Uint8Array(128), isSecond: true };
for (let code = 0; code < 128; code++) {
  const char = String.fromCharCode(code);
  if (/[0-9A-Za-z]/.test(char)) second.ascii[code] = LETTER;
  else if (/[!?]/.test(char)) second.ascii[code] = MARK;
  else if (/[.,;:()]/.test(char)) second.ascii[code] = CLAUSE_END;
}
const first: Version = { ascii: second.ascii.slice(), isSecond: false };
first.ascii[95] = LETTER;

/** Appends the tokens of `text` to `tokens`; `rewrite` stems words and drops stop words. */
export function scanWords(
  text: string,
  tokens: Tokens,
  rewrite: Rewriter | undefined,
  rules: number | undefined,
): void {
  const version = rules === 2 ? second : first;
  const { ascii, isSecond } = version;
  const { length } = text;
  let mark = NO_BREAK;
  let at = 0;
  while (at < length) {
    const code = text.charCodeAt(at);
    const kind = code < 128 ? ascii[code] : kindOf(text, at, isSecond);
    if (kind === LETTER) {
      const end = wordEnd(text, at, version);
      pushWord(text, at, end, mark, tokens, rewrite, isSecond);
      mark = NO_BREAK;
      at = end;
    } else if (kind === MARK) {
      let end = at + 1;
      while (end < length && text.charCodeAt(end) === code) end++;
      tokens.push(text, at, at + 1, mark);
      mark = SENTENCE_BREAK;
      at = end;
    } else if (kind === SYMBOL) {
      const end = isSecond ? emojiEnd(text, at) : nextLetter(text, at);
      tokens.push(text, at, end, mark);
      mark = NO_BREAK;
      at = end;
    } else if (kind >= PAIRED) {
      at = pushPairs(text, at, mark, tokens, rewrite);
      mark = NO_BREAK;
    } else {
      if (kind === CLAUSE_END) mark = Math.max(mark, endsSentence(text, at) ? SENTENCE_BREAK : CLAUSE_BREAK);
      at++;
    }
  }
}

/** The token is an emoji, or a sign that stands for something. */
export function isSymbol(tokens: Tokens, index: number): boolean {
  const start = tokens.starts[index];
  const code = tokens.codes[start];
  if (code < 128) return false;
  if (code < 0xd800 || code > 0xdfff) return kindOf(String.fromCharCode(code), 0, true) === SYMBOL;
  return kindOf(String.fromCharCode(code, tokens.codes[start + 1]), 0, true) === SYMBOL;
}

function nextLetter(text: string, at: number): number {
  return at + (text.codePointAt(at)! > 0xffff ? 2 : 1);
}

const JOINER = 0x200d;

/** End of the emoji that starts at `at`: two letters of a flag, or pictographs that are joined. */
function emojiEnd(text: string, at: number): number {
  let end = nextLetter(text, at);
  if (isFlagLetter(text, at)) return isFlagLetter(text, end) ? end + 2 : end;
  while (text.charCodeAt(end) === JOINER && end + 1 < text.length && end - at < MAX_TOKEN_LENGTH - 4) {
    if (kindOf(text, end + 1, true) !== SYMBOL) break;
    end = nextLetter(text, end + 1);
  }
  return end;
}

function isFlagLetter(text: string, at: number): boolean {
  const point = text.codePointAt(at) ?? 0;
  return point >= 0x1f1e6 && point <= 0x1f1ff;
}

/** Appends the pairs of letters of a run that starts at `at`; a single letter alone. Returns the end of the run. */
function pushPairs(text: string, at: number, mark: number, tokens: Tokens, rewrite: Rewriter | undefined): number {
  let from = at;
  let middle = letterEnd(text, at);
  if (!isPaired(text, middle)) {
    pushPart(text, from, middle, mark, tokens, rewrite);
    return middle;
  }
  let before = mark;
  while (isPaired(text, middle)) {
    const end = letterEnd(text, middle);
    pushPart(text, from, end, before, tokens, rewrite);
    before = NO_BREAK;
    from = middle;
    middle = end;
  }
  return middle;
}

function isPaired(text: string, at: number): boolean {
  return at < text.length && text.charCodeAt(at) > 127 && kindOf(text, at, true) >= PAIRED;
}

/** End of the letter with its marks. */
function letterEnd(text: string, at: number): number {
  let end = nextLetter(text, at);
  while (end < text.length && end - at < MAX_TOKEN_LENGTH / 2 - 2 && isPairedMark(text, end))
    end = nextLetter(text, end);
  return end;
}

function isPairedMark(text: string, at: number): boolean {
  return text.charCodeAt(at) > 127 && kindOf(text, at, true) === PAIRED_MARK;
}

/** A full stop inside "j.r.r." or "3.5" does not end a sentence. */
function endsSentence(text: string, at: number): boolean {
  return text.charCodeAt(at) === FULL_STOP && (at + 1 === text.length || /\s/.test(text[at + 1]));
}

/** End of the word that starts at `at`, including apostrophes between letters. */
function wordEnd(text: string, at: number, version: Version): number {
  const { ascii } = version;
  let end = at + 1;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code < 128) {
      if (ascii[code] === LETTER) continue;
      if (code === APOSTROPHE && end + 1 < text.length && isLetter(text, end + 1, version)) continue;
      break;
    }
    if (!isLetter(text, end, version)) break;
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
  isSecond: boolean,
): void {
  const cut = contractionStart(text, from, to);
  let start = from;
  let before = mark;
  while (isSecond && cut - start > MAX_TOKEN_LENGTH) {
    const end = longestPart(text, start);
    pushPart(text, start, end, before, tokens, rewrite);
    start = end;
    before = NO_BREAK;
  }
  pushPart(text, start, cut, before, tokens, rewrite);
  if (cut < to) pushPart(text, cut, to, NO_BREAK, tokens, rewrite);
}

/** End of the longest token from `from` on that cuts no surrogate pair. */
export function longestPart(text: string, from: number): number {
  const end = from + MAX_TOKEN_LENGTH;
  const last = text.charCodeAt(end - 1);
  return last >= 0xd800 && last < 0xdc00 ? end - 1 : end;
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

function isLetter(text: string, at: number, { ascii, isSecond }: Version): boolean {
  const code = text.charCodeAt(at);
  return (code < 128 ? ascii[code] : kindOf(text, at, isSecond)) === LETTER;
}

const WORD = /^[\p{L}\p{N}\p{M}_]$/u;
const PICTOGRAPH = /^[\p{Extended_Pictographic}\p{So}]$/u;
const WITHOUT_SPACES =
  /^[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Bopomofo}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]$/u;
// 64 KiB, filled as characters occur, so that start-up costs nothing.
const kinds = new Uint8Array(65536).fill(255);

/** In version 1, scripts without spaces are as others. */
function kindOf(text: string, at: number, isSecond: boolean): number {
  const point = text.codePointAt(at)!;
  if (point < 65536 && kinds[point] === 255) kinds[point] = classify(String.fromCharCode(point));
  const kind = point < 65536 ? kinds[point] : classify(String.fromCodePoint(point));
  return kind >= PAIRED && !isSecond ? LETTER : kind;
}

function classify(char: string): number {
  if (!WORD.test(char)) return PICTOGRAPH.test(char) ? SYMBOL : SEPARATOR;
  if (!WITHOUT_SPACES.test(char)) return LETTER;
  return /\p{M}/u.test(char) ? PAIRED_MARK : PAIRED;
}

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
import type { Letters } from './letters.ts';
import { CLAUSE_BREAK, MAX_TOKEN_LENGTH, NO_BREAK, type Rewriter, SENTENCE_BREAK, type Tokens } from './tokens.ts';
import { extendHash, HASH_SEED, hashOf } from './words.ts';

const SEPARATOR = 0;
const LETTER = 1;
const MARK = 2;
const SYMBOL = 3;
const CLAUSE_END = 4;
/** A letter of a script without spaces, and a mark of such a script. */
const PAIRED = 5;
const PAIRED_MARK = 6;
const SPACE = 32;
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

/** Appends the tokens of the text to `tokens`; `rewrite` stems words and drops stop words. */
export function scanWords(
  { codes, length }: Letters,
  tokens: Tokens,
  rewrite: Rewriter | undefined,
  rules: number | undefined,
): void {
  const version = rules === 2 ? second : first;
  const { ascii, isSecond } = version;
  let mark = NO_BREAK;
  let at = 0;
  while (at < length) {
    const code = codes[at];
    const kind = code < 128 ? ascii[code] : kindOf(codes, at, isSecond);
    if (kind === LETTER) {
      let hash = HASH_SEED;
      let end = at;
      let next = code;
      // The 0 behind the text ends this loop.
      for (; next < 128 && ascii[next] === LETTER; next = codes[++end]) hash = extendHash(hash, next);
      const isPlain = next < 128 && next !== APOSTROPHE && end - at <= MAX_TOKEN_LENGTH && rewrite === undefined;
      if (isPlain) tokens.push(at, end, hash, mark, 0);
      else {
        end = wordEnd(codes, at, version);
        next = codes[end];
        pushWord(codes, at, end, mark, tokens, rewrite, isSecond);
      }
      mark = NO_BREAK;
      at = next === SPACE ? end + 1 : end;
    } else if (kind === SEPARATOR) at++;
    else if (kind === MARK) {
      let end = at + 1;
      while (codes[end] === code) end++;
      tokens.push(at, at + 1, extendHash(HASH_SEED, code), mark, 0);
      mark = SENTENCE_BREAK;
      at = end;
    } else if (kind === SYMBOL) {
      const end = isSecond ? emojiEnd(codes, at) : nextLetter(codes, at);
      tokens.push(at, end, hashOf(codes, at, end), mark, 1);
      mark = NO_BREAK;
      at = end;
    } else if (kind >= PAIRED) {
      at = pushPairs(codes, at, mark, tokens, rewrite);
      mark = NO_BREAK;
    } else {
      if (kind === CLAUSE_END) mark = Math.max(mark, endsSentence(codes, at, length) ? SENTENCE_BREAK : CLAUSE_BREAK);
      at++;
    }
  }
  tokens.settle(codes);
}

/** Whether a word begins as an emoji does, or as a sign that stands for something. */
export function isSymbol(word: string): boolean {
  return word.charCodeAt(0) > 127 && kindOfPoint(word.codePointAt(0)!, true) === SYMBOL;
}

/** As `codePointAt` of the text; the 0 behind it belongs to none. */
function pointAt(codes: Uint16Array, at: number): number {
  const code = codes[at];
  if (code < 0xd800 || code > 0xdbff) return code;
  const low = codes[at + 1];
  return low < 0xdc00 || low > 0xdfff ? code : (code - 0xd800) * 0x400 + (low - 0xdc00) + 0x10000;
}

function nextLetter(codes: Uint16Array, at: number): number {
  return at + (pointAt(codes, at) > 0xffff ? 2 : 1);
}

const JOINER = 0x200d;

/** End of the emoji that starts at `at`: two letters of a flag, or pictographs that are joined. */
function emojiEnd(codes: Uint16Array, at: number): number {
  let end = nextLetter(codes, at);
  if (isFlagLetter(codes, at)) return isFlagLetter(codes, end) ? end + 2 : end;
  while (codes[end] === JOINER && end - at < MAX_TOKEN_LENGTH - 4) {
    if (kindOf(codes, end + 1, true) !== SYMBOL) break;
    end = nextLetter(codes, end + 1);
  }
  return end;
}

function isFlagLetter(codes: Uint16Array, at: number): boolean {
  const point = pointAt(codes, at);
  return point >= 0x1f1e6 && point <= 0x1f1ff;
}

/** Appends the pairs of letters of a run that starts at `at`; a single letter alone. Returns the end of the run. */
function pushPairs(
  codes: Uint16Array,
  at: number,
  mark: number,
  tokens: Tokens,
  rewrite: Rewriter | undefined,
): number {
  let from = at;
  let middle = letterEnd(codes, at);
  if (!isPaired(codes, middle)) {
    pushPart(codes, from, middle, mark, tokens, rewrite);
    return middle;
  }
  let before = mark;
  while (isPaired(codes, middle)) {
    const end = letterEnd(codes, middle);
    pushPart(codes, from, end, before, tokens, rewrite);
    before = NO_BREAK;
    from = middle;
    middle = end;
  }
  return middle;
}

function isPaired(codes: Uint16Array, at: number): boolean {
  return codes[at] > 127 && kindOf(codes, at, true) >= PAIRED;
}

/** End of the letter with its marks. */
function letterEnd(codes: Uint16Array, at: number): number {
  let end = nextLetter(codes, at);
  while (end - at < MAX_TOKEN_LENGTH / 2 - 2 && isPairedMark(codes, end)) end = nextLetter(codes, end);
  return end;
}

function isPairedMark(codes: Uint16Array, at: number): boolean {
  return codes[at] > 127 && kindOf(codes, at, true) === PAIRED_MARK;
}

/** A full stop inside "j.r.r." or "3.5" does not end a sentence. */
function endsSentence(codes: Uint16Array, at: number, length: number): boolean {
  if (codes[at] !== FULL_STOP) return false;
  return at + 1 === length || codes[at + 1] === SPACE || /\s/.test(String.fromCharCode(codes[at + 1]));
}

/** End of the word that starts at `at`, including apostrophes between letters. */
function wordEnd(codes: Uint16Array, at: number, version: Version): number {
  const { ascii } = version;
  let end = at + 1;
  for (; ; end++) {
    const code = codes[end];
    if (code < 128) {
      if (ascii[code] === LETTER) continue;
      if (code === APOSTROPHE && isLetter(codes, end + 1, version)) continue;
      return end;
    }
    if (!isLetter(codes, end, version)) return end;
    if (code >= 0xd800 && code < 0xdc00) end++;
  }
}

/** Appends the word, split at a contraction. */
function pushWord(
  codes: Uint16Array,
  from: number,
  to: number,
  mark: number,
  tokens: Tokens,
  rewrite: Rewriter | undefined,
  isSecond: boolean,
): void {
  const cut = contractionStart(codes, from, to);
  let start = from;
  let before = mark;
  while (isSecond && cut - start > MAX_TOKEN_LENGTH) {
    const end = longestPart(codes[start + MAX_TOKEN_LENGTH - 1], start);
    pushPart(codes, start, end, before, tokens, rewrite);
    start = end;
    before = NO_BREAK;
  }
  pushPart(codes, start, cut, before, tokens, rewrite);
  if (cut < to) pushPart(codes, cut, to, NO_BREAK, tokens, rewrite);
}

/** End of the longest token from `from` on that cuts no surrogate pair; `last` is the code that would be its last. */
export function longestPart(last: number, from: number): number {
  const end = from + MAX_TOKEN_LENGTH;
  return last >= 0xd800 && last < 0xdc00 ? end - 1 : end;
}

function pushPart(
  codes: Uint16Array,
  from: number,
  to: number,
  mark: number,
  tokens: Tokens,
  rewrite: Rewriter | undefined,
): void {
  if (to - from > MAX_TOKEN_LENGTH) return;
  if (!rewrite) {
    tokens.push(from, to, hashOf(codes, from, to), mark, 0);
    return;
  }
  const word = rewrite(String.fromCharCode(...codes.subarray(from, to)));
  if (word !== '') tokens.pushWord(word, from, to, mark, 0);
}

/** Where to split the word: before n't, or before 's 'm 'd 're 've 'll; its end if there is no contraction. */
function contractionStart(codes: Uint16Array, from: number, to: number): number {
  let quote = to - 2;
  if (quote <= from) return to;
  if (codes[quote] !== APOSTROPHE) quote--;
  if (quote <= from || codes[quote] !== APOSTROPHE) return to;
  const last = codes[quote + 1] | 32;
  if (quote + 2 === to) {
    if (last === 116) return (codes[quote - 1] | 32) === 110 && quote - 1 > from ? quote - 1 : to;
    return last === 115 || last === 109 || last === 100 ? quote : to;
  }
  const next = codes[quote + 2] | 32;
  return (next === 101 && (last === 114 || last === 118)) || (next === 108 && last === 108) ? quote : to;
}

function isLetter(codes: Uint16Array, at: number, { ascii, isSecond }: Version): boolean {
  const code = codes[at];
  return (code < 128 ? ascii[code] : kindOf(codes, at, isSecond)) === LETTER;
}

const WORD = /^[\p{L}\p{N}\p{M}_]$/u;
const PICTOGRAPH = /^[\p{Extended_Pictographic}\p{So}]$/u;
const WITHOUT_SPACES =
  /^[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Bopomofo}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]$/u;
// 64 KiB, filled as characters occur, so that start-up costs nothing.
const kinds = new Uint8Array(65536).fill(255);

function kindOf(codes: Uint16Array, at: number, isSecond: boolean): number {
  return kindOfPoint(pointAt(codes, at), isSecond);
}

/** In version 1, scripts without spaces are as others. */
function kindOfPoint(point: number, isSecond: boolean): number {
  if (point < 65536 && kinds[point] === 255) kinds[point] = classify(String.fromCharCode(point));
  const kind = point < 65536 ? kinds[point] : classify(String.fromCodePoint(point));
  return kind >= PAIRED && !isSecond ? LETTER : kind;
}

function classify(char: string): number {
  if (!WORD.test(char)) return PICTOGRAPH.test(char) ? SYMBOL : SEPARATOR;
  if (!WITHOUT_SPACES.test(char)) return LETTER;
  return /\p{M}/u.test(char) ? PAIRED_MARK : PAIRED;
}

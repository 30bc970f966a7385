/**
 * Emoticons, turned into the emoji of the same meaning, so that :) and :-) and 🙂 are one token.
 *
 * Meanings are those of emojibase-data 17.0.0 (MIT; THIRD_PARTY.md), and for the eastern ones those of Wikipedia, "List of
 * emoticons". Signs that also occur in other text count only where no word or number touches them: 8:30, 1:(2), C:\, https://,
 * x=3, "8)" in a list and "Vitamin D: good" are none.
 */
import type { Rule } from './rule.ts';

type Meaning = { plain: string; tears?: string; brow?: string };

const SAD: Meaning = { plain: '☹', tears: '😢', brow: '👿' };
const HAPPY: Meaning = { plain: '🙂', tears: '😂', brow: '😈' };
const MOUTHS: Record<string, Meaning> = {
  ')': HAPPY,
  ']': HAPPY,
  '}': HAPPY,
  '(': SAD,
  '[': SAD,
  '{': SAD,
  '>': { plain: '😊' },
  '<': { plain: '😓' },
  d: { plain: '😄', tears: '🤣' },
  p: { plain: '😛' },
  b: { plain: '😛' },
  o: { plain: '😲', tears: '😭' },
  '/': { plain: '😕', brow: '😡' },
  '\\': { plain: '😕', brow: '😡' },
  '|': { plain: '😐' },
  '*': { plain: '😚' },
  '@': { plain: '🤬' },
  $: { plain: '😳' },
  '#': { plain: '😶' },
  '3': { plain: '😽' },
  s: { plain: '😧' },
  x: { plain: '😘' },
  c: { plain: '😫' },
};

const WORD = /[\p{L}\p{N}]/u;
const isWord = (char: string | undefined) => char !== undefined && WORD.test(char);
const isSpace = (char: string | undefined) => char === undefined || /\s/.test(char);

// Brow, eyes, tears, nose, mouth.
const UPRIGHT =
  /[>}]?[:;=](?:['’,](?=[-()[\]{}DOo]))?[-^~o]?(?:\)+|\(+|\]+|\[+|\}+|\{+|>+|<+|D+|P+|p+|O+|[\\/|*@#$bo3SsXxCc])/gu;

function readUpright(face: string, at: number, text: string): string {
  // In ":D:D" a face stands before.
  const before = /[:;=]-?[a-z]$/i.test(text.slice(Math.max(0, at - 3), at)) ? ' ' : text[at - 1];
  const after = text[at + face.length];
  const mouth = face[face.length - 1].toLowerCase();
  const eyes = /[:;=]/.exec(face)?.[0];
  const { plain, tears, brow } = MOUTHS[mouth];
  const isFace = /[()]/.test(mouth)
    ? standsAsRound(mouth, eyes, before, after) && !(mouth === ')' && isWord(before) && closesBracket(text, at))
    : /[dp]/.test(mouth) && eyes !== '='
      ? // "lol:D" is one, and "A:D" is not.
        !isWord(after) && !(isWord(before) && !/\p{Ll}/u.test(before))
      : !isWord(before) && !isWord(after) && standsAlone(mouth, eyes, before, after);
  if (!isFace) return face;
  const has = (signs: RegExp) => signs.test(face.slice(0, -1));
  return ` ${(has(/['’,]/) && tears) || (has(/[>}]/) && brow) || (eyes === ';' && mouth === ')' ? '😉' : plain)} `;
}

function standsAsRound(mouth: string, eyes: string | undefined, before?: string, after?: string): boolean {
  if (eyes === '=') return !isWord(before) && !isWord(after);
  return !isWord(after) || (mouth === ')' && !isWord(before));
}

/** In "(as I said:)" the mouth belongs to the bracket. */
function closesBracket(text: string, at: number): boolean {
  for (let i = at - 1; i >= Math.max(0, at - 100); i--) {
    if (text[i] === ')') return false;
    if (text[i] === '(') return !/[:;=-]/.test(text[i - 1] ?? ' ');
  }
  return false;
}

function standsAlone(mouth: string, eyes: string | undefined, before?: string, after?: string): boolean {
  // => and =3 and =x are arrows and sums.
  if (eyes === '=') return /[\]dp/\\|o[]/.test(mouth) && isSpace(before) && isSpace(after);
  if (/[/\\|*#@$3]/.test(mouth)) return isSpace(before) && (isSpace(after) || /[.,!?)]/.test(after ?? ''));
  // ":x:" is the name of an emoji.
  return before !== mouth && after !== mouth && after !== ':';
}

// The mouth comes first.
const REVERSED = /(?<!\S)(?:\(+|\)+|D)['’]?-?[:;=]/gu;

function readReversed(face: string, at: number, text: string): string {
  const after = text[at + face.length];
  if (isWord(after)) return face;
  if (face[0] === 'D') {
    // In "Plan D: do nothing" a word follows.
    const next = /^[^\S\n]{0,8}(\S|\n)?/.exec(text.slice(at + face.length, at + face.length + 9))?.[1];
    return at === 0 || !isWord(next) ? ' 😩 ' : face;
  }
  const { plain, tears } = face[0] === '(' ? HAPPY : SAD;
  return ` ${(/['’]/.test(face) && tears) || plain} `;
}

const HEARTS = /(?<![\d=<])<(?:3+|[/\\]3)(?![\p{L}\p{N}%]|[.,]\d)/gu;

// Two eyes and what is between them; with or without a face around them.
const EYES: [string, string][] = [
  ['\\^[-_.o]{0,5}\\^', '😊'],
  ['(?:T_{1,5}T|TT_{1,5}TT|;[_-]{1,5};|Q_{1,5}Q|Y_{1,5}Y|ಥ[_﹏]{1,5}ಥ|T▽T)', '😭'],
  ['>[_.]{1,5}<', '😖'],
  ['[-=]_{1,5}[-=]', '😒'],
  ['[¬<]_{1,5}[¬<]|>_{1,5}>', '😒'],
  ['(?:[oO0]_{1,5}[oO0])', '😳'],
  ['(?:[xX@]_{1,5}[xX@])', '😵'],
  ['ಠ_{1,5}ಠ', '😠'],
  ['(?:u_{1,5}u|\\._{1,5}\\.)', '😔'],
  ['(?:\\*_{1,5}\\*|♥_{1,5}♥)', '😍'],
];
const ANY_EYES = EYES.map(([eyes]) => eyes).join('|');
const TWO_EYES = new RegExp(`(?<![\\p{L}\\p{N}_./\\\\])\\(?(?:${ANY_EYES})\\)?(?![\\p{L}\\p{N}_/\\\\])`, 'gu');
const BY_EYES = EYES.map(([eyes, emoji]): [RegExp, string] => [new RegExp(`^\\(?(?:${eyes})\\)?$`, 'u'), emoji]);

function readEyes(face: string): string {
  return ` ${BY_EYES.find(([eyes]) => eyes.test(face))?.[1] ?? face} `;
}

// The longer of two that begin alike comes first.
const POSTURES: Record<string, string> = {
  '(╯°□°)╯︵ ┻━┻': '😡',
  '(╯°□°)╯': '😡',
  '(╯°Д°)╯': '😡',
  '(ノಠ益ಠ)ノ': '😡',
  '¯\\_(ツ)_/¯': '🤷',
  '( ͡° ͜ʖ ͡°)': '😏',
  '(づ｡◕‿‿◕｡)づ': '🤗',
  '(｡◕‿◕｡)': '😊',
  '(◕‿◕)': '😊',
  '(◠‿◠)': '😊',
  '(^▽^)': '😊',
  '(^ω^)': '😊',
  '(^∇^)': '😊',
  '(´∀`)': '😊',
  '(*´▽`*)': '😊',
  '(｡♥‿♥｡)': '😍',
  '(≧∇≦)': '😆',
  '(≧▽≦)': '😆',
  '(´・ω・`)': '😔',
  '(・_・)': '😐',
  '(;´Д`)': '😓',
  'ʕ•ᴥ•ʔ': '🐻',
  '\\o/': '🙌',
  'm(_ _)m': '🙇',
};

/** As a text looks when emoticons are searched: plain quotes, one Unicode form. */
function asSearched(posture: string): string {
  return posture.replace(/[´`]/g, "'").normalize('NFKC');
}

const BY_POSTURE = new Map(Object.entries(POSTURES).map(([posture, emoji]) => [asSearched(posture), emoji]));
const ANY_POSTURE = [...BY_POSTURE.keys()].map((posture) => posture.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|');
const POSTURE = new RegExp(ANY_POSTURE, 'gu');

export const emoticonRules: Rule[] = [
  { trigger: /[°ಠツʖ◕◠ω∇∀▽Д‿・ᴥ\\_≧]/, pattern: POSTURE, replace: (posture) => ` ${BY_POSTURE.get(posture)} ` },
  { trigger: /</, pattern: HEARTS, replace: (heart) => (/[/\\]/.test(heart) ? ' 💔 ' : ' ❤ ') },
  { trigger: /[\^_>;▽]/, pattern: TWO_EYES, replace: readEyes },
  { trigger: /[:;=]/, pattern: UPRIGHT, replace: readUpright },
  { trigger: /[:;=]/, pattern: REVERSED, replace: readReversed },
];

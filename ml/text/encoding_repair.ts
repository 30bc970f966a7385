/**
 * Repairs text that was encoded as UTF-8 and read as windows-1252, Latin-1 or Mac Roman: "donâ€™t" is "don't".
 *
 * A sequence is repaired on its own if no text of any language has it (`CERTAIN`). The others, such as "Ðµ", are repaired if
 * every letter beyond ASCII in the text belongs to such a sequence, and two of them have a sign that follows no word.
 */
import { applyRule, type Rule } from './rule.ts';

// What windows-1252 and Latin-1 make of the bytes 80 to BF.
const NEXT =
  '[\\x80-\\xbf\\u0152\\u0153\\u0160\\u0161\\u0178\\u017d\\u017e\\u0192\\u02c6\\u02dc\\u2013\\u2014\\u2018-\\u201a\\u201c-\\u201e\\u2020-\\u2022\\u2026\\u2030\\u2039\\u203a\\u20ac\\u2122]';
const SEQUENCE = `[\\xc2-\\xdf]${NEXT}|[\\xe0-\\xef]${NEXT}{2}|[\\xf0-\\xf4]${NEXT}{3}`;
const CERTAIN = [
  // Small accented letters and Latin-1 signs. Guillemets may follow a word that ends with a capital.
  '[\\xc2\\xc3][\\xa1-\\xaa\\xac-\\xba\\xbc-\\xbf]|\\xc2\\xa0|(?<=[a-z])\\xc3\\xa0',
  // Signs from U+2000 on. Quotes, dashes and dots may follow a word that ends with \xe2.
  `\\xe2[^\\0-\\x7f\\xa0-\\xff\\u2013\\u2014\\u2018\\u2019\\u201c\\u201d\\u2026]${NEXT}`,
  // A byte that windows-1252 lacks was lost at the end of a closing quote.
  '\\xe2\\u20ac(?![^\\0-\\x7f])',
  // Emoji; the byte order mark, U+FFFD and variation selectors.
  `\\xf0(?:\\u0178|\\x9f)${NEXT}{2}|\\xef[\\xb8\\xbb\\xbf]${NEXT}`,
  // Quotes, dashes and accented letters as Mac Roman reads them.
  '\\u201a\\xc4[\\xec\\xee\\xf2\\xf4\\xf9\\xfa\\xb6]|\\u221a[\\xae\\xa9\\xb1\\u2260\\u2264\\u2265\\xb0\\xa8\\xa2\\xa3\\xa7\\xa4\\xb6]',
].join('|');

const certain = new RegExp(CERTAIN, 'g');
const sequences = new RegExp(`${SEQUENCE}|${CERTAIN}`, 'g');

const windows = bytesOf('windows-1252');
const mac = bytesOf('macintosh');
// What may follow a word in a text as it should be: quotes, dashes, dots, ™ and the like.
const ODD = /[^\xc2-\xf4\u2013\u2014\u2018\u2019\u201c\u201d\u2026\u2122\xa0\xa9\xab\xae\xb0\xbb]/;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

function bytesOf(encoding: string): Map<string, number> {
  const decoder = new TextDecoder(encoding);
  const bytes = new Map<string, number>();
  for (let byte = 0x80; byte < 0x100; byte++) {
    // Latin-1 has controls where windows-1252 has quotes.
    bytes.set(String.fromCharCode(byte), byte);
  }
  for (let byte = 0x80; byte < 0x100; byte++) bytes.set(decoder.decode(new Uint8Array([byte])), byte);
  return bytes;
}

// A text that was encoded twice repeats its sequences.
const known = new Map<string, string>();

/** The text that a sequence was; the sequence itself if its bytes are not UTF-8. */
function decoded(sequence: string): string {
  let result = known.get(sequence);
  if (result === undefined) {
    const table = /^[\u201a\u221a]/.test(sequence) ? mac : windows;
    const text = utf8.decode(Uint8Array.from(sequence, (char) => table.get(char) ?? 0));
    const isInvalid = text.includes('\ufffd') && sequence !== '\xef\xbf\xbd';
    result = sequence === '\xe2\u20ac' ? '"' : isInvalid ? sequence : text;
    if (known.size >= 10_000) known.clear();
    known.set(sequence, result);
  }
  return result;
}

function isWhollyDoubleEncoded(text: string): boolean {
  let count = 0;
  const rest = text.replace(sequences, (sequence) => {
    const isValid = decoded(sequence) !== sequence;
    if (isValid && ODD.test(sequence)) count++;
    return isValid ? '' : sequence;
  });
  return count >= 2 && !/[^\0-\x7f]/.test(rest);
}

export const repairEncoding: Rule = {
  trigger: /[\xc2-\xf4\u201a\u221a]/,
  pattern: (text) => (isWhollyDoubleEncoded(text) ? sequences : certain),
  replace: decoded,
};

export function repairsEncoding(text: string): boolean {
  return repairEncoding.trigger.test(text) && applyRule(repairEncoding, text) !== text;
}

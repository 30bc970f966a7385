/** Text in any encoding as UTF-8: which one it is, and the conversion as a stream. */
import { isUtf8 } from 'node:buffer';
import { SentimentError, usageError } from '../errors.ts';

export type Encoding = {
  /** utf-8, or a name that TextDecoder has. */
  name: string;
  /** Whether the bytes begin with a byte order mark. */
  mark: boolean;
};

/** Names in use that TextDecoder does not know. */
const ALIASES: Record<string, string> = {
  'utf-8-sig': 'utf-8',
  'utf8-sig': 'utf-8',
  utf16: 'utf-16',
  'latin-1': 'latin1',
  latin_1: 'latin1',
  'latin-9': 'iso-8859-15',
  'mac-roman': 'macintosh',
  mac_roman: 'macintosh',
  macroman: 'macintosh',
  cp932: 'shift_jis',
  cp936: 'gbk',
  cp949: 'euc-kr',
  cp950: 'big5',
};

const MARKS: { name: string; bytes: Buffer }[] = [
  { name: 'utf-8', bytes: Buffer.from([0xef, 0xbb, 0xbf]) },
  { name: 'utf-16le', bytes: Buffer.from([0xff, 0xfe]) },
  { name: 'utf-16be', bytes: Buffer.from([0xfe, 0xff]) },
];

/**
 * `head` are the first bytes, or all of them (`whole`). As `given` says; else by the byte order mark; else what the first bytes allow only one reading of: UTF-16 and
 * windows-1252; else UTF-8. Throws ENCODING_UNKNOWN (2).
 */
export function findEncoding(head: Buffer, whole: boolean, given: string | undefined): Encoding {
  const marked = MARKS.find(({ bytes }) => head.subarray(0, bytes.length).equals(bytes));
  const asked = given === undefined ? undefined : canonicalName(given);
  if (asked === undefined) {
    const name =
      marked?.name ??
      (guessUtf16(head) || (looksLikeWindows1252(whole ? head : withoutCut(head)) ? 'windows-1252' : 'utf-8'));
    return { name, mark: marked !== undefined };
  }
  // "utf-16" leaves the order of the bytes to the mark.
  const name = asked === 'utf-16le' && /^utf-?16$/i.test(given!) && marked?.name === 'utf-16be' ? 'utf-16be' : asked;
  return { name, mark: marked?.name === name };
}

/** The name as TextDecoder spells it. Throws ENCODING_UNKNOWN (2). */
export function canonicalName(given: string): string {
  const name = given.trim().toLowerCase();
  try {
    return new TextDecoder(ALIASES[name] ?? name.replace(/^(cp|windows)[-_]?(125\d|874)$/, 'windows-$2')).encoding;
  } catch (cause) {
    throw usageErrorOf(given, cause);
  }
}

function usageErrorOf(given: string, cause: unknown): SentimentError {
  const error = usageError(
    'ENCODING_UNKNOWN',
    `the encoding ${JSON.stringify(given)} is not supported`,
    'use utf-8, utf-16le, utf-16be, windows-1250 to 1258, iso-8859-1 to 16, koi8-r, macintosh, shift_jis, euc-jp, ' +
      'euc-kr, gb18030 or big5, or convert the file: iconv -f NAME -t UTF-8',
  );
  error.cause = cause;
  return error;
}

/** Without the byte order mark, in UTF-8. UTF-8 passes unchecked. Throws ENCODING_WRONG with the line. */
export async function* toUtf8(
  chunks: AsyncIterable<Buffer>,
  encoding: Encoding,
  name: string,
): AsyncGenerator<Buffer, void> {
  if (encoding.name === 'utf-8') {
    let skip = encoding.mark ? MARKS[0].bytes.length : 0;
    for await (const chunk of chunks) {
      if (chunk.length > skip) yield skip === 0 ? chunk : chunk.subarray(skip);
      skip = Math.max(0, skip - chunk.length);
    }
    return;
  }
  const decoder = new TextDecoder(encoding.name, { fatal: true });
  let line = 1;
  function decode(chunk?: Buffer): Buffer {
    try {
      return Buffer.from(decoder.decode(chunk, { stream: chunk !== undefined }));
    } catch (cause) {
      throw new SentimentError('ENCODING_WRONG', `${name} is not valid ${encoding.name} after line ${line}`, {
        cause,
        next: 'name the encoding that it has: --encoding NAME (in params.yaml: encoding)',
      });
    }
  }
  for await (const chunk of chunks) {
    const text = decode(chunk);
    if (text.length > 0) yield text;
    for (let at = text.indexOf(10); at >= 0; at = text.indexOf(10, at + 1)) line++;
  }
  const last = decode();
  if (last.length > 0) yield last;
}

/** Without the last bytes, which may be a part of a character. */
function withoutCut(head: Buffer): Buffer {
  let end = head.length;
  while (end > 0 && head[end - 1] >= 0x80) end--;
  return head.subarray(0, end);
}

/** A character of UTF-8 that has several bytes. */
const PART_UTF8 = /[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}/;

/** In mostly western text every second byte is zero. */
function guessUtf16(head: Buffer): string {
  const zeros = [0, 0];
  for (let i = 0; i < head.length; i++) if (head[i] === 0) zeros[i % 2]++;
  const half = head.length / 2;
  if (half < 4 || Math.min(...zeros) > half / 50 || Math.max(...zeros) < half / 2) return '';
  return zeros[1] > zeros[0] ? 'utf-16le' : 'utf-16be';
}

/**
 * Whether the bytes can be little else than English or western text of Windows: not UTF-8, nor partly UTF-8, and all
 * bytes above 127 are quotes, dashes and signs as Windows has them, or lone letters of western words.
 */
export function looksLikeWindows1252(head: Buffer): boolean {
  if (isUtf8(head) || head.includes(0) || PART_UTF8.test(head.toString('latin1'))) return false;
  let high = 0;
  for (let i = 0; i < head.length; i++) {
    const byte = head[i];
    if (byte < 0x80) continue;
    high++;
    const [before, after] = [head[i - 1] ?? 32, head[i + 1] ?? 32];
    if (isSign(byte)) continue;
    // Letters in a row are words of another alphabet.
    const alone = [before, after].every((other) => other < 0x80 || isSign(other));
    if (!alone || !fitsLetter(byte, before, after)) return false;
  }
  return high > 0 && high < head.length / 8;
}

/** Euro, ellipsis, quotes, bullet, dashes, trade mark; pound, section, copyright, guillemets, degree, fractions and so on. */
function isSign(byte: number): boolean {
  return (
    byte === 0x80 ||
    byte === 0x85 ||
    (byte >= 0x91 && byte <= 0x97) ||
    byte === 0x99 ||
    [0xa0, 0xa3, 0xa7, 0xa9, 0xab, 0xad, 0xae, 0xb0, 0xb4, 0xb7, 0xbb, 0xbc, 0xbd, 0xbe].includes(byte)
  );
}

/** Signs, and letters of Icelandic, where other encodings have common letters. */
const RARE = [0xd0, 0xd7, 0xdd, 0xde, 0xf0, 0xf7, 0xfd, 0xfe, 0xff];

/** A small letter beside a letter ("café", "naïve"), or a capital that opens a word ("École"). */
function fitsLetter(byte: number, before: number, after: number): boolean {
  const isLetter = (code: number) => /[a-z]/i.test(String.fromCharCode(code));
  if (RARE.includes(byte)) return false;
  if (byte >= 0xdf) return isLetter(before) || isLetter(after);
  return byte >= 0xc0 && !isLetter(before) && isLetter(after);
}

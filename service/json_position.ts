/**
 * Where a text stops being JSON (RFC 8259), for a helpful error message: JSON.parse gives the position in some of its
 * messages only, and quotes the text in others.
 */
import { RequestError } from './request.ts';

/** The error for a body that JSON.parse rejects. */
export function invalidJson(body: string): RequestError {
  const offset = jsonErrorOffset(body);
  const before = body.slice(0, offset);
  let line = 1;
  for (let at = before.indexOf('\n'); at >= 0; at = before.indexOf('\n', at + 1)) line++;
  const column = offset - before.lastIndexOf('\n');
  const what =
    offset < body.length
      ? `${JSON.stringify(String.fromCodePoint(body.codePointAt(offset) ?? 0))} is unexpected at line ${line}, column ${column}`
      : body.trim() === ''
        ? 'it is empty'
        : `it ends too early, at line ${line}, column ${column}`;
  return new RequestError(400, 'JSON_INVALID', `the body is not valid JSON: ${what}`, { next: 'send {"text": "..."}' });
}

type Want = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or end';

/** UTF-16 offset of the first character that cannot be part of JSON there; the length if the text ends too early; -1 for valid JSON. */
export function jsonErrorOffset(text: string): number {
  const open: ('[' | '{')[] = [];
  let want: Want = 'value';
  let at = 0;
  for (;;) {
    while (isSpace(text[at])) at++;
    const char = text[at];
    const closes: boolean =
      (char === ']' && open.at(-1) === '[' && (want === 'value or ]' || want === ', or end')) ||
      (char === '}' && open.at(-1) === '{' && (want === 'key or }' || want === ', or end'));
    if (closes) {
      open.pop();
      want = ', or end';
      at++;
    } else if (want === ', or end') {
      if (open.length === 0) return at < text.length ? at : -1;
      if (char !== ',') return at;
      want = open.at(-1) === '[' ? 'value' : 'key';
      at++;
    } else if (want === ':') {
      if (char !== ':') return at;
      want = 'value';
      at++;
    } else if (want === 'key' || want === 'key or }') {
      const string = scanString(text, at);
      if (!string.whole) return string.at;
      want = ':';
      at = string.at;
    } else if (char === '[' || char === '{') {
      open.push(char);
      want = char === '[' ? 'value or ]' : 'key or }';
      at++;
    } else {
      const scalar = char === '"' ? scanString(text, at) : scanWord(text, at);
      if (!scalar.whole) return scalar.at;
      want = ', or end';
      at = scalar.at;
    }
  }
}

/** `at` is the end of the token if it is complete, else the position of the error. */
type Scan = { whole: boolean; at: number };

function scanString(text: string, start: number): Scan {
  if (text[start] !== '"') return { whole: false, at: start };
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at];
    if (char === '"') return { whole: true, at: at + 1 };
    if (char < ' ') return { whole: false, at };
    if (char !== '\\') continue;
    at++;
    if (text[at] === 'u') {
      for (let digits = 0; digits < 4; digits++) {
        at++;
        if (!/^[\da-f]$/i.test(text[at] ?? '')) return { whole: false, at };
      }
    } else if (!'"\\/bfnrt'.includes(text[at] ?? '?')) {
      return { whole: false, at };
    }
  }
  return { whole: false, at: text.length };
}

function scanWord(text: string, start: number): Scan {
  const literal = { t: 'true', f: 'false', n: 'null' }[text[start]];
  if (literal) {
    let length = 0;
    while (length < literal.length && text[start + length] === literal[length]) length++;
    return { whole: length === literal.length, at: start + length };
  }
  let at = start;
  const digits = () => {
    const from = at;
    while (text[at] >= '0' && text[at] <= '9') at++;
    return at > from;
  };
  if (text[at] === '-') at++;
  if (text[at] === '0') at++;
  else if (!digits()) return { whole: false, at };
  if (text[at] === '.') {
    at++;
    if (!digits()) return { whole: false, at };
  }
  if (text[at] === 'e' || text[at] === 'E') {
    at++;
    if (text[at] === '+' || text[at] === '-') at++;
    if (!digits()) return { whole: false, at };
  }
  return { whole: true, at };
}

function isSpace(char: string | undefined): boolean {
  return char === ' ' || char === '\n' || char === '\r' || char === '\t';
}

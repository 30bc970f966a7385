/**
 * How much JSON a body may be, beside its bytes. JSON.parse takes up to 60 bytes of memory for one of a body of nothing but brackets
 * and commas, so a large body is looked through before it is parsed.
 */
import { RequestError } from './request.ts';

const MOST_LEVELS = 100;
/** Commas outside of strings: twice as many as texts may be asked for (MAX_BATCH_SIZE). */
const MOST_VALUES = 20_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/** Throws RequestError 422. Whether it is valid JSON is left to JSON.parse. */
export function checkExtent(json: string): void {
  let levels = 0;
  let values = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(json, at);
      if (at < 0) return;
      // The bit 32 is all that tells [ from {, and ] from }.
    } else if ((code | 32) === 0x7b) {
      if (++levels > MOST_LEVELS) throw tooMuch(`has more than ${MOST_LEVELS} levels`);
    } else if ((code | 32) === 0x7d) levels--;
    else if (code === COMMA && ++values > MOST_VALUES) throw tooMuch(`has more than ${MOST_VALUES} values`);
  }
}

/** Where the string that begins at `at` has its closing quote; -1 if it has none. */
function stringEnd(json: string, at: number): number {
  for (let end = json.indexOf('"', at + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let from = end;
    while (json.charCodeAt(from - 1) === BACKSLASH) from--;
    if ((end - from) % 2 === 0) return end;
  }
  return -1;
}

function tooMuch(what: string): RequestError {
  return new RequestError(422, 'JSON_TOO_LARGE', `the body ${what}`, {
    next: 'send only the fields that the API describes, and fewer texts per request',
  });
}

/**
 * Prepares a text for the tokenizer by the rules of rules.ts, then lowers the case.
 *
 * data_preprocessing and the service run the same function; the artifact holds its settings. It never throws: lone
 * surrogates become U+FFFD. Its time is linear in the length of any text.
 */
import { Letters } from './letters.ts';
import { type Rule, Rules, type Tracked, trackRule } from './rule.ts';
import { type NormalizeSettings, rulesOf } from './rules.ts';
import { showsSign } from './signs.ts';

export type Normalizer = (text: string) => string;

export function createNormalizer(settings: NormalizeSettings): Normalizer {
  const { lowercase } = settings;
  const rules = new Rules(rulesOf(settings));
  return (text) => {
    const result = rules.apply(text);
    return lowercase ? result.toLowerCase() : result;
  };
}

/** A normalised text as codes, and whether it shows a sign. The next call reuses it. */
export type Reader = (text: string) => { letters: Letters; hasSign: boolean };

/** Does what a normalizer does, without making a string of a text of ASCII alone that no rule changes. */
export function createReader(settings: NormalizeSettings): Reader {
  const normalize = createNormalizer(settings);
  const rules = new Rules(rulesOf(settings));
  const letters = new Letters();
  const read = { letters, hasSign: false };
  return (text) => {
    letters.read(text);
    const isPlain = rules.leaves(letters) && (settings.lowercase ? lower(letters) : isAscii(letters));
    read.hasSign = false;
    if (isPlain) return read;
    const normalized = normalize(text);
    letters.read(normalized);
    read.hasSign = showsSign(normalized);
    return read;
  };
}

/** Writes the small letters of ASCII in place of the capitals. Returns whether the text is of ASCII alone. */
function lower({ codes, length }: Letters): boolean {
  let all = 0;
  for (let i = 0; i < length; i++) {
    const code = codes[i];
    all |= code;
    // The sign bit of both differences is set for capitals alone; 32 is the case of a letter.
    codes[i] = code | ((((code - 91) & (64 - code)) >>> 26) & 32);
  }
  return all < 128;
}

function isAscii({ codes, length }: Letters): boolean {
  let all = 0;
  for (let i = 0; i < length; i++) all |= codes[i];
  return all < 128;
}

/** Normalises a text and says where each letter comes from; undefined in the rare text where that is not known. */
export type Tracker = (text: string) => Tracked | undefined;

export function createTracker(settings: NormalizeSettings): Tracker {
  const rules = new Rules(rulesOf(settings));
  return (text) => {
    const tracked = rules.track(text);
    return tracked && settings.lowercase ? inLowerCase(tracked) : tracked;
  };
}

/** The dotted capital I is the only letter whose small form is longer. */
const dottedI: Rule = { trigger: /\u0130/, pattern: /\u0130/g, replace: 'i\u0307' };

function inLowerCase(given: Tracked): Tracked | undefined {
  const tracked = trackRule(dottedI, given);
  const text = tracked?.text.toLowerCase();
  return tracked && text?.length === tracked.text.length ? { ...tracked, text } : undefined;
}

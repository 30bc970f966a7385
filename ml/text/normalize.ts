/**
 * Prepares a text for the tokenizer by the rules of rules.ts, then lowers the case.
 *
 * data_preprocessing and the service run the same function; the artifact holds its settings. It never throws: lone
 * surrogates become U+FFFD. Its time is linear in the length of any text.
 */
import { type Rule, Rules, type Tracked, trackRule } from './rule.ts';
import { type NormalizeSettings, rulesOf } from './rules.ts';

export type Normalizer = (text: string) => string;

export function createNormalizer(settings: NormalizeSettings): Normalizer {
  const { lowercase } = settings;
  const rules = new Rules(rulesOf(settings));
  return (text) => {
    const result = rules.apply(text);
    return lowercase ? result.toLowerCase() : result;
  };
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

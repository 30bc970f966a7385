/**
 * Prepares a text for the tokenizer: entities decoded, tags removed, one Unicode form, plain quotes, lower case.
 *
 * data_preprocessing and the service run the same function; the artifact holds its settings. It never throws: lone
 * surrogates become U+FFFD. Its time is linear in the length of any text.
 */
import { decodeHTML } from 'entities';
import { cutMarks } from './marks.ts';

export type NormalizeSettings = {
  lowercase: boolean;
  /** Decode HTML entities, including those encoded twice (`&amp;amp;`). */
  decode_entities: boolean;
  /** Replace HTML tags with a space. */
  strip_tags: boolean;
  /** Unicode Standard Annex 15; NFKC also unifies ligatures, full-width letters and the ellipsis. */
  unicode_form: 'NFC' | 'NFKC' | 'none';
};

export type Normalizer = (text: string) => string;

const NEEDS_WORK = /[&<\u0080-\uffff]/;
// A < with no > within 300 characters does not start a tag.
const TAG = /<\/?[a-z!][^<>]{0,300}>/gi;
const SINGLE_QUOTES = /[\u2018\u2019\u201b\u02bc\uff07`\u00b4]/g;
const DOUBLE_QUOTES = /[\u201c\u201d\u201e\u201f\u00ab\u00bb]/g;

export function createNormalizer(settings: NormalizeSettings): Normalizer {
  const { lowercase, decode_entities, strip_tags, unicode_form } = settings;
  return (text) => {
    let result = text;
    if (NEEDS_WORK.test(text)) {
      result = result.toWellFormed();
      if (decode_entities && result.includes('&')) result = decodeTwice(result);
      if (strip_tags && result.includes('<')) result = result.replace(TAG, ' ');
      // Quotes first: NFKC would split the acute accent into a space and a combining mark.
      result = result.replace(SINGLE_QUOTES, "'").replace(DOUBLE_QUOTES, '"');
      if (unicode_form !== 'none') result = cutMarks(result).normalize(unicode_form);
    }
    return lowercase ? result.toLowerCase() : result;
  };
}

function decodeTwice(text: string): string {
  const once = decodeHTML(text);
  // A numeric entity can encode a lone surrogate.
  return (once.includes('&') ? decodeHTML(once) : once).toWellFormed();
}

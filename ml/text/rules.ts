/**
 * The table of rules that prepare a text, in the order in which they apply.
 *
 * A text and its disguised twin must give the same tokens; rules.test.ts has examples for each rule. A rule that belongs to a
 * setting applies only if that is on. Version 1 is how models before versions read texts. They are still read that way.
 */
import { decodeHTML, decodeHTMLStrict } from 'entities';
import { emoticonRules } from './emoticons.ts';
import { repairEncoding } from './encoding_repair.ts';
import { cutMarks } from './marks.ts';
import type { Rule } from './rule.ts';
import { ADDRESS_MARK, ELONGATION_MARK, NAME_MARK } from './tokens.ts';

export type NormalizeSettings = {
  /** Version of the rules; undefined for a model of the time before versions, which was version 1. */
  rules?: 1 | 2;
  lowercase: boolean;
  /** Decode HTML entities, including those encoded twice (`&amp;amp;`). */
  decode_entities: boolean;
  /** Replace HTML tags with a space. */
  strip_tags: boolean;
  /** Unicode Standard Annex 15; NFKC also unifies ligatures, full-width letters and the ellipsis. */
  unicode_form: 'NFC' | 'NFKC' | 'none';
  // The rest has no effect in version 1.
  /** Read `\n`, `\t` and `\"` as line end, tab and quote. */
  written_out?: boolean;
  /** Repair text that was encoded as UTF-8 twice, where that is certain. */
  repair_encoding?: boolean;
  /** Make one token of an address or of the name of an account. */
  addresses?: boolean;
  /** Make a token of an emoticon, that of its emoji. */
  emoticons?: boolean;
  /** Split hashtags at capitals. */
  hashtags?: boolean;
  /** Fold elongated words, with a mark. */
  elongation?: boolean;
};

/** Lone surrogates, which no encoding can write. */
const loneSurrogates: Rule = {
  trigger: /[\ud800-\udfff]/,
  pattern: /\p{Cs}/gu,
  replace: '\ufffd',
  apply: (text) => text.toWellFormed(),
};

/** Exports of tables write line ends and quotes so. Off by default: in other texts a backslash is a backslash. */
const WRITTEN_OUT: Record<string, string> = { n: '\n', r: '\n', t: '\t' };
const writtenOut: Rule = {
  trigger: /\\/,
  pattern: /\\(?:[nrt"'\\/]|u[\dA-Fa-f]{4})/g,
  replace: (written) =>
    written.length > 2
      ? String.fromCharCode(Number.parseInt(written.slice(2), 16))
      : (WRITTEN_OUT[written[1]] ?? written[1]),
};

/**
 * An entity ends with a semicolon. Without it, numbers and a few names count: those that begin no word (&nbsp, &eacute), and
 * &amp &lt &gt &quot before what is no letter. "funny&not dull" has none.
 */
const entities: Rule = {
  trigger: /&/,
  pattern:
    /&(?:#(?:\d{1,7}|x[\da-f]{1,6});?|[a-z][a-z\d]{1,31};|nbsp|[a-z](?:acute|grave|circ|uml|tilde|cedil|ring|slash)|(?:amp|lt|gt|quot)(?![a-z]))/gi,
  // A number can encode a lone surrogate.
  replace: (entity) => (entity.endsWith(';') ? decodeHTMLStrict(entity) : decodeHTML(entity)).toWellFormed(),
};

const windows1252 = new TextDecoder('windows-1252');

/** Controls from 80 to 9F are what Latin-1 makes of the quotes and dashes of windows-1252. */
const windowsSigns: Rule = {
  trigger: /[\x80-\x9f]/,
  pattern: /[\x80-\x9f]/g,
  replace: (code) => windows1252.decode(new Uint8Array([code.charCodeAt(0)])),
};

/** Databases and programs write out "isn't" as "isn\'t". No other text has a backslash within a word before an apostrophe. */
const escapedApostrophes: Rule = {
  trigger: /\\/,
  pattern: /(?<=[a-zA-Z])\\{1,2}(?=['\u2019][a-zA-Z])/g,
  replace: '',
};

/** An apostrophe that no encoding could read, in "isn?t" and the like. */
const lostApostrophes: Rule = {
  trigger: /[?\ufffd\xc6\xd5]/,
  // ASCII alone: V8 takes 9 ms to compile the same for letters of any case and script.
  pattern: /(?<=[nN])[?\ufffd\xc6\xd5](?=[tT](?![a-zA-Z]))|(?<=[a-zA-Z])\ufffd(?=(?:[sdm]|[rv]e|ll)(?![a-zA-Z]))/g,
  replace: "'",
};

/** A digit in a box is a digit. */
const keycaps: Rule = { trigger: /\u20e3/, pattern: /[0-9#*]\ufe0f?\u20e3/g, replace: ([digit]) => ` ${digit} ` };

/** Skin tones do not change what an emoji says. */
const skinTones: Rule = {
  trigger: /\ud83c/,
  pattern: /(?<=\p{Extended_Pictographic}\ufe0f?)[\u{1f3fb}-\u{1f3ff}]/gu,
  replace: '',
};

/**
 * Removes what nobody sees: zero-width and soft characters, variation selectors, bidi marks, controls. A joiner between two
 * emoji is part of them.
 */
const invisible: Rule = {
  trigger: /(?!\s)\p{Cc}|[\p{Default_Ignorable_Code_Point}\ud82f\ud834\udb40-\udb43]/u,
  pattern: /(?:(?!\s)\p{Cc}|\p{Default_Ignorable_Code_Point})+/gu,
  replace: (run, at, text) =>
    run.includes('\u200d') &&
    EMOJI_END.test(text.slice(Math.max(0, at - 2), at)) &&
    EMOJI_START.test(text.slice(at + run.length, at + run.length + 2))
      ? '\u200d'
      : '',
};
const EMOJI_END = /\p{Extended_Pictographic}$/u;
const EMOJI_START = /^\p{Extended_Pictographic}/u;

// HTML Living Standard, section "Index of elements", and those of HTML 4.
const ELEMENTS =
  'a abbr acronym address applet area article aside audio b base basefont bdi bdo big blink blockquote body br button canvas ' +
  'caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed fieldset figcaption ' +
  'figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label ' +
  'legend li link main map mark marquee menu meta meter nav nobr noframes noscript object ol optgroup option output p param ' +
  'picture pre progress q rp rt ruby s samp script search section select slot small source span strike strong style sub ' +
  'summary sup svg table tbody td template textarea tfoot th thead time title tr track tt u ul var video wbr';

/** Only elements of HTML are tags: "<3", "<...>" and "<a lot of people>" are text. Attributes have a value. */
const tags: Rule = {
  trigger: /</,
  pattern: new RegExp(
    `<(?:/?(?:${ELEMENTS.replaceAll(' ', '|')})(?:\\s[^<>=]{0,100}=[^<>]{0,300}|\\s{0,20}/?)|!(?:--|doctype)[^<>]{0,300})>`,
    'gi',
  ),
  replace: ' ',
};

/** All signs that are drawn as an apostrophe or a quote. Before the Unicode form, which would split the acute accent. */
const apostrophes: Rule = {
  trigger:
    /[\u0060\u00b4\u02b9\u02bb-\u02bd\u02c8\u02ca\u02cb\u055a\u05f3\u07f4\u07f5\u1fbd\u1fbf\u1fef\u1ffd\u1ffe\u2018\u2019\u201b\u2032\u2035\u275b\u275c\ua78c\uff07\uff40]/,
  pattern:
    /[\u0060\u00b4\u02b9\u02bb-\u02bd\u02c8\u02ca\u02cb\u055a\u05f3\u07f4\u07f5\u1fbd\u1fbf\u1fef\u1ffd\u1ffe\u2018\u2019\u201b\u2032\u2035\u275b\u275c\ua78c\uff07\uff40]/g,
  replace: "'",
};
const quotes: Rule = {
  trigger: /[\u00ab\u00bb\u02ba\u02ee\u05f4\u201c-\u201f\u2033\u2036\u2039\u203a\u275d\u275e\u301d-\u301f\uff02]/,
  pattern: /[\u00ab\u00bb\u02ba\u02ee\u05f4\u201c-\u201f\u2033\u2036\u2039\u203a\u275d\u275e\u301d-\u301f\uff02]/g,
  replace: '"',
};

/** NFKC writes signs such as ™ and ① as letters. They must not join the next word. */
const letterSigns: Rule = {
  trigger: /[\p{So}\p{No}\ud83c]/u,
  pattern: /[\p{So}\p{No}]/gu,
  replace: (sign) => {
    const form = sign.normalize('NFKC');
    return form !== sign && /[\p{L}\p{N}]/u.test(form) ? ` ${form} ` : sign;
  },
};

/** A letter with what may compose with it: marks, and after Hangul its vowels and finals in all their forms. */
const COMPOSED =
  /[\s\S](?:[\p{M}\uff9e\uff9f]|(?<=\p{Script=Hangul})[\u1160-\u11ff\u3131-\u318e\ud7b0-\ud7fb\uffa0-\uffdc])*/gu;

function unicodeForm(form: 'NFC' | 'NFKC'): Rule {
  const forms = new Map<string, string>();
  return {
    trigger: /[^\0-\x7f]/,
    pattern: COMPOSED,
    replace: (letter) => {
      let result = forms.get(letter);
      if (result === undefined) {
        result = cutMarks(letter).normalize(form);
        if (forms.size >= 10_000) forms.clear();
        forms.set(letter, result);
      }
      return result;
    },
    apply: (text) => cutMarks(text).normalize(form),
  };
}

/** Hebrew and Arabic are written with and without vowel points; the tatweel stretches a word. Strokes and lines decorate one. */
const decorations: Rule = {
  trigger: /[\u0305\u0332-\u0338\u033f\u0591-\u06ed]/,
  pattern:
    /[\u0305\u0332-\u0338\u033f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed]+/g,
  replace: '',
};

/** One token each, whoever and wherever it is, as in TweetEval (Barbieri et al. 2020): a model should not learn names. */
const pages: Rule = {
  trigger: /:/,
  runs: true,
  pattern: /(?<![\p{L}\p{N}])(?:https?:\/\/|www\.)[!#-;=?-~]*[\w#$%&*+\-/=@^|~]/giu,
  replace: ADDRESS_MARK,
};
const mailboxes: Rule = {
  trigger: /@/,
  pattern: /(?<![\w.+-])[\w.+-]+@[a-z\d-]+(?:\.[a-z\d-]+)+/gi,
  replace: ADDRESS_MARK,
};
const names: Rule = { trigger: /@/, pattern: /(?<![\p{L}\p{N}_@.])@\w{1,30}(?![\w@])/gu, replace: NAME_MARK };

/** "#NotGood" are two words. */
const hashtags: Rule = {
  trigger: /#/,
  pattern: /(?<![\p{L}\p{N}&/])#[\p{L}\p{N}_]+/gu,
  replace: (tag) =>
    tag.replace(/(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})|(?<=\p{L})(?=\p{N})|_/gu, ' '),
};

// A run of letters of an elongated word stands for one, except in these words. They are the common ones of the embedded corpora, and those that
// people elongate.
const DOUBLED =
  'all aww beer better boo book call coffee cool creepy deep drool excellent eww fall feel feeling food free full funny ' +
  'gee giggle good goofy green happy hell hello hmm horrible hurray keep kill less little look looking mess miss need ' +
  'off ooh oops pretty really room school see seems sell silly sleep sleepy smell soon sorry street sweet tell ' +
  'terrible too unless usually weekend well will witty woo woohoo yummy';
const DOUBLED_BY_SINGLE = new Map(DOUBLED.split(' ').map((word) => [word.replace(/(.)\1/g, '$1'), word]));

const LONGEST = 32;
const LETTER = /\p{L}/u;

function folded(match: string, at: number, text: string): string {
  let start = at;
  while (start > 0 && at - start < LONGEST && LETTER.test(text[start - 1])) start--;
  const head = text.slice(start, at);
  const word = head + match;
  // "mmm", "AAA" and the numbers "iii" and "XIII" are written so.
  if (/^(.)\1*$/iu.test(word) || /^[ivx]+$/i.test(word)) return match;
  const single = match.replace(/(.)\1{2,}/giu, '$1');
  const doubled = DOUBLED_BY_SINGLE.get((head + single).toLowerCase());
  // The letters before the first run stay as they are.
  const short = doubled?.startsWith(head.toLowerCase()) ? doubled.slice(head.length) : single;
  return `${short} ${ELONGATION_MARK} `;
}

/** "soooo" becomes "so 〰", so that the word is known and its emphasis is a token of its own. */
const elongation: Rule = {
  trigger: /[^\s\S]/,
  runs: true,
  // From the first run to the end of the word. Han, kana and Thai repeat letters in ordinary words.
  pattern: /(?![\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Thai}\p{scx=Lao}])(\p{L})\1{2,}\p{L}*/giu,
  replace: folded,
};

function versionTwo(settings: NormalizeSettings): Rule[] {
  const {
    decode_entities,
    strip_tags,
    unicode_form,
    written_out,
    repair_encoding,
    addresses,
    hashtags: split,
  } = settings;
  const rules = (isOn: boolean | undefined, ...list: Rule[]) => (isOn ? list : []);
  return [
    ...rules(written_out, writtenOut),
    loneSurrogates,
    // Twice, since entities and encodings are often encoded twice.
    ...rules(decode_entities, entities, entities),
    ...rules(repair_encoding, repairEncoding, repairEncoding, windowsSigns, lostApostrophes, escapedApostrophes),
    keycaps,
    skinTones,
    invisible,
    ...rules(strip_tags, tags),
    apostrophes,
    quotes,
    ...(unicode_form === 'NFKC' ? [letterSigns] : []),
    ...(unicode_form === 'none' ? [] : [unicodeForm(unicode_form)]),
    decorations,
    ...rules(addresses, pages, mailboxes, names),
    ...rules(settings.emoticons, ...emoticonRules),
    ...rules(split, hashtags),
    ...rules(settings.elongation, elongation),
  ];
}

function decodeTwice(text: string): string {
  const once = decodeHTML(text);
  return (once.includes('&') ? decodeHTML(once) : once).toWellFormed();
}

function versionOne({ decode_entities, strip_tags, unicode_form }: NormalizeSettings): Rule[] {
  const entitiesOfBrowsers: Rule = {
    trigger: /&/,
    pattern: /&(?:amp;){0,2}#?[a-z0-9]{1,31};?/gi,
    replace: decodeTwice,
    apply: decodeTwice,
  };
  const anyTags: Rule = { trigger: /</, pattern: /<\/?[a-z!][^<>]{0,300}>/gi, replace: ' ' };
  const single = /[\u2018\u2019\u201b\u02bc\uff07`\u00b4]/g;
  const double = /[\u201c\u201d\u201e\u201f\u00ab\u00bb]/g;
  return [
    loneSurrogates,
    ...(decode_entities ? [entitiesOfBrowsers] : []),
    ...(strip_tags ? [anyTags] : []),
    // A backtick in a text of ASCII alone stayed, unless there was an entity or a tag.
    { trigger: /[&<\u0080-\uffff]/, pattern: single, replace: "'" },
    { trigger: /[^\0-\x7f]/, pattern: double, replace: '"' },
    ...(unicode_form === 'none' ? [] : [unicodeForm(unicode_form)]),
  ];
}

export function rulesOf(settings: NormalizeSettings): Rule[] {
  return settings.rules === 2 ? versionTwo(settings) : versionOne(settings);
}

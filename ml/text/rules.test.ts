import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { paramsSchema } from '../params.ts';
import { createAnalyzer } from './analyzer.ts';
import { createNormalizer, createTracker } from './normalize.ts';
import type { NormalizeSettings } from './rules.ts';

const { data_preprocessing: settings, feature_engineering } = paramsSchema.parse({});
const analyze = createAnalyzer({ ...feature_engineering, contrast_weight: 1, negation_weight: 1 });

/** The tokens, with a minus sign under a negation. */
function tokensOf(text: string, changed: Partial<NormalizeSettings> = {}): string[] {
  const tokens = analyze(createNormalizer({ ...settings, ...changed })(text));
  return Array.from({ length: tokens.count }, (_, i) => (tokens.weights[i] < 0 ? '-' : '') + tokens.word(i));
}

/** [what, a text, its disguised twins] */
const twins: [string, string, string[]][] = [
  [
    'nothing invisible',
    'not good',
    ['n\u200bot good', 'n\u200co\u200dt good', 'not\u2060 go\ufeffod', 'no\u00adt good'],
  ],
  ['bidi marks', 'not good', ['\u202enot\u202c good', '\u200enot\u200f good', '\u2066not\u2069 good']],
  ['controls', 'not good', ['n\0ot good', 'no\u0008t\u007f good']],
  ['variation selectors', '❤ not good', ['❤️not good', '❤\ufe0e not good', '❤️ n\u{e0100}ot good']],
  ['skin tones', '👍 good', ['👍🏽good', '👍🏿 good']],
  ['joined emoji', '👨‍👩‍👧 good', ['👨🏻‍👩🏽‍👧good', '👨‍👩‍👧\u200d good']],
  ['emoji beside words', 'not 😀 good', ['not😀good', 'not 😀good', 'not\u200b😀 good']],
  ['keycaps', '1 good', ['1️⃣good', '1\u20e3 good']],
  ['flags', '🇺🇸 not good', ['🇺🇸not good']],
  [
    'apostrophes',
    "isn't good",
    ['isn’t good', 'isn′t good', 'isnʼt good', 'isn´t good', 'isn`t good', 'isn＇t good', 'isn‛t good'],
  ],
  ['quotes', '"not" good', ['“not” good', '«not» good', '„not‟ good', '″not″ good']],
  [
    'entities',
    'funny & not dull',
    ['funny &amp; not dull', 'funny &amp;amp; not dull', 'funny&amp;not dull', 'funny&not dull'],
  ],
  [
    'legacy entities',
    'good <3 not bad',
    ['good &lt3 not bad', 'good&nbsp<3&nbspnot bad', 'good &lt;3&#32;n&shy;ot bad', 'good &lt;3&#32not bad'],
  ],
  [
    'encoded apostrophes',
    "don't",
    ['don&#39;t', 'don&#39t', 'don&#x27;t', 'don&rsquo;t', 'don&amp;#8217;t', 'don&#146;t', 'don\u0092t'],
  ],
  [
    'tags',
    'good not bad',
    ['good<br/>not bad', '<p class="x">good</p><b>not</b> bad', 'good <!-- x --> not bad', 'good<BR>not bad'],
  ],
  ['text in angles', 'good not bad', ['<good> not bad', 'good <not> bad', '<...> good not bad']],
  ['letters in other forms', 'not good', ['ｎｏｔ　ｇｏｏｄ', '𝐧𝐨𝐭 𝑔𝑜𝑜𝑑', 'not\u00a0good', 'NOT Good']],
  ['signs that become letters', 'brand tm not 1 good', ['brand™not①good']],
  [
    'text encoded twice',
    "it isn't a café 😀",
    ['it isnâ€™t a cafÃ© ðŸ˜€', 'it isn‚Äôt a caf√© 😀', 'it isnÃ¢â‚¬â„¢t a cafÃ© 😀'],
  ],
  [
    'addresses',
    'see www.example.org not good',
    ['see http://t.co/aB1?x=1&y=2#z not good', 'see me.too@example.co.uk not good', 'see HTTPS://x.y/z:/ not good'],
  ],
  ['names', '@bob not good', ['@alice_2 not good', '@I_am_happy not good']],
  ['hashtags', 'not good', ['#NotGood', '#not_good', '＃NotGood', '##Not #Good']],

  [
    'more elongated words',
    'sooo goood noooot',
    ['soooooo gooood noooooot', 'SOOO GOOOOD NOOOT', 'sOoOo goOoOod nooot'],
  ],
  [
    'smiles',
    'great 🙂',
    ['great :)', 'great :-)', 'great:)', 'great =)', 'great :]', 'great :)))', 'great (:', 'great ：）'],
  ],
  ['frowns', 'great ☹', ['great :(', 'great :-(', 'great:(', 'great ☹️', 'great :[', 'great ):', 'great :((']],
  ['tears', 'great 😢', ["great :'(", "great :'-(", 'great :’(', 'great :,(']],
  ['laughs', 'great 😄', ['great :D', 'great :-D', 'great:D', 'great =D', 'great :DDD']],
  ['hearts', 'I ❤ it', ['I <3 it', 'I ❤️ it', 'I &lt;3 it', 'I <333 it', 'I<3 it']],
  ['eastern emoticons', 'film 😭', ['film T_T', 'film (T_T)', 'film ;_;', 'film TT__TT', 'film ಥ_ಥ']],
  ['happy eyes', 'film 😊', ['film ^_^', 'film (^_^)', 'film ^^', 'film ^-^', 'film (◕‿◕)', 'film (´∀｀)']],
  ['postures', 'film 😡', ['film (╯°□°)╯', 'film (╯°□°）╯︵ ┻━┻', 'film (ノಠ益ಠ)ノ']],
  ['a shrug', 'film 🤷', ['film ¯\\_(ツ)_/¯']],
  ['despair', 'new phone 😩', ['new phone D:']],
  ['Hebrew and Arabic vowels', 'שלום محمد', ['שָׁלוֹם مُحَمَّد', 'שלום محـــمد']],
  ['underscores', 'not good', ['_not_ good', 'not_good']],
  ['lost apostrophes', "isn't it's", ['isn?t it\ufffds', 'isn\ufffdt it’s', 'isnÆt it&#39;s', 'isnÕt it\u0092s']],
  ['escaped apostrophes', "isn't it's", ["isn\\'t it\\'s", "isn\\\\'t it&#92;'s", 'isn\\’t it\\&#39;s']],
  ['accents without a semicolon', 'café naïve', ['caf&eacute na&iumlve', 'caf&eacute; na&iuml;ve', 'cafe\u0301 naïve']],
  ['accents encoded twice', 'voilà', ['voilÃ\u00a0']],
  ['strokes', 'not good', ['n\u0336o\u0336t\u0336 good', 'no\u0332t good']],
  ['faces in a row', 'film 😄😄', ['film :D:D', 'film :D :D']],
];

describe('a text and its disguised twin give the same tokens', () => {
  it.each(twins)('%s', (_, text, disguised) => {
    for (const twin of disguised) {
      expect(tokensOf(twin), twin).toEqual(tokensOf(text));
    }
  });

  const words = fc.constantFrom(
    'not',
    'good',
    "isn't",
    'dull',
    'café',
    '😀',
    'but',
    'funny,',
    '❤',
    'well.',
    "don't",
    '👍',
  );
  const inside = (signs: string[]) => (text: string, n: number) => {
    const letters = [...text];
    const at = n % (letters.length + 1);
    return letters.toSpliced(at, 0, signs[n % signs.length]).join('');
  };
  // In this order: a disguise of letters would break an entity.
  const disguises: Record<string, (text: string, n: number) => string> = {
    hides: inside(['\u200b', '\u00ad', '\u2060', '\u200e', '\u202c', '\ufeff', '\ufe0f', '\u{e0101}', '\u0007']),
    capitals: (text) => text.toUpperCase(),
    widens: (text) => text.replaceAll(/[a-z]/g, (char) => String.fromCharCode(char.charCodeAt(0) + 0xfee0)),
    tones: (text, n) => text.replaceAll('👍', `👍${['🏻', '🏽', '🏿', '\ufe0f'][n % 4]}`),
    glues: (text) => text.replaceAll(/ (?=[😀❤👍])|(?<=[😀❤👍]) /gu, ''),
    spells: (text, n) => text.replaceAll("'", ['’', '′', 'ʼ', '`', '&apos;', '&#39;', '&rsquo;', '‛'][n % 8]),
    spaces: (text, n) => text.replaceAll(' ', [' ', '\u00a0', '&nbsp;', '\u3000', '<br>', '\n', ' <i> '][n % 7]),
    encodesTwice: (text) =>
      /^[ -~é❤]*$/.test(text) ? new TextDecoder('windows-1252').decode(new TextEncoder().encode(text)) : text,
    encodes: (text) => text.replaceAll(/[^ -~]/gu, (char) => `&#${char.codePointAt(0)};`),
  };

  it('in any sentence, with any disguises one upon the other', () => {
    const numbers = fc.record(Object.fromEntries(Object.keys(disguises).map((name) => [name, fc.option(fc.nat())])));
    fc.assert(
      fc.property(fc.array(words, { maxLength: 8 }), numbers, (sentence, applied) => {
        const text = sentence.join(' ');
        const twin = Object.entries(applied).reduce(
          (result, [name, n]) => (n === null ? result : disguises[name](result, n)),
          text,
        );
        expect(tokensOf(twin)).toEqual(tokensOf(text));
      }),
      { numRuns: 1000 },
    );
  });
});

/** [what, a text, its tokens] */
const tokens: [string, string, string[]][] = [
  [
    'times, ratios and lists are no emoticons',
    'at 8:30, 3:(2) and 16:9; 8) x=3 a => b',
    ['at', '8', '30', '3', '2', 'and', '16', '9', '8', 'x', '3', 'a', 'b'],
  ],
  [
    'paths and colons before words are none',
    'C:\\dir a/b note:(see) Plan D: do (below:) :x:',
    ['c', 'dir', 'a', 'b', 'note', 'see', 'plan', 'd', 'do', 'below', 'x'],
  ],
  ['less-than signs are no hearts', 'a < b, 3 <4, <30 and <3.5', ['a', 'b', '3', '4', '30', 'and', '3', '5']],
  ['numbers and abbreviations are not elongated', 'Rocky III, XIII, AAA, mmm', ['rocky', 'iii', 'xiii', 'aaa', 'mmm']],
  ['an elongated word keeps a mark', 'soooo good', ['so', '〰', 'good']],
  [
    'common words keep their doubled letters',
    'goooood freeee cooool tooooo helllo',
    ['good', '〰', 'free', '〰', 'cool', '〰', 'too', '〰', 'hello', '〰'],
  ],
  [
    'a negation reaches over signs',
    'not sooo good, not @bob good',
    ['not', '-so', '〰', '-good', 'not', '👤', '-good'],
  ],
  ['an emoji keeps its sign and ends the clause', 'not good :) nice film', ['not', '-good', '🙂', 'nice', 'film']],
  [
    'hashtags are split at capitals and numbers',
    '#Top10Movies #COVID19 #ILoveIt',
    ['top', '10', 'movies', 'covid', '19', 'i', 'love', 'it'],
  ],
  [
    'Han, kana and Thai give pairs',
    '这部电影很好 iPhone很棒 ไม่ดี 好',
    ['这部', '部电', '电影', '影很', '很好', 'iphone', '很棒', 'ไม่', 'ม่ดี', '好'],
  ],
  ['an address ends where another script begins', 'http://t.co/abc很好', ['🔗', '很好']],
  ['long runs are cut', 'x1'.repeat(50), ['x1'.repeat(32), 'x1'.repeat(18)]],
  ['text beside a quoted capital is not encoded twice', 'CAFÉ™ “É” Beyoncé…” À', ['café', 'tm', 'é', 'beyoncé', 'à']],
  ['names of elements are words', '<a lot of people> <i think>', ['a', 'lot', 'of', 'people', 'i', 'think']],
];

describe('tokens', () => {
  it.each(tokens)('%s', (_, text, expected) => {
    expect(tokensOf(text)).toEqual(expected);
  });

  it('are read from written-out line ends and quotes if that is asked for', () => {
    const written = 'it was\\nnot good.\\n\\n\\"dull\\"\\tbad, isn\\u2019t it \\ud83d\\ude00';
    expect(tokensOf(written, { written_out: true })).toEqual(tokensOf('it was\nnot good.\n\n"dull"\tbad, isn’t it 😀'));
    expect(tokensOf(written)).toContain('nnot');
  });

  it.each([
    ['emoticons', ':)', []],
    ['hashtags', '#NotGood', ['notgood']],
    ['elongation', 'sooo', ['sooo']],
    ['addresses', '@bob', ['bob']],
    ['repair_encoding', 'cafÃ©', ['cafã', '©']],
    ['strip_tags', '<br>', ['br']],
    ['decode_entities', '&amp;', ['amp']],
  ] satisfies [keyof NormalizeSettings, string, string[]][])('are left alone without %s', (name, text, expected) => {
    expect(tokensOf(text, { [name]: false })).toEqual(expected);
  });
});

describe('positions', () => {
  const track = createTracker(settings);
  const normalize = createNormalizer(settings);

  it('lead to the text as given, for any text', () => {
    const parts = fc.constantFrom(
      ...twins.flatMap(([, text, disguised]) => [text, ...disguised]),
      'ﬁ',
      'İ',
      'ΑΣ',
      '\ud800',
    );
    const texts = fc.array(fc.oneof(parts, fc.string({ unit: 'grapheme', maxLength: 4 })), { maxLength: 6 });
    fc.assert(
      fc.property(texts, (given) => {
        const text = given.join(' ');
        const tracked = track(text)!;
        expect(tracked.text).toBe(normalize(text));
        for (let i = 0; i < tracked.text.length; i++) {
          expect(tracked.start[i]).toBeLessThan(tracked.end[i]);
          expect(tracked.end[i]).toBeLessThanOrEqual(text.length);
          if (i > 0) expect(tracked.start[i]).toBeGreaterThanOrEqual(tracked.start[i - 1]);
        }
      }),
    );
  });
});

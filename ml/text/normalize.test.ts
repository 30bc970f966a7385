import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { paramsSchema } from '../params.ts';
import { cutMarks } from './marks.ts';
import { createNormalizer, createReader } from './normalize.ts';
import { showsSign } from './signs.ts';

const { data_preprocessing: settings } = paramsSchema.parse({});
const normalize = createNormalizer(settings);

describe('the normalizer', () => {
  it.each([
    ['lowers the case', 'A GREAT Film', 'a great film'],
    ['decodes entities', 'rock &amp; roll &#39;n&#x27; soul', "rock & roll 'n' soul"],
    ['decodes entities that were encoded twice', 'AT&amp;amp;T', 'at&t'],
    ['replaces a tag with a space', 'good<br />bad', 'good bad'],
    ['leaves a lone less-than sign alone', 'a < b and 3 <4', 'a < b and 3 <4'],
    ['unifies apostrophes', 'it’s wasn‘t can´t don`t', "it's wasn't can't don't"],
    ['unifies double quotes', '“good”', '"good"'],
    ['unifies ligatures and full-width letters', 'ﬁne ＧＯＯＤ', 'fine good'],
    ['splits an ellipsis into dots', 'well…', 'well...'],
    ['composes letters with their marks', 'cafe\u0301', 'caf\u00e9'],
    ['replaces lone surrogates', 'a\ud800b\udc00', 'a\ufffdb\ufffd'],
    ['replaces lone surrogates that an entity encodes', '&#xd800;', '\ufffd'],
  ])('%s', (_, given, expected) => {
    expect(normalize(given)).toBe(expected);
  });

  it('does only what its settings ask for', () => {
    const off = createNormalizer({
      rules: 2,
      lowercase: false,
      decode_entities: false,
      strip_tags: false,
      unicode_form: 'none',
    });
    expect(off('A &amp; <b>ﬁ')).toBe('A &amp; <b>ﬁ');
  });

  it('gives a well-formed string for any string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(normalize(text).isWellFormed()).toBe(true);
      }),
    );
  });

  it('keeps the first 30 of a run of marks', () => {
    const marks = '\u0301\u0323\u{1d165}';
    expect(normalize(`q${marks.repeat(10)}s ok`)).toBe(`q${marks.repeat(10)}s ok`.normalize('NFKC'));
    expect(normalize(`q${marks.repeat(50)}s ok`)).toBe(`q${marks.repeat(10)}s ok`.normalize('NFKC'));
    expect(normalize(`q${'&#769;'.repeat(50)}`)).toBe(`q${'\u0301'.repeat(30)}`);
    expect(normalize(`\uff76${'\uff9e\u0301'.repeat(50)}`)).toBe(
      `\uff76${'\uff9e\u0301'.repeat(15)}`.normalize('NFKC'),
    );
  });

  it('changes no text whose runs of marks are ordinary', () => {
    const words = [
      'Tiếng Việt',
      'हिन्दी',
      'ภาษาไทยไม่มีช่องว่างระหว่างคำเลยจริงๆ',
      'שָׁלוֹם',
      'z̷̢̛̲͕͓̱͚̈́̄͆͐o',
      '中文'.repeat(20),
      'a'.repeat(99),
    ];
    const texts = fc.array(fc.oneof(fc.constantFrom(...words, ' '), fc.string({ unit: 'grapheme' })));
    fc.assert(fc.property(texts, (parts) => cutMarks(parts.join('-')) === parts.join('-')));
  });

  it('leaves unclosed tags alone, however many there are', () => {
    expect(normalize('<a'.repeat(100_000))).toBe('<a'.repeat(100_000));
  });
});

describe('the reader', () => {
  const words = [
    'Good',
    'sooo',
    'WWW.',
    '&amp;',
    '<b>',
    '@',
    '[\\]^_`{',
    'É',
    'ß',
    'İ',
    '😀',
    ':-)',
    '\u00a0',
    'x'.repeat(3000),
  ];
  const parts = fc.array(fc.oneof(fc.constantFrom(...words, ' '), fc.string(), fc.string({ unit: 'binary' })));

  it.each([
    ['by the rules of today', settings],
    ['by those of version 1', { ...settings, rules: 1 as const }],
    ['in the case as given', { ...settings, lowercase: false, unicode_form: 'none' as const }],
  ])('gives the letters of what the normalizer gives, %s', (_, given) => {
    const [read, write] = [createReader(given), createNormalizer(given)];
    fc.assert(
      fc.property(parts, (list) => {
        const text = list.join('');
        const { letters, hasSign } = read(text);
        expect(letters.toString()).toBe(write(text));
        expect(letters.codes[letters.length]).toBe(0);
        expect(hasSign).toBe(showsSign(write(text)));
      }),
    );
  });
});

/** No text takes more than linear time, so no request of a limited size can stop the service. */
import { beforeAll, expect, test } from 'vitest';
import { duplicateKey, nearDuplicateKey } from '../corpus/duplicates.ts';
import type { Review } from '../corpus/review.ts';
import { readParams } from '../params.ts';
import { trainModel } from '../training.ts';
import type { LinearTextModel } from './linear_text_model.ts';

const LENGTH = 50_000;
// A linear text takes 0.1 to 2 microseconds a character. Those that took quadratic time took 30 and more at this length.
const MOST_MICROSECONDS = 10 * LENGTH;

const repeat = (unit: string) => unit.repeat(Math.ceil(LENGTH / unit.length)).slice(0, LENGTH);

const texts: Record<string, string> = {
  'marks of two classes': `a${repeat('\u0301\u0323')}`,
  'marks of two classes after all of the first': `a${repeat('\u0301').slice(LENGTH / 2)}${repeat('\u0323')}`,
  'marks written as entities': `a${repeat('&#769;&#803;')}`,
  'marks beyond the basic plane': `a${repeat('\u{1d165}\u{1d16d}')}`,
  'half-width sound marks': `a${repeat('\uff9e\u0323')}`,
  'vowels of Hangul': repeat('\u1161'),
  'Hangul before words that change their form': `\u1100\u1161 ${repeat('x\ufb01 ')}`,
  'a final sigma before words that change their form': `\u0391\u03a3 ${repeat('x\ufb01 ')}`,
  'an encoded tag before words that change their form': `&lt;b&gt; ${repeat('x\ufb01 ')}`,
  'sigmas and marks': `${repeat('\u03a3').slice(LENGTH / 2)}${repeat('\u0301').slice(LENGTH / 2)}`,
  'unclosed tags': repeat('<a'),
  'long unclosed tags': repeat(`<${'a'.repeat(299)}`),
  'less-than signs': repeat('<'),
  'unclosed entities': repeat('&amp'),
  'an entity encoded over and over': `&${repeat('amp;')}`,
  'long names of entities': repeat('&CounterClockwiseContourIntegra'),
  'the digits of an entity': `&#${repeat('9')}`,
  'one letter': repeat('a'),
  quotes: repeat("'"),
  'curly quotes': repeat('\u2019'),
  'letters and quotes': repeat("a'"),
  contractions: repeat("isn't "),
  negations: repeat('not '),
  contrasts: repeat('but as '),
  'opening clauses without an end': repeat('although '),
  'opening clauses': repeat('although a, '),
  spaces: repeat(' '),
  'spaces that change their form': repeat('\u00a0'),
  'exclamation marks': repeat('!?'),
  'lone surrogates': repeat('\udc00'),
  emoji: repeat('\u{1f468}\u200d'),
  'joiners and selectors': `\u{1f468}${repeat('\u200d\ufe0f')}`,
  'text encoded twice': repeat('\xc3\xa2\xe2\u201a\xac\xe2\u201e\xa2'),
  'half of text encoded twice': repeat('\xc3\xe2\u20ac'),
  'elongated words': repeat('goooood '),
  'one elongated word': repeat('aaabbb'),
  emoticons: repeat(':-) '),
  'mouths without eyes': repeat('('),
  'eyes without a mouth': repeat(':-'),
  'brows and tears': repeat(">:'"),
  'halves of faces': repeat('(T_'),
  hashtags: repeat('#AbC'),
  'one hashtag': `#${repeat('Ab1_')}`,
  'names of accounts': repeat('@a'),
  'mailboxes without an end': repeat('a@b-'),
  'dots of a mailbox': `a@${repeat('b.')}`,
  'addresses without an end': `http://${repeat('.')}`,
  addresses: repeat('http://'),
  'tags with attributes': repeat('<a b=c '),
  'Han letters': repeat('\u6f22\u5b57'),
  'Thai marks': `\u0e01${repeat('\u0e34')}`,
  'written-out line ends': repeat('\\n'),
};

let model: LinearTextModel;
beforeAll(() => {
  const reviews: Review[] = Array.from({ length: 40 }, (_, i) => {
    const label = (i % 2) as 0 | 1;
    return { id: `${i}`, label, text: `a ${label ? 'good' : 'bad'} film, number ${i}` };
  });
  model = trainModel(reviews, readParams('ml/testdata/params.yaml'));
});

/** Processor time of one call, in microseconds. */
function timeOf(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

test.each(Object.entries(texts))('%s take linear time', (_, text) => {
  expect(timeOf(() => model.predict(text))).toBeLessThan(MOST_MICROSECONDS);
  expect(timeOf(() => model.explain(text))).toBeLessThan(MOST_MICROSECONDS);
  expect(timeOf(() => [duplicateKey(text), nearDuplicateKey(text)])).toBeLessThan(MOST_MICROSECONDS);
});

test('a word is found in the text as given, also after Hangul and half-width forms', () => {
  const text = '\u1100\u1161 \uff76\uff9e \u3131\u314f \ufb01lm';
  expect(model.explain(text).words.map((word) => word.text)).toEqual(text.split(' '));
});

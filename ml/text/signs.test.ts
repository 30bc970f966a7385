import { describe, expect, it } from 'vitest';
import { readParams } from '../params.ts';
import { createNormalizer } from './normalize.ts';
import { showsSign } from './signs.ts';

const normalize = createNormalizer(readParams('ml/testdata/params.yaml').data_preprocessing);

describe('a text shows a sign', () => {
  it.each([
    ['an emoji', 'we are back 😂'],
    ['an old emoji', 'it works ☹'],
    ['an emoticon', 'it works :)'],
    ['a drawn-out word', 'sooooo good'],
    ['a name', 'thank you @maria'],
    ['an address', 'see https://example.com/page'],
  ])('with %s', (_, text) => {
    expect(showsSign(normalize(text))).toBe(true);
  });

  it.each([
    ['plain words', 'it works'],
    ['quotes and dashes', '“It works” – he said… 3 € at 10 °C'],
    ['another script', 'это работает 很好'],
    ['nothing', ''],
  ])('and not with %s', (_, text) => {
    expect(showsSign(normalize(text))).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { createAnalyzer } from './analyzer.ts';
import type { EmphasisSettings } from './emphasis.ts';

/** `word:weight` for the tokens that do not weigh 1. */
function weighed(text: string, settings: Partial<EmphasisSettings>): string[] {
  const analyze = createAnalyzer({
    rules: 2,
    tokenizer: 'words',
    stemmer: 'none',
    stopwords: 'none',
    negation_scope: 0,
    negation_weight: 1,
    contrast_weight: 1,
    ...settings,
  });
  const tokens = analyze(text);
  return Array.from({ length: tokens.count }, (_, i) => `${tokens.word(i)}:${tokens.weights[i]}`).filter(
    (entry) => !entry.endsWith(':1'),
  );
}

describe('negation', () => {
  it.each([
    ['reaches the words after it', 'it is not a good film today', ['a:-1', 'good:-1', 'film:-1']],
    ["starts at n't", "it wasn't bad", ['bad:-1']],
    ['starts at a verb without its apostrophe', 'i didnt like it', ['like:-1', 'it:-1']],
    ['ends with the clause', 'not bad, good film', ['bad:-1']],
    ['ends with the sentence', 'not bad! good film', ['bad:-1', '!:-1']],
    ['ends at a contrast', 'not good but great', ['good:-1']],
    ['starts again at nor', 'neither funny nor clever', ['funny:-1', 'clever:-1']],
    ['ends at a word of lack', 'not without charm', []],
    ['is absent from a text without one', 'a good film', []],
  ])('%s', (_, text, expected) => {
    expect(weighed(text, { negation_scope: 3 })).toEqual(expected);
  });

  it('has the weight of its setting', () => {
    expect(weighed('not bad', { negation_scope: 1, negation_weight: 1.5 })).toEqual(['bad:-1.5']);
  });

  it('reaches as far as its scope', () => {
    expect(weighed('not a very good film', { negation_scope: 1 })).toEqual(['a:-1']);
    expect(weighed('not a very good film', { negation_scope: 0 })).toEqual([]);
  });
});

describe('a contrast', () => {
  it.each([
    ['weakens what precedes it', 'slow but good', ['slow:0.5']],
    ['leaves other sentences alone', 'a fine start. slow but good', ['slow:0.5']],
    [
      'does not take a point inside a word or number for an end',
      'u.s 2.5 but good',
      ['u:0.5', 's:0.5', '2:0.5', '5:0.5'],
    ],
    ['keeps what follows the last one', 'slow but good but long', ['slow:0.5', 'but:0.5', 'good:0.5']],
    ['weakens nothing at the start of a sentence', 'but good', []],
    ['weakens an opening clause up to its comma', 'although slow, it is good', ['although:0.5', 'slow:0.5']],
    ['leaves an opening without an end alone', 'while slow it is good', []],
    ['weakens an opening phrase', 'for all its wit, it is thin', ['for:0.5', 'all:0.5', 'its:0.5', 'wit:0.5']],
    ['leaves a concession at the end alone', 'good, though slow', []],
  ])('%s', (_, text, expected) => {
    expect(weighed(text, { contrast_weight: 0.5 })).toEqual(expected);
  });

  it('keeps the sign of a negation', () => {
    expect(weighed('not bad but slow', { contrast_weight: 0.5, negation_scope: 2 })).toEqual(['not:0.5', 'bad:-0.5']);
  });
});

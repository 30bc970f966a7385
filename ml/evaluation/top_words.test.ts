import { describe, expect, it } from 'vitest';
import type { Explanation } from '../model/types.ts';
import { predictionOf } from './testdata/toy_model.ts';
import { topWords } from './top_words.ts';

const push: Record<string, number> = { good: 1.5, fine: 0.5, bad: -1.5, dull: -1, '!': 9 };

/** Each word pushes by the table above; a shouted one twice as much. */
function explain(text: string): Explanation {
  const words = text.split(' ').map((word) => ({
    text: word,
    start: 0,
    end: 0,
    contribution: (push[word.toLowerCase()] ?? 0) * (word === word.toUpperCase() ? 2 : 1),
  }));
  return { ...predictionOf(0.5), bias: 0, words, knownShare: 1 };
}

const texts = ['good film !', 'bad film !', 'GOOD film', 'fine film', 'dull film', 'dull bad film'];

describe('topWords', () => {
  it('gives the mean contribution of each word, negative ones first', () => {
    expect(topWords({ explain }, texts, { leastUses: 1 })).toEqual([
      { word: 'bad', contribution: -1.5, count: 2 },
      { word: 'dull', contribution: -1, count: 2 },
      { word: 'fine', contribution: 0.5, count: 1 },
      { word: 'good', contribution: 2.25, count: 2 },
    ]);
  });

  it('leaves out rare words, and keeps to the limit on either side', () => {
    expect(topWords({ explain }, texts, { leastUses: 2, limit: 1 }).map(({ word }) => word)).toEqual(['bad', 'good']);
  });

  it('is empty where no word is used often enough', () => {
    expect(topWords({ explain }, texts)).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Review } from '../corpus/review.ts';
import type { Explanation } from '../model/types.ts';
import { sliceByQuartiles, sliceReviews, topWords, worstMistakes } from './findings.ts';
import { predictionOf } from './testdata/toy_model.ts';

describe('sliceByQuartiles', () => {
  it('splits the texts into four equal slices, each with its accuracy', () => {
    const values = Float64Array.of(8, 1, 7, 2, 6, 3, 5, 4);
    const scored = {
      labels: new Uint8Array(8).fill(1),
      probabilities: values.map((v) => (v <= 2 ? 0.9 : v / 20 + 0.2)),
    };
    expect(sliceByQuartiles('words', values, scored)).toEqual([
      { by: 'words', from: 1, to: 2, count: 2, accuracy: 1, accuracy_se: 0 },
      { by: 'words', from: 3, to: 4, count: 2, accuracy: 0, accuracy_se: 0 },
      { by: 'words', from: 5, to: 6, count: 2, accuracy: 0, accuracy_se: 0 },
      { by: 'words', from: 7, to: 8, count: 2, accuracy: 1, accuracy_se: 0 },
    ]);
  });

  it('keeps texts with the same value together', () => {
    const values = Float64Array.of(1, 5, 5, 5, 5, 5, 9, 9);
    const scored = { labels: new Uint8Array(8), probabilities: new Float64Array(8) };
    expect(sliceByQuartiles('words', values, scored).map(({ from, to, count }) => [from, to, count])).toEqual([
      [1, 5, 6],
      [9, 9, 2],
    ]);
  });

  it('makes one slice of a single text', () => {
    const scored = { labels: Uint8Array.of(1), probabilities: Float64Array.of(0.6) };
    expect(sliceByQuartiles('words', Float64Array.of(3), scored)).toHaveLength(1);
  });
});

describe('sliceReviews', () => {
  const scored = { labels: Uint8Array.of(1, 0), probabilities: Float64Array.of(0.6, 0.6) };
  const rated: Review[] = [
    { id: 'a', text: ' a fine   film ', label: 1, rating: 2 },
    { id: 'b', text: 'bad', label: 0, rating: -3 },
  ];

  it('slices by words and by strength of the rating', () => {
    expect(sliceReviews(rated, scored).map(({ by, from, accuracy }) => [by, from, accuracy])).toEqual([
      ['words', 1, 0],
      ['words', 3, 1],
      ['abs(rating)', 2, 1],
      ['abs(rating)', 3, 0],
    ]);
  });

  it('leaves ratings out if a review has none', () => {
    const partly = [rated[0], { ...rated[1], rating: undefined }];
    expect(sliceReviews(partly, scored).map(({ by }) => by)).toEqual(['words', 'words']);
  });
});

const reviews: Review[] = [
  { id: 'right', text: 'Good.', label: 1 },
  { id: 'unsure', text: 'Hm.', label: 1, rating: 0.5 },
  { id: 'sure', text: 'Great waste.', label: 0, rating: -2 },
];
const scored = { labels: Uint8Array.of(1, 1, 0), probabilities: Float64Array.of(0.9, 0.4, 0.95) };

const names = ['negative', 'positive'];

describe('worstMistakes', () => {
  it('lists wrong predictions, the most confident first', () => {
    expect(worstMistakes(reviews, scored, names)).toEqual([
      { id: 'sure', actual: 'negative', probability: 0.95, rating: -2, text: 'Great waste.' },
      { id: 'unsure', actual: 'positive', probability: 0.4, rating: 0.5, text: 'Hm.' },
    ]);
  });

  it('stops at the limit', () => {
    expect(worstMistakes(reviews, scored, names, 1).map(({ id }) => id)).toEqual(['sure']);
  });

  it('shortens a long text without splitting a character', () => {
    const long = [{ id: 'x', text: `${'a'.repeat(298)}\u{1f600}${'b'.repeat(50)}`, label: 1 as const }];
    const [{ text }] = worstMistakes(long, { labels: Uint8Array.of(1), probabilities: Float64Array.of(0.1) }, names);
    expect(text.isWellFormed()).toBe(true);
    expect(text).toHaveLength(300);
    expect(text.endsWith('…')).toBe(true);
  });
});

const push: Record<string, number> = { good: 1.5, fine: 0.5, bad: -1.5, dull: -1, '!': 9 };

/** Each word pushes by the table above; a shouted one twice as much. */
function explain(text: string): Explanation {
  const words = text.split(' ').map((word) => ({
    text: word,
    start: 0,
    end: 0,
    contribution: (push[word.toLowerCase()] ?? 0) * (word === word.toUpperCase() ? 2 : 1),
  }));
  return { ...predictionOf(0.5), towards: 1, bias: 0, words, knownShare: 1 };
}

const texts = ['good film !', 'bad film !', 'GOOD film', 'fine film', 'dull film', 'dull bad film'];

describe('topWords', () => {
  it('gives the mean contribution of each word, negative ones first', () => {
    expect(topWords({ explain, classes: names }, texts, { leastUses: 1 })).toEqual([
      { word: 'bad', contribution: -1.5, count: 2 },
      { word: 'dull', contribution: -1, count: 2 },
      { word: 'fine', contribution: 0.5, count: 1 },
      { word: 'good', contribution: 2.25, count: 2 },
    ]);
  });

  it('leaves out rare words, and keeps the limit for each class', () => {
    expect(topWords({ explain, classes: names }, texts, { leastUses: 2, limit: 1 }).map(({ word }) => word)).toEqual([
      'bad',
      'good',
    ]);
  });

  it('is empty if no word is used often enough', () => {
    expect(topWords({ explain, classes: names }, texts)).toEqual([]);
  });
});

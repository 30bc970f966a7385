import { describe, expect, it } from 'vitest';
import type { Review } from '../corpus/review.ts';
import { sliceByQuartiles, sliceReviews } from './slices.ts';

describe('sliceByQuartiles', () => {
  it('cuts the texts into four of equal size and says how many each has right', () => {
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

  it('keeps texts of one value together', () => {
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

  it('leaves ratings out where a review has none', () => {
    const partly = [rated[0], { ...rated[1], rating: undefined }];
    expect(sliceReviews(partly, scored).map(({ by }) => by)).toEqual(['words', 'words']);
  });
});

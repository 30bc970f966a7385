import { describe, expect, it } from 'vitest';
import type { Review } from '../corpus/review.ts';
import { classOf, scoreReviews } from './scored.ts';

const good: Review = { id: 'g', text: 'good', label: 1 };
const bad: Review = { id: 'b', text: 'bad', label: 0 };

describe('scoreReviews', () => {
  it('puts the probability of each text beside its label', () => {
    expect(scoreReviews([good, bad], (text) => text.length / 10)).toEqual({
      labels: Uint8Array.of(1, 0),
      probabilities: Float64Array.of(0.4, 0.3),
    });
  });

  it('refuses an empty set', () => {
    expect(() => scoreReviews([], () => 0.5)).toThrowError(expect.objectContaining({ code: 'NO_TEXTS', exitCode: 1 }));
  });

  it.each([
    ['positive', good],
    ['negative', bad],
  ])('refuses a set of only %s texts', (name, review) => {
    expect(() => scoreReviews([review, review], () => 0.5)).toThrowError(
      expect.objectContaining({ code: 'ONE_CLASS', message: `all 2 texts to evaluate on are ${name}` }),
    );
  });
});

it('classOf is positive above one half, as the model has it', () => {
  expect([classOf(0.5), classOf(0.5 + Number.EPSILON)]).toEqual([0, 1]);
});

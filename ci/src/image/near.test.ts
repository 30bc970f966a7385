import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editDistance, nearNames } from './near.ts';

test('the nearest comes first, and what is unlike is left out', () => {
  expect(nearNames('sentimnet', ['payments', 'sentiment-api', 'sentiment'])[0]).toBe('sentiment');
  expect(nearNames('sentiment', ['payments-gateway', 'zzz'])).toEqual([]);
});

test('the beginning of a commit finds the commit', () => {
  const commits = ['0123456789abcdef0123456789abcdef01234567', 'f00df00df00df00df00df00df00df00df00df00d'];
  expect(nearNames('0123456', commits)).toEqual([commits[0]]);
});

test('counts letters inserted, deleted and replaced', () => {
  expect(editDistance('kitten', 'sitting')).toBe(3);
  expect(editDistance('', 'abc')).toBe(3);
});

test('is a distance: zero to itself alone, the same both ways, no longer over a third', () => {
  const word = fc.stringMatching(/^[abc]{0,8}$/);
  fc.assert(
    fc.property(word, word, word, (a, b, c) => {
      expect(editDistance(a, b) === 0).toBe(a === b);
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
    }),
  );
});

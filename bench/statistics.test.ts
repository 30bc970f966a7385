import { expect, test } from 'vitest';
import { medianInterval, ratioOf, summarize } from './statistics.ts';

test('the median of an odd number of values is the middle one, whatever their order', () => {
  expect(summarize([9, 1, 4])).toEqual({ median: 4, least: 1, most: 9, count: 3 });
});

test('the median of an even number of values is the mean of the middle two', () => {
  expect(summarize([10, 1, 4, 100]).median).toBe(7);
});

test('a summary leaves the values in their order', () => {
  const values = [3, 1, 2];
  summarize(values);
  expect(values).toEqual([3, 1, 2]);
});

test('values are ordered as numbers, not as text', () => {
  expect(summarize([10, 9, 100]).median).toBe(10);
});

test('a ratio is that of the medians, and its range that of the rounds', () => {
  // One slow round of the second program moves the range, not the ratio.
  expect(ratioOf([8, 8, 8], [2, 2, 4])).toEqual({ ofMedians: 4, least: 2, most: 4 });
});

test('the ratio of medians is not the median of ratios', () => {
  expect(ratioOf([1, 2, 9], [1, 4, 2]).ofMedians).toBe(1);
});

test('nothing measured has no summary', () => {
  expect(() => summarize([])).toThrow(RangeError);
});

test('rounds of unequal number are not paired', () => {
  expect(() => ratioOf([1, 2], [1])).toThrow('2 values cannot be paired with 1');
});

test('the interval of a median is that of the table for 6 and for 100 values', () => {
  expect(medianInterval([6, 5, 4, 3, 2, 1])).toEqual({ median: 3.5, low: 1, high: 6 });
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  expect(medianInterval(hundred)).toEqual({ median: 50.5, low: 40, high: 61 });
  expect(() => medianInterval([1, 2, 3, 4, 5])).toThrow(RangeError);
});

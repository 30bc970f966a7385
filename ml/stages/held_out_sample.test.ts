import { expect, test } from 'vitest';
import { sampleOf } from './held_out_sample.ts';

const reviews = Array.from({ length: 1000 }, (_, i) => ({
  id: String(i),
  text: i === 500 ? 'long '.repeat(1000) : `text ${i}`,
  label: i % 2,
  domain: i < 600 ? 'films' : 'tweets',
}));

test('takes texts from all parts of the file, and none that is very long', () => {
  const sample = sampleOf(reviews, true, 10);
  expect(sample).toHaveLength(10);
  expect(sample[0]).toEqual({ name: 'films: "text 0"', ask: { text: 'text 0' } });
  expect(sample.at(-1)?.name).toMatch(/^tweets: "text 9\d\d"$/);
  expect(sampleOf(reviews, true, 5000)).toHaveLength(999);
  expect(sampleOf(reviews.slice(0, 3), true)).toHaveLength(3);
});

test("of one's own texts a report has only the place", () => {
  const [first, second] = sampleOf(reviews.slice(598, 602), false);
  expect(first).toEqual({ name: 'films: held-out text 1', ask: { text: 'text 598' } });
  expect(second.name).toBe('films: held-out text 2');
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Review } from './review.ts';
import { temporaryFolder } from './testdata/temporary.ts';
import { describeCounts, writeReviews } from './write_reviews.ts';

const reviews: Review[] = [
  { id: '1', text: 'good\n\ud800', label: 1, group: 'a' },
  { id: '2', text: 'bad', label: 0, rating: -1, group: 'a' },
];

it('writes one a line into a folder that it makes, and counts', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'data', 'train.jsonl');
  const counts = writeReviews(path, reviews);
  expect(counts).toEqual({ texts: 2, positive: 1, negative: 1, groups: 1 });
  expect(describeCounts(counts)).toBe('2 texts (1 positive, 1 negative) of 1 groups');
  const lines = readFileSync(path, 'utf8').split('\n');
  expect(lines.slice(0, 2).map((line) => JSON.parse(line))).toEqual(reviews);
  expect(lines.slice(2)).toEqual(['']);
  expect(readdirSync(join(folder, 'data'))).toEqual(['train.jsonl']);
});

it('leaves what was there when the reviews end in an error', () => {
  const path = join(temporaryFolder(), 'train.jsonl');
  writeReviews(path, reviews);
  function* broken(): Generator<Review> {
    yield reviews[0];
    throw new Error('no more');
  }
  expect(() => writeReviews(path, broken())).toThrow('no more');
  expect(readFileSync(path, 'utf8').split('\n').length).toBe(3);
  expect(readdirSync(join(path, '..'))).toEqual(['train.jsonl']);
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Review } from './review.ts';
import { describeCounts, nameCounts, ReviewStore, writeReviews } from './reviews_file.ts';
import { temporaryFolder } from './testdata/temporary.ts';

const reviews: Review[] = [
  { id: '1', text: 'good\n\ud800', label: 1, group: 'a' },
  { id: '2', text: 'bad', label: 0, rating: -1, group: 'a' },
];

it('writes one review a line, creates the folder and counts', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'data', 'train.jsonl');
  const counts = writeReviews(path, reviews);
  expect(counts).toEqual({ texts: 2, classes: [1, 1], groups: 1, domains: {} });
  const named = nameCounts(counts, ['negative', 'positive']);
  expect(named).toEqual({ texts: 2, positive: 1, negative: 1, groups: 1, domains: {} });
  expect(describeCounts(counts, ['negative', 'positive'])).toBe('2 texts (1 positive, 1 negative) of 1 groups');
  const lines = readFileSync(path, 'utf8').split('\n');
  expect(lines.slice(0, 2).map((line) => JSON.parse(line))).toEqual(reviews);
  expect(lines.slice(2)).toEqual(['']);
  expect(readdirSync(join(folder, 'data'))).toEqual(['train.jsonl']);
});

it('keeps the old file when the reviews end in an error', () => {
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

it('stores reviews in an unnamed file and reads them in any order, also while more are added', () => {
  const folder = join(temporaryFolder(), 'made');
  const store = new ReviewStore(join(folder, 'reviews.tmp'));
  expect(readdirSync(folder)).toEqual([]);
  const reviews = Array.from({ length: 3000 }, (_, i): Review => {
    return { id: String(i), text: `é${'😀'.repeat(i % 700)}`, label: 1, rating: 0.1, group: 'g' };
  });
  for (const review of reviews.slice(0, 2000)) store.add(review);
  expect(store.read(1999)).toEqual(reviews[1999]);
  for (const review of reviews.slice(2000)) store.add(review);
  expect(store.size).toBe(3000);
  for (const i of [2999, 0, 1500, 1, 2000, 1999]) expect(store.read(i)).toEqual(reviews[i]);
  store.close();
});

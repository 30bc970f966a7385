import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Review } from './review.ts';
import { ReviewStore } from './review_store.ts';
import { temporaryFolder } from './testdata/temporary.ts';

it('gives reviews back in any order, also while more are added, from a file that nobody sees', () => {
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

import { expect, it } from 'vitest';
import { gatherReviews } from '../ml/corpus/corpus.ts';
import type { Review } from '../ml/corpus/review.ts';
import { readParams } from '../ml/params.ts';
import { createRandom } from '../ml/random.ts';
import { doubtCsv, doubtsOf } from './doubt.ts';

const params = readParams('ml/testdata/params.yaml');

it('finds labels that were turned round: 1,034 tweets, 5 % of them', async () => {
  const settings = { ...params.data_ingestion, source: 'embedded:tweets' };
  const tweets = await gatherReviews(settings, { folder: '.local/downloads', log: () => {} });
  const random = createRandom(3);
  const turned = new Set<string>();
  const reviews = tweets
    .filter((_, i) => i % 4 === 0)
    .map((review): Review => {
      if (random() >= 0.05) return review;
      turned.add(review.id);
      return { ...review, label: review.label === 1 ? 0 : 1, rating: -(review.rating ?? 0) };
    });
  const { doubts } = await doubtsOf(reviews, params, 5);
  const precision = (count: number) =>
    doubts.slice(0, count).filter(({ row }) => turned.has(reviews[row].id)).length / count;
  // Measured for six seeds: 0.55 to 0.75 of the first 20, and 0.38 to 0.47 of as many as were turned. Chance is 0.05.
  expect(turned.size).toBeGreaterThan(35);
  expect(precision(20)).toBeGreaterThanOrEqual(0.5);
  expect(precision(turned.size)).toBeGreaterThanOrEqual(0.35);
});

it('lists them as CSV', () => {
  const reviews: Review[] = [
    { id: 'a', text: 'fine', label: 1 },
    { id: 'b', text: 'dull, "long"', label: 1 },
  ];
  expect(
    doubtCsv(reviews, [{ row: 1, label: 1, suggested: 0, probability: 0.91, margin: -0.82 }], ['negative', 'positive']),
  ).toBe('id,label,suggested,probability,text\nb,positive,negative,0.9100,"dull, ""long"""\n');
});

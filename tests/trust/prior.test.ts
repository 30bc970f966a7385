/** People with a hundred labels: what the general model, which has not seen their domain, adds to them. */
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { gatherReviews } from '../../ml/corpus/corpus.ts';
import { generalWords } from '../../ml/lexicon/general_words.ts';
import { paramsSchema } from '../../ml/params.ts';
import { priorOf, ratingsOf } from '../../ml/prior.ts';
import { createRandom, shuffle } from '../../ml/random.ts';
import { trainModel } from '../../ml/training.ts';

const params = paramsSchema.parse({});
const reviews = await gatherReviews(params.data_ingestion, { folder: tmpdir(), log: () => {} });
const DRAWS = 10;

/** Ten points above the accuracy that 100 texts gave before there were tables, a second model and a prior. */
test.each([
  ['movies', 0.679],
  ['amazon', 0.746],
])('100 texts of %s, with a prior that has seen none of them, reach %f', (domain, least) => {
  const own = reviews.filter((review) => review.domain === domain);
  const accuracies = Array.from({ length: DRAWS }, (_, draw) => {
    const order = shuffle([...own], createRandom(draw + 1));
    const [few, held] = [order.slice(0, 100), order.slice(100, 2100)];
    const prior = priorOf('auto', few);
    expect(prior?.name).toBe(`general without ${domain}`);
    const model = trainModel(few, params, prior);
    return held.filter(({ text, label }) => model.predict(text).class === label).length / held.length;
  });
  const mean = accuracies.reduce((sum, value) => sum + value, 0) / DRAWS;
  console.log(domain, mean.toFixed(4), accuracies.map((value) => value.toFixed(3)).join(' '));
  expect(mean).toBeGreaterThanOrEqual(least);
});

// Cosine of the two: the table is rounded, and made anew only when the model has changed (scripts/general_words.ts).
test('the table of the general model is what a model of the shipped settings says of each word', () => {
  const { words, ratings } = generalWords(0);
  const now = ratingsOf(trainModel(reviews, paramsSchema.parse({ model_building: { calibration: 'none' } })), words);
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < words.length; i++) {
    ab += ratings[i] * now[i];
    aa += ratings[i] ** 2;
    bb += now[i] ** 2;
  }
  expect(ab / Math.sqrt(aa * bb)).toBeGreaterThan(0.98);
});

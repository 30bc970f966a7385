import { expect, it } from 'vitest';
import { servedWords } from '../testing.ts';
import { EXAMPLES, homePage } from './home.ts';

function page(facts: Partial<typeof servedWords.model.facts>): string {
  const { model } = servedWords;
  return homePage({
    limits: { maxTextLength: 100, maxBatchSize: 3, maxBodyBytes: 2000 },
    needsKey: false,
    address: 'http://127.0.0.1/predict',
    served: { ...servedWords, model: { ...model, facts: { ...model.facts, ...facts } } },
  });
}

it('says what the model has learnt from, and its accuracy on each kind of text', () => {
  const domains = { movies: 8000, tweets: 9000 };
  const metrics = { accuracy: 0.8, accuracy_movies: 0.825, accuracy_tweets: 0.7 };
  expect(page({ domains, trainingTexts: 17_000, metrics })).toContain(
    'accuracy 80.0 % on held-out texts (tweets 70.0 %, film reviews 82.5 %). It was trained on 17,000 tweets and film reviews and may',
  );
});

it('names the sources of domains of your own, without credentials', () => {
  const source = 'https://user:secret@example.org/shop.csv?token=1, data/tickets.csv';
  const html = page({ source, domains: { shop: 700, tickets: 300 }, trainingTexts: 1000, metrics: {} });
  expect(html).toContain('It was trained on 1,000 texts (https://example.org/shop.csv, data/tickets.csv) and may');
});

it('gives the examples of the kinds that the model knows, or all', () => {
  const shown = (facts: Parameters<typeof page>[0]) => page(facts).match(/<button type="submit" name="text"/g)?.length;
  expect(shown({ domains: { movies: 1 } })).toBe(EXAMPLES.filter(({ domain }) => domain === 'movies').length);
  expect(shown({ domains: { shop: 1 } })).toBe(EXAMPLES.length);
  expect(shown({})).toBe(EXAMPLES.length);
  expect(new Set(EXAMPLES.map(({ domain }) => domain)).size).toBe(4);
});

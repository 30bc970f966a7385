import { expect, test } from 'vitest';
import { paramsSchema } from '../params.ts';
import type { Csr } from './csr.ts';
import { fitVectorizer, type VectorizerSettings } from './vectorizer.ts';

const { feature_engineering } = paramsSchema.parse({});
const block = { ...feature_engineering.word!, min_df: 1 };
const settings: VectorizerSettings = {
  ...feature_engineering,
  polarity: [],
  word: block,
  char: { ...block, ngrams: [3, 6] },
};

const texts = ['a warm film, not a dull one', 'dull film', 'the film is warm but the end is dull', 'an a', ''];

function valuesOf(x: Csr): number[][] {
  return Array.from({ length: x.rowCount }, (_, i) => [...x.values.subarray(x.start[i], x.start[i + 1])].sort());
}

test('with a column for each, hashed n-grams have the values that named ones have', () => {
  const { x, vectorizer } = fitVectorizer(texts, { ...settings, hashing: 1 << 20 });
  expect(vectorizer.columnCount).toBe(2 ** 21);
  expect(valuesOf(x)).toEqual(valuesOf(fitVectorizer(texts, settings).x));
});

test('n-grams that share a column are counted together, and the columns of the blocks lie apart', () => {
  const { x } = fitVectorizer(texts, { ...settings, hashing: 1 << 10 });
  expect(x.columnCount).toBe(2 ** 11);
  const exact = fitVectorizer(texts, settings).x;
  expect(x.columns.length).toBeLessThan(exact.columns.length);
  const words = [...x.columns.subarray(x.start[1], x.start[2])].filter((column) => column < 1024);
  expect(words).toHaveLength(3);
});

test('a text has the row that it had in training, however many words have been met and forgotten', () => {
  const many = Array.from({ length: 400 }, (_, i) => Array.from({ length: 200 }, (_, k) => `w${i}x${k}`).join(' '));
  const given = [...texts, ...many];
  const { x, vectorizer } = fitVectorizer(given, { ...settings, hashing: 1 << 16 });
  expect(vectorizer.words.size).toBeLessThan(1000);
  expect({ ...vectorizer.transform(given), blocks: x.blocks }).toEqual(x);
});

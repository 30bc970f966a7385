import { expect, test } from 'vitest';
import { namedTexts } from './own_texts.ts';

const params = (data_ingestion: object) => JSON.stringify({ data_ingestion });

test.each<[object, string[], boolean]>([
  [{ source: 'embedded:all' }, [], false],
  [{ source: 'https://example.com/reviews.csv' }, [], false],
  [{ source: 's3://bucket/reviews.csv' }, [], true],
  [{ source: './texts/my reviews.csv' }, ['texts/my reviews.csv'], false],
  [{ source: 'texts/old.csv', test_source: 'texts/held_out.csv' }, ['texts/old.csv', 'texts/held_out.csv'], false],
  [
    { source: 'embedded:all', sources: ['embedded:movies', { source: 'shop.jsonl', weight: 2 }, 's3://b/c.csv'] },
    ['shop.jsonl'],
    true,
  ],
  [{ source: '/etc/passwd', test_source: '../other.csv' }, [], false],
  [{ source: 7 }, [], false],
])('%j names the files %j', (data_ingestion, paths, inS3) => {
  expect(namedTexts(params(data_ingestion))).toEqual({ paths, inS3 });
});

test('a params.yaml without sources names nothing', () => {
  expect(namedTexts('')).toEqual({ paths: [], inS3: false });
});

/** The model of the shipped settings, as `make run` trains it, on sentences that it has not seen. */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { gatherReviews } from '../ml/corpus/corpus.ts';
import type { LinearTextModel } from '../ml/model/linear_text_model.ts';
import { paramsSchema } from '../ml/params.ts';
import { trainModel } from '../ml/training.ts';
import { EXAMPLES } from '../service/page/home.ts';

const root = resolve(import.meta.dirname, '..');

let model: LinearTextModel;

beforeAll(async () => {
  const params = paramsSchema.parse({});
  model = trainModel(await gatherReviews(params.data_ingestion, { folder: tmpdir(), log: () => {} }), params);
});

// Measured: 103 of 120, a share of 0.858. The standard error of such a share is 0.032.
test('gets most of 120 everyday sentences right, which were labelled before any model was asked', () => {
  const [, ...lines] = readFileSync(join(root, 'tests/testdata/everyday.tsv'), 'utf8').trimEnd().split('\n');
  const right = lines.filter((line) => {
    const [, label, text] = line.split('\t');
    return model.predict(text).label === label;
  });
  expect(lines).toHaveLength(120);
  expect(right.length).toBeGreaterThanOrEqual(96);
});

test.each(EXAMPLES)('says $label to the example of the page: $text', ({ label, text }) => {
  expect(model.predict(text).label).toBe(label);
});

test('knows four domains', () => {
  expect(Object.keys(model.facts.domains ?? {})).toEqual(['movies', 'amazon', 'tweets', 'nyt']);
});

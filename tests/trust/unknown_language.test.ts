/** What the warning about unknown words rests on: the general model on English and on other languages. */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { gatherReviews } from '../../ml/corpus/corpus.ts';
import { ENOUGH_KNOWN, knownShareOf } from '../../ml/model/decision.ts';
import { readParams } from '../../ml/params.ts';
import { trainModel } from '../../ml/training.ts';

const root = resolve(import.meta.dirname, '../..');
const params = readParams(join(root, 'ml/testdata/params.yaml'));
const rowsOf = (name: string) =>
  readFileSync(join(root, 'tests/testdata', name), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'));

test('the share of known words tells English from other languages', async () => {
  const reviews = await gatherReviews(params.data_ingestion, { folder: tmpdir(), log: () => {} });
  const model = trainModel(
    reviews.filter((_, i) => i % 5 !== 0),
    params,
  );
  const belowLimit = (texts: string[]) =>
    texts.filter((text) => knownShareOf(model.predict(text)) < ENOUGH_KNOWN).length / texts.length;
  const english = rowsOf('everyday.tsv').map(([_kind, _label, text]) => text);
  const held = reviews.filter((_, i) => i % 5 === 0).map(({ text }) => text);
  const others = rowsOf('other_languages.tsv').map(([_language, text]) => text);
  expect([english.length, others.length]).toEqual([120, 169]);
  // Measured: none of 120, 0.002 of the held-out ones, 161 of 169.
  expect(belowLimit(english)).toBe(0);
  expect(belowLimit(held)).toBeLessThan(0.005);
  expect(belowLimit(others)).toBeGreaterThanOrEqual(0.94);
});

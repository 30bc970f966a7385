/** A model whose n-grams are hashed. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../corpus/testdata/temporary.ts';
import { paramsSchema } from '../params.ts';
import { trainModel } from '../training.ts';
import { readModel, saveModel } from './artifact.ts';
import { exportModel } from './export.ts';

const params = paramsSchema.parse({ feature_engineering: { hashing: 4096 }, model_building: { calibration_folds: 2 } });
const reviews = Array.from({ length: 40 }, (_, i) => ({
  id: `${i}`,
  text: i % 2 ? `a wonderful film with warm heart ${i}` : `a dull film with weak story ${i}`,
  label: i % 2,
}));

test('it scores alike when it is read again, knows opinions, and its explanations add up', () => {
  const model = trainModel(reviews, params);
  const path = join(temporaryFolder(), 'hashed.model');
  saveModel(path, model.parts);
  const read = readModel(path);
  for (const text of ['a wonderful heart', 'dull, weak story', 'unseenword', '']) {
    expect(read.scores(text)).toEqual(model.scores(text));
    const { words, bias, score } = read.explain(text);
    expect(words.reduce((sum, word) => sum + word.contribution, bias)).toBeCloseTo(score, 5);
  }
  expect(read.predict('a wonderful film').class).toBe(1);
  expect(read.predict('a dull story').class).toBe(0);
  expect(read.featureCount).toBeGreaterThanOrEqual(2 * 4096);
  expect(() => exportModel(path)).toThrow(/hashed/);
});

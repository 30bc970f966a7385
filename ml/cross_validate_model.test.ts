import { expect, test } from 'vitest';
import type { Review } from './corpus/review.ts';
import { crossValidateModel } from './cross_validate_model.ts';
import { readParams } from './params.ts';
import { trainModel } from './training.ts';

const params = readParams('ml/testdata/params.yaml');

const reviews: Review[] = Array.from({ length: 80 }, (_, i) => ({
  id: String(i),
  text: `${i % 2 ? 'a warm and good' : 'a dull and bad'} film about ${['rain', 'trains', 'a dog'][i % 3]}, number ${i}`,
  label: i % 16 === 0 ? 1 : i % 2,
}));

test('the result does not depend on the number of threads', async () => {
  const one = await crossValidateModel(reviews, params, { folds: 4, threads: 1 });
  expect(await crossValidateModel(reviews, params, { folds: 4, threads: 3 })).toEqual(one);
  expect(one.mean.accuracy).toBeGreaterThan(0.8);
});

test('an error of a thread is the error of the training, with its exit code', async () => {
  const building = { ...params.model_building, classifier: 'ml_logistic_regression' as const };
  const wrong = {
    ...params,
    model_building: { ...building, target: 'hard' as const, class_weight: 'balanced' as const },
  };
  const some = reviews.filter(({ label }, i) => label === 1 || i % 4 === 0);
  const expected = expect.objectContaining({ code: 'CLASSIFIER_TARGET', exitCode: 2 });
  expect(() => trainModel(some, wrong)).toThrow(expected);
  await expect(crossValidateModel(some, wrong, { folds: 2 })).rejects.toThrow(expected);
});

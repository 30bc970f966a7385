import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { gatherReviews } from '../../ml/corpus/corpus.ts';
import { crossValidateModel } from '../../ml/cross_validate_model.ts';
import { scoresByDomain } from '../../ml/evaluation/domains.ts';
import { measure } from '../../ml/evaluation/measures.ts';
import { paramsSchema } from '../../ml/params.ts';

const params = paramsSchema.parse({});

/** Accuracy at least, calibration error at most. What was measured stands in docs/model.md. */
const LIMITS: Record<string, [number, number]> = {
  movies: [0.818, 0.03],
  amazon: [0.803, 0.03],
  tweets: [0.895, 0.03],
  nyt: [0.71, 0.03],
};

test('five folds of embedded:all keep the accuracy of every domain', async () => {
  const reviews = await gatherReviews(params.data_ingestion, { folder: tmpdir(), log: () => {} });
  const { calibration_bins: binCount } = params.model_evaluation;
  const { scored } = await crossValidateModel(reviews, params, { folds: 5 });
  const domains = scoresByDomain(reviews, scored).map((own) => ({ ...own, ...measure(own.scored, binCount) }));
  for (const { domain, accuracy, ece } of domains) console.log(domain, accuracy.toFixed(4), ece.toFixed(4));
  expect(domains.map(({ domain }) => domain).sort()).toEqual(Object.keys(LIMITS).sort());
  for (const { domain, accuracy, ece } of domains) {
    expect(accuracy, domain).toBeGreaterThanOrEqual(LIMITS[domain][0]);
    expect(ece, domain).toBeLessThanOrEqual(LIMITS[domain][1]);
  }
});

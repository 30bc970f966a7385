import { expect, it } from 'vitest';
import { domainTable, metricsByDomain, scoresByDomain } from './domains.ts';
import { evaluateDomains } from './evaluation.ts';

const reviews = ['films', 'shop', 'films', undefined, 'films', 'shop'].map((domain) => ({ domain }));
const scored = {
  labels: Uint8Array.of(1, 1, 0, 1, 1, 1),
  probabilities: Float64Array.of(0.9, 0.2, 0.1, 0.3, 0.4, 0.8),
};
const params = { calibration_bins: 10, bootstrap_samples: 20, seed: 1 };

it('gives each domain its own texts, the largest domain first', () => {
  expect(scoresByDomain(reviews, scored)).toEqual([
    { domain: 'films', scored: { labels: Uint8Array.of(1, 0, 1), probabilities: Float64Array.of(0.9, 0.1, 0.4) } },
    { domain: 'shop', scored: { labels: Uint8Array.of(1, 1), probabilities: Float64Array.of(0.2, 0.8) } },
  ]);
});

it('names the metrics of a domain after it, and leaves out those without a value', () => {
  const metrics = metricsByDomain(evaluateDomains(reviews, scored, params));
  expect(metrics).toMatchObject({
    n_test_films: 3,
    accuracy_films: 2 / 3,
    roc_auc_films: 1,
    n_test_shop: 2,
    accuracy_shop: 0.5,
  });
  expect(metrics.accuracy_films_se).toBeCloseTo(Math.sqrt(2 / 9 / 3), 12);
  // All texts of the shop are positive.
  expect(metrics).not.toHaveProperty('roc_auc_shop');
  expect(Object.values(metrics).every(Number.isFinite)).toBe(true);
});

it('has nothing to add about a single domain', () => {
  const domains = evaluateDomains(
    [{ domain: 'films' }, {}],
    { labels: Uint8Array.of(1, 0), probabilities: Float64Array.of(1, 0) },
    params,
  );
  expect(domains).toHaveLength(1);
  expect(metricsByDomain(domains)).toEqual({});
  expect(domainTable(domains)).toEqual([]);
});

it('prints a row a domain', () => {
  expect(domainTable(evaluateDomains(reviews, scored, { ...params, bootstrap_samples: 0 }))).toEqual([
    'domain    texts           accuracy   ROC-AUC   calibration error',
    'films         3    0.6667 ± 0.2722    1.0000              0.2667',
    'shop          2    0.5000 ± 0.3536         -              0.3000',
  ]);
});

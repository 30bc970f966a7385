import { describe, expect, it } from 'vitest';
import type { Review } from '../corpus/review.ts';
import type { BehaviourReport } from './behaviour.ts';
import { evaluateModel, flatMetrics, summarize } from './evaluation.ts';
import { goldenCase } from './testdata/golden.ts';
import { predictionOf, toyModel } from './testdata/toy_model.ts';

const params = { calibration_bins: 10, bootstrap_samples: 50, seed: 42 };
const { scored, measures } = goldenCase('few ties');

describe('flatMetrics', () => {
  const metrics = flatMetrics(scored, params);

  it('has every measure under its name, with its standard error', () => {
    for (const [name, value] of Object.entries(measures)) {
      expect(metrics[name], name).toBeCloseTo(value, 10);
      expect(metrics[`${name}_se`], name).toBeGreaterThan(0);
    }
  });

  it('has the binomial standard error for accuracy', () => {
    expect(metrics.accuracy_se).toBeCloseTo(Math.sqrt((measures.accuracy * (1 - measures.accuracy)) / 200), 12);
  });

  it('has the number of texts and the share of the larger class', () => {
    const share = scored.labels.filter((label) => label === 1).length / 200;
    expect(metrics).toMatchObject({
      n_test: 200,
      positive_share: share,
      majority_share: Math.max(share, 1 - share),
    });
  });

  it('keeps only the error of accuracy without bootstrap samples', () => {
    const names = Object.keys(flatMetrics(scored, { ...params, bootstrap_samples: 0 }));
    expect(names.filter((name) => name.endsWith('_se'))).toEqual(['accuracy_se']);
  });

  it('has only finite numbers, as JSON and MLflow require', () => {
    expect(Object.values(metrics).every(Number.isFinite)).toBe(true);
  });
});

describe('evaluateModel', () => {
  const words = ['good', 'great', 'fine', 'bad', 'dull', 'awful'];
  const reviews: Review[] = Array.from({ length: 60 }, (_, i) => ({
    id: `r${i}`,
    text: `a ${words[i % 6]} film number ${i}`,
    label: i % 6 < 3 === (i % 10 !== 0) ? 1 : 0,
  }));
  const probabilityOf = (text: string) => (/good|great|fine|wonderful/.test(text) ? 0.8 : 0.3);
  const reasons = { towards: 1, bias: 0, words: [], knownShare: 0 };
  const model = {
    ...toyModel(probabilityOf),
    explain: (text: string) => ({ ...predictionOf(probabilityOf(text)), ...reasons }),
  };
  const tally = { failures: [], byKind: {}, byName: {}, spreads: [] };
  const end = { word: 'Ann', probability: 0.5 };
  const spread = {
    group: 'first names',
    spread: 0.02,
    widest: { template: '{}', lowest: end, highest: end },
    words: {},
  };
  const behaviour: BehaviourReport = {
    passed: 3,
    total: 4,
    files: [
      { file: 'behaviour/general.yaml', decides: true, passed: 3, total: 4, ...tally },
      { file: 'behaviour/my films.yaml', decides: false, passed: 1, total: 2, ...tally },
      { file: 'behaviour/fairness.yaml', decides: true, passed: 0, total: 0, ...tally, spreads: [spread] },
    ],
  };
  const evaluation = evaluateModel(model, reviews, behaviour, params);

  it('has numbers, cases and curves for one set of texts', () => {
    expect(evaluation.metrics).toMatchObject({
      n_test: 60,
      accuracy: 0.9,
      behaviour_passed: 3,
      behaviour_total: 4,
      behaviour_pass_rate: 0.75,
      behaviour_general_pass_rate: 0.75,
      behaviour_my_films_passed: 1,
      fairness_first_names_spread: 0.02,
    });
    expect(evaluation.metrics).not.toHaveProperty('behaviour_fairness_total');
    expect(evaluation.mistakes).toHaveLength(6);
    const [{ name, roc, calibration }, ...others] = evaluation.curves;
    expect([name, others]).toEqual(['positive', []]);
    expect(roc).toHaveLength(3);
    expect(calibration.map((bin) => bin.count)).toEqual([30, 30]);
  });

  it('gives the same result twice', () => {
    expect(evaluateModel(model, reviews, behaviour, params)).toEqual(evaluation);
  });

  it('is summarised in a few lines', () => {
    const lines = summarize(evaluation).split('\n');
    expect(lines[0]).toBe('60 held-out texts, 53.3 % of the larger class');
    expect(lines[1]).toBe('  accuracy          0.9000 ± 0.0387');
    expect(lines.slice(-2)).toEqual([
      'behaviour/my films.yaml: 1 of 2 behaviour tests pass (advisory)',
      'behaviour/fairness.yaml: first names: spread 0.020; widest in "{}": Ann 0.50, Ann 0.50',
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { curvesOf } from '../curves.ts';
import { type Evaluation, flatMetrics } from '../evaluation.ts';
import { confusionMatrix } from '../measures.ts';
import { goldenCase } from '../testdata/golden.ts';
import { wilsonInterval } from './curves.ts';
import { confusionRecords, domainRecords, drawPlots } from './plots.ts';

const names = ['negative', 'positive'];

function evaluationOf(name: string, bootstrap_samples: number): Evaluation {
  const { scored } = goldenCase(name);
  return {
    metrics: flatMetrics(scored, { calibration_bins: 10, bootstrap_samples, seed: 1 }),
    scored,
    classes: names,
    confusion: confusionMatrix(scored),
    curves: curvesOf(scored, names, 10),
    behaviour: { passed: 0, total: 0, files: [] },
    domains: [{ domain: 'films', metrics: { n_test: 10, accuracy: 0.8 } }],
    slices: [],
    mistakes: [],
    topWords: [
      { word: "isn't <b>&amp;", contribution: -1, count: 9 },
      { word: 'good', contribution: 2, count: 9 },
    ],
  };
}

const evaluation = evaluationOf('few ties', 50);
const plots = await drawPlots(evaluation, 10);

/** The visible texts. */
function textsOf(svg: string): string[] {
  return Array.from(svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g), ([, text]) => text);
}

describe('drawPlots', () => {
  it('draws one picture for each name', () => {
    expect(Object.keys(plots)).toEqual([
      'confusion_matrix',
      'roc',
      'precision_recall',
      'calibration',
      'domains',
      'top_words',
    ]);
    for (const svg of Object.values(plots)) expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  });

  it('shows the figure and its error in the title', () => {
    const { metrics } = evaluation;
    const title = (name: string, figure: string) =>
      `${name} ${metrics[figure].toFixed(3)} ± ${metrics[`${figure}_se`].toFixed(3)}`;
    expect(textsOf(plots.confusion_matrix)).toContain(title('Accuracy', 'accuracy'));
    expect(textsOf(plots.roc)).toContain(title('ROC-AUC', 'roc_auc'));
    expect(textsOf(plots.precision_recall)).toContain(title('Average precision', 'average_precision'));
    expect(textsOf(plots.calibration)).toContain(title('Calibration error', 'ece'));
  });

  it('shows the four counts in the confusion matrix', () => {
    for (const count of evaluation.confusion.flat()) {
      expect(textsOf(plots.confusion_matrix)).toContain(String(count));
    }
  });

  it('gives the same bytes again after drawing others', async () => {
    await drawPlots(evaluationOf('perfect', 0), 10);
    expect(await drawPlots(evaluation, 10)).toEqual(plots);
  });

  it('refers to nothing outside the file', () => {
    for (const svg of Object.values(plots)) {
      expect(svg.replaceAll(/xmlns(:xlink)?="[^"]*"/g, '')).not.toMatch(/https?:|url\((?!#)/);
    }
  });

  it('shows each domain with its number of texts', () => {
    expect(textsOf(plots.domains)).toContain('films, 10 texts');
    expect(domainRecords(evaluation.domains)).toEqual([
      {
        domain: 'films',
        texts: 10,
        accuracy: 0.8,
        low: expect.closeTo(0.4901625, 6),
        high: expect.closeTo(0.9433178, 6),
      },
    ]);
  });

  it('escapes words that look like markup', () => {
    expect(textsOf(plots.top_words)).toContain("isn't &lt;b&gt;&amp;amp;");
  });

  it.each([
    'nothing called positive',
    'everything called positive, all alike',
    'certain and wrong: probabilities of 0 and 1',
  ])('draws the plain figure, and no NaN, when %s', async (name) => {
    const drawn = await drawPlots(evaluationOf(name, 0), 10);
    for (const svg of Object.values(drawn)) expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(textsOf(drawn.roc).some((text) => /^ROC-AUC \d\.\d{3}$/.test(text))).toBe(true);
  });
});

it('confusionRecords names the true and the predicted class of every text', () => {
  const scored = { labels: Uint8Array.of(1, 0), probabilities: Float64Array.of(0.2, 0.3) };
  expect(confusionRecords(scored, names)).toEqual([
    { actual: 'positive', predicted: 'negative' },
    { actual: 'negative', predicted: 'negative' },
  ]);
});

describe('wilsonInterval', () => {
  // SciPy 1.17.1: binomtest(8, 10).proportion_ci(method='wilson') is 0.4901625 to 0.9433178.
  it('agrees with SciPy', () => {
    const [low, high] = wilsonInterval(0.8, 10);
    expect(low).toBeCloseTo(0.4901625, 6);
    expect(high).toBeCloseTo(0.9433178, 6);
  });

  it('stays within 0 and 1 at the ends', () => {
    expect(wilsonInterval(0, 5)[0]).toBe(0);
    expect(wilsonInterval(1, 5)[1]).toBe(1);
  });
});

/** Every plot of an evaluation by the name of its file; the confusion matrix and the top words are drawn here. */
import type { TopLevelSpec } from 'vega-lite';
import type { DomainMetrics } from '../domains.ts';
import type { Evaluation } from '../evaluation.ts';
import type { TopWord } from '../findings.ts';
import { predictedClasses, type Scored } from '../scored.ts';
import { wilsonInterval } from '../significance.ts';
import { calibrationSpec, precisionRecallSpec, rocSpec } from './curves.ts';
import { color, config, figure, renderSvg, SIDE, texts } from './vega.ts';

/** SVG text of confusion_matrix, roc, precision_recall, calibration, domains and top_words. Equal evaluations give equal bytes. */
export async function drawPlots(evaluation: Evaluation, binCount: number): Promise<Record<string, string>> {
  const { metrics, classes, confusion, curves, domains, topWords } = evaluation;
  const specs: Record<string, TopLevelSpec> = {
    confusion_matrix: confusionSpec(confusion, classes, metrics.accuracy, metrics.accuracy_se),
    roc: rocSpec(curves, metrics.roc_auc, metrics.roc_auc_se),
    precision_recall: precisionRecallSpec(curves, metrics.average_precision, metrics.average_precision_se),
    calibration: calibrationSpec(curves, binCount, metrics.ece, metrics.ece_se),
    domains: domainsSpec(domainRecords(domains)),
    top_words: topWordsSpec(topWords),
  };
  const drawn: Record<string, string> = {};
  for (const [name, spec] of Object.entries(specs)) drawn[name] = await renderSvg(spec);
  return drawn;
}

/** One row for each text, as `dvc plots` reads it. */
export type ConfusionRecord = { actual: string; predicted: string };

export function confusionRecords(scored: Scored, names: readonly string[]): ConfusionRecord[] {
  const predicted = predictedClasses(scored);
  return Array.from(scored.labels, (label, i) => ({ actual: names[label], predicted: names[predicted[i]] }));
}

/** Actual classes down, predicted ones across, shaded by the share of the actual class. */
export function confusionSpec(
  matrix: readonly (readonly number[])[],
  names: readonly string[],
  accuracy: number,
  error: number | undefined,
): TopLevelSpec {
  const wholes = matrix.map((row) => row.reduce((sum, count) => sum + count, 0));
  const cell = (actual: number, predicted: number, count: number, whole: number) => ({
    actual: names[actual],
    predicted: names[predicted],
    share: whole === 0 ? 0 : count / whole,
    count: count.toLocaleString('en'),
    percent: whole === 0 ? '' : `${((100 * count) / whole).toFixed(1)} % of the ${names[actual]}`,
  });
  const sort = names.length === 2 ? {} : { sort: [...names] };
  const small = names.length > 3;
  return {
    config,
    width: SIDE,
    height: SIDE,
    title: {
      text: `Accuracy ${figure(accuracy, error)}`,
      subtitle: `Confusion matrix, ${texts(wholes.reduce((sum, whole) => sum + whole, 0))}`,
    },
    data: {
      values: matrix.flatMap((row, actual) =>
        row.map((count, predicted) => cell(actual, predicted, count, wholes[actual])),
      ),
    },
    encoding: {
      x: {
        field: 'predicted',
        type: 'nominal',
        ...sort,
        title: 'Predicted',
        axis: { labelAngle: 0, domain: false, ticks: false },
      },
      y: {
        field: 'actual',
        type: 'nominal',
        ...sort,
        title: 'Actual',
        axis: { labelAngle: -90, labelAlign: 'center', labelBaseline: 'bottom', domain: false, ticks: false },
      },
    },
    layer: [
      {
        mark: { type: 'rect', stroke: 'white', strokeWidth: 3 },
        encoding: {
          color: {
            field: 'share',
            type: 'quantitative',
            legend: null,
            scale: { domain: [0, 1], range: ['#f1f5fa', color.curve] },
          },
        },
      },
      {
        mark: { type: 'text', fontSize: small ? 16 : 30, fontWeight: 600, dy: -8 },
        encoding: { text: { field: 'count' }, color: inkOnShade },
      },
      {
        mark: { type: 'text', fontSize: names.length === 2 ? 13 : 9, dy: small ? 8 : 18 },
        encoding: { text: { field: 'percent' }, color: inkOnShade },
      },
    ],
  };
}

const inkOnShade = { condition: { test: 'datum.share > 0.5', value: 'white' }, value: color.ink };

/** One row for each domain, as `dvc plots` reads it; `low` and `high` bound the 95 % interval of the accuracy. */
export type DomainRecord = { domain: string; texts: number; accuracy: number; low: number; high: number };

export function domainRecords(domains: readonly DomainMetrics[]): DomainRecord[] {
  return domains.map(({ domain, metrics: { n_test: texts, accuracy } }) => {
    const [low, high] = wilsonInterval(accuracy, texts);
    return { domain, texts, accuracy, low, high };
  });
}

/** Accuracy of each domain with its interval, the largest domain first. */
export function domainsSpec(records: readonly DomainRecord[]): TopLevelSpec {
  const y = {
    field: 'domain',
    type: 'nominal',
    sort: null,
    title: null,
    axis: { ticks: false, domain: false },
  } as const;
  const scale = { domain: [0, 1], nice: false };
  return {
    config,
    width: SIDE,
    height: { step: 40 },
    title: { text: 'Accuracy by domain', subtitle: '95 % intervals' },
    data: {
      values: records.map(({ texts: count, ...own }) => ({
        ...own,
        domain: `${own.domain}, ${count.toLocaleString('en')} texts`,
      })),
    },
    layer: [
      {
        mark: { type: 'bar', color: color.curve, height: 22 },
        encoding: { y, x: { field: 'accuracy', type: 'quantitative', title: 'Accuracy', scale } },
      },
      {
        mark: { type: 'rule', color: color.ink, strokeWidth: 1.5 },
        encoding: { y, x: { field: 'low', type: 'quantitative', scale }, x2: { field: 'high' } },
      },
    ],
  };
}

/** The words that decide, each with its mean contribution in log-odds; with more than two classes, beside its class. */
export function topWordsSpec(words: readonly TopWord[]): TopLevelSpec {
  const shown = words.toReversed().map(({ word, contribution, class: name }) => ({
    word: name === undefined ? word : `${word} (${name})`,
    contribution,
  }));
  const isOfClasses = words.some((word) => word.class !== undefined);
  return {
    config,
    width: SIDE,
    height: { step: 17 },
    title: { text: 'The words that decide', subtitle: 'Mean contribution a use, in log-odds' },
    data: { values: shown },
    mark: { type: 'bar' },
    encoding: {
      y: { field: 'word', type: 'nominal', sort: null, title: null, axis: { ticks: false, domain: false } },
      x: {
        field: 'contribution',
        type: 'quantitative',
        title: isOfClasses ? 'towards the class' : 'to negative – to positive',
      },
      color: {
        condition: { test: 'datum.contribution < 0', value: color.negative },
        value: color.curve,
      },
    },
  };
}

/** Every plot of an evaluation by the name of its file; the confusion matrix and the top words are drawn here. */
import type { TopLevelSpec } from 'vega-lite';
import type { Evaluation } from '../evaluation.ts';
import type { TopWord } from '../findings.ts';
import { classOf, type Outcomes, type Scored } from '../measures.ts';
import { calibrationSpec, precisionRecallSpec, rocSpec } from './curves.ts';
import { color, config, figure, renderSvg, SIDE, texts } from './vega.ts';

/** SVG text of confusion_matrix, roc, precision_recall, calibration and top_words. Equal evaluations give equal bytes. */
export async function drawPlots(evaluation: Evaluation, binCount: number): Promise<Record<string, string>> {
  const { metrics, outcomes, roc, precisionRecall, calibration, topWords } = evaluation;
  const specs: Record<string, TopLevelSpec> = {
    confusion_matrix: confusionSpec(outcomes, metrics.accuracy, metrics.accuracy_se),
    roc: rocSpec(roc, outcomes, metrics.roc_auc, metrics.roc_auc_se),
    precision_recall: precisionRecallSpec(
      precisionRecall,
      outcomes,
      metrics.average_precision,
      metrics.average_precision_se,
    ),
    calibration: calibrationSpec(calibration, binCount, metrics.ece, metrics.ece_se),
    top_words: topWordsSpec(topWords),
  };
  const drawn: Record<string, string> = {};
  for (const [name, spec] of Object.entries(specs)) drawn[name] = await renderSvg(spec);
  return drawn;
}

const names = ['negative', 'positive'] as const;

/** One row for each text, as `dvc plots` reads it. */
export type ConfusionRecord = { actual: 'negative' | 'positive'; predicted: 'negative' | 'positive' };

export function confusionRecords({ labels, probabilities }: Scored): ConfusionRecord[] {
  return Array.from(labels, (label, i) => ({ actual: names[label], predicted: names[classOf(probabilities[i])] }));
}

/** Actual classes down, predicted ones across, shaded by the share of the actual class. */
export function confusionSpec(outcomes: Outcomes, accuracy: number, error: number | undefined): TopLevelSpec {
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = outcomes;
  const negatives = trueNegatives + falsePositives;
  const positives = truePositives + falseNegatives;
  const cell = (actual: 0 | 1, predicted: 0 | 1, count: number, whole: number) => ({
    actual: names[actual],
    predicted: names[predicted],
    share: count / whole,
    count: count.toLocaleString('en'),
    percent: `${((100 * count) / whole).toFixed(1)} % of the ${names[actual]}`,
  });
  return {
    config,
    width: SIDE,
    height: SIDE,
    title: {
      text: `Accuracy ${figure(accuracy, error)}`,
      subtitle: `Confusion matrix, ${texts(negatives + positives)}`,
    },
    data: {
      values: [
        cell(0, 0, trueNegatives, negatives),
        cell(0, 1, falsePositives, negatives),
        cell(1, 0, falseNegatives, positives),
        cell(1, 1, truePositives, positives),
      ],
    },
    encoding: {
      x: {
        field: 'predicted',
        type: 'nominal',
        title: 'Predicted',
        axis: { labelAngle: 0, domain: false, ticks: false },
      },
      y: {
        field: 'actual',
        type: 'nominal',
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
        mark: { type: 'text', fontSize: 30, fontWeight: 600, dy: -8 },
        encoding: { text: { field: 'count' }, color: inkOnShade },
      },
      {
        mark: { type: 'text', fontSize: 13, dy: 18 },
        encoding: { text: { field: 'percent' }, color: inkOnShade },
      },
    ],
  };
}

const inkOnShade = { condition: { test: 'datum.share > 0.5', value: 'white' }, value: color.ink };

/** The words that decide, each with its mean contribution in log-odds. */
export function topWordsSpec(words: readonly TopWord[]): TopLevelSpec {
  return {
    config,
    width: SIDE,
    height: { step: 17 },
    title: { text: 'The words that decide', subtitle: 'Mean contribution a use, in log-odds' },
    data: { values: words.toReversed().map(({ word, contribution }) => ({ word, contribution })) },
    mark: { type: 'bar' },
    encoding: {
      y: { field: 'word', type: 'nominal', sort: null, title: null, axis: { ticks: false, domain: false } },
      x: { field: 'contribution', type: 'quantitative', title: 'to negative – to positive' },
      color: {
        condition: { test: 'datum.contribution < 0', value: color.negative },
        value: color.curve,
      },
    },
  };
}

/** The confusion matrix: what was true down, what was predicted across, shaded by the share of the true class. */
import type { TopLevelSpec } from 'vega-lite';
import type { Outcomes } from '../metrics.ts';
import { classOf, type Scored } from '../scored.ts';
import { color, config, figure, SIDE, texts } from './theme.ts';

const names = ['negative', 'positive'] as const;

/** One row a text, as `dvc plots` wants it. */
export type ConfusionRecord = { actual: 'negative' | 'positive'; predicted: 'negative' | 'positive' };

export function confusionRecords({ labels, probabilities }: Scored): ConfusionRecord[] {
  return Array.from(labels, (label, i) => ({ actual: names[label], predicted: names[classOf(probabilities[i])] }));
}

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

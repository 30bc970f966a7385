/**
 * The curves of an evaluation: ROC and precision-recall, with the point at which the model decides and what chance
 * would give, and the reliability diagram.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { PrecisionRecallPoint, RocPoint } from '../curves.ts';
import type { CalibrationBin, Outcomes } from '../measures.ts';
import { color, config, figure, SIDE, texts } from './vega.ts';

export function rocSpec(
  points: readonly RocPoint[],
  outcomes: Outcomes,
  area: number,
  error: number | undefined,
): TopLevelSpec {
  const { positives, negatives } = sizes(outcomes);
  return curveSpec({
    title: `ROC-AUC ${figure(area, error)}`,
    subtitle: `${texts(positives + negatives)}; dashed: chance`,
    x: 'False positive rate',
    y: 'True positive rate',
    points: points.map(({ fpr, tpr }) => ({ x: fpr, y: tpr })),
    chance: [
      { x: 0, y: 0 },
      { x: 1, y: 1 },
    ],
    decision: { x: outcomes.falsePositives / negatives, y: outcomes.truePositives / positives },
    labelSide: 'right',
  });
}

export function precisionRecallSpec(
  points: readonly PrecisionRecallPoint[],
  outcomes: Outcomes,
  averagePrecision: number,
  error: number | undefined,
): TopLevelSpec {
  const { positives, negatives } = sizes(outcomes);
  const { truePositives, falsePositives } = outcomes;
  const share = positives / (positives + negatives);
  return curveSpec({
    title: `Average precision ${figure(averagePrecision, error)}`,
    subtitle: `${texts(positives + negatives)}; dashed: chance`,
    x: 'Recall',
    y: 'Precision',
    points: points.map(({ recall, precision }) => ({ x: recall, y: precision })),
    chance: [
      { x: 0, y: share },
      { x: 1, y: share },
    ],
    decision:
      truePositives + falsePositives === 0
        ? undefined
        : { x: truePositives / positives, y: truePositives / (truePositives + falsePositives) },
    labelSide: 'left',
  });
}

type Point = { x: number; y: number };

type Curve = {
  title: string;
  subtitle: string;
  x: string;
  y: string;
  points: Point[];
  chance: Point[];
  /** The point at threshold 0.5, if there is one, and the side on which its label has room. */
  decision: Point | undefined;
  labelSide: 'left' | 'right';
};

function curveSpec({ title, subtitle, x, y, points, chance, decision, labelSide }: Curve): TopLevelSpec {
  const scale = { domain: [0, 1], nice: false };
  const marked = { values: decision ? [decision] : [] };
  const toTheRight = labelSide === 'right';
  return {
    config,
    width: SIDE,
    height: SIDE,
    title: { text: title, subtitle },
    encoding: {
      x: { field: 'x', type: 'quantitative', title: x, scale },
      y: { field: 'y', type: 'quantitative', title: y, scale },
    },
    layer: [
      {
        data: { values: chance },
        mark: { type: 'line', color: color.reference, strokeDash: [5, 4], strokeWidth: 1.5 },
      },
      {
        data: { values: points },
        // Unsorted: a precision-recall curve has several points at one recall.
        mark: { type: 'line', order: false, color: color.curve, strokeWidth: 2.5, strokeJoin: 'round' },
      },
      {
        data: marked,
        mark: {
          type: 'point',
          filled: true,
          color: color.curve,
          size: 90,
          opacity: 1,
          stroke: 'white',
          strokeWidth: 1.5,
        },
      },
      {
        data: marked,
        mark: {
          type: 'text',
          text: 'threshold 0.5',
          align: toTheRight ? 'left' : 'right',
          dx: toTheRight ? 10 : -10,
          dy: 12,
          fontSize: 12,
          color: color.ink,
        },
      },
    ],
  };
}

function sizes({ truePositives, falsePositives, trueNegatives, falseNegatives }: Outcomes) {
  return { positives: truePositives + falseNegatives, negatives: trueNegatives + falsePositives };
}

/**
 * The reliability diagram: predicted probability against the observed share, and below it the number of texts in each bin.
 * `bins` are positiveBins of `binCount` bins.
 */
export function calibrationSpec(
  bins: readonly CalibrationBin[],
  binCount: number,
  ece: number,
  error: number | undefined,
): TopLevelSpec {
  const total = bins.reduce((sum, bin) => sum + bin.count, 0);
  const values = bins.map((bin) => {
    const [low, high] = wilsonInterval(bin.observed, bin.count);
    const index = Math.max(0, Math.ceil(bin.predicted * binCount) - 1);
    return { ...bin, low, high, from: index / binCount, to: (index + 1) / binCount };
  });
  const scale = { domain: [0, 1], nice: false };
  return {
    config,
    title: {
      text: `Calibration error ${figure(ece, error)}`,
      subtitle: `${texts(total)}, 95 % intervals`,
    },
    data: { values },
    spacing: 12,
    vconcat: [
      {
        width: SIDE,
        height: SIDE * 0.75,
        layer: [
          {
            data: {
              values: [
                { predicted: 0, observed: 0 },
                { predicted: 1, observed: 1 },
              ],
            },
            mark: { type: 'line', color: color.reference, strokeDash: [5, 4], strokeWidth: 1.5 },
            encoding: {
              x: { field: 'predicted', type: 'quantitative' },
              y: { field: 'observed', type: 'quantitative' },
            },
          },
          {
            mark: { type: 'rule', color: color.curve, strokeWidth: 1.5 },
            encoding: {
              x: { field: 'predicted', type: 'quantitative' },
              y: { field: 'low', type: 'quantitative' },
              y2: { field: 'high' },
            },
          },
          {
            mark: {
              type: 'line',
              color: color.curve,
              strokeWidth: 2.5,
              point: { filled: true, fill: color.curve, size: 60, opacity: 1 },
            },
            encoding: {
              x: {
                field: 'predicted',
                type: 'quantitative',
                title: null,
                scale,
                axis: { labels: false, ticks: false },
              },
              y: { field: 'observed', type: 'quantitative', title: 'Share of positive texts', scale },
            },
          },
        ],
      },
      {
        width: SIDE,
        height: SIDE * 0.2,
        mark: { type: 'bar', color: color.curve, opacity: 0.75, stroke: 'white', strokeWidth: 1 },
        encoding: {
          x: { field: 'from', type: 'quantitative', title: 'Predicted probability of positive', scale },
          x2: { field: 'to' },
          y: { field: 'count', type: 'quantitative', title: 'Texts', axis: { tickCount: 2 } },
          y2: { datum: 0 },
        },
      },
    ],
  };
}

/** 95 % interval of a share observed in `count` > 0 trials (Wilson 1927), which stays within 0 to 1. */
export function wilsonInterval(share: number, count: number): [number, number] {
  const z = 1.959964;
  const center = share + z ** 2 / (2 * count);
  const half = z * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2));
  const whole = 1 + z ** 2 / count;
  return [Math.max(0, (center - half) / whole), Math.min(1, (center + half) / whole)];
}

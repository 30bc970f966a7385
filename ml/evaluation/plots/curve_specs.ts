/** ROC and precision-recall curves, with the point at which the model decides and what chance would give. */
import type { TopLevelSpec } from 'vega-lite';
import type { PrecisionRecallPoint, RocPoint } from '../curves.ts';
import type { Outcomes } from '../metrics.ts';
import { color, config, figure, SIDE, texts } from './theme.ts';

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
  /** Where the threshold 0.5 stands, if anywhere, and on which side of it its label has room. */
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
        data: { values: points }, // The points are joined as they come: a precision-recall curve goes up and down at one recall.
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

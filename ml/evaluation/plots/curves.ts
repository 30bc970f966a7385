/**
 * The curves of an evaluation: ROC and precision-recall, with the point at which the model decides and what chance
 * would give, and the reliability diagram.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { ClassCurves } from '../curves.ts';
import type { Outcomes } from '../measures.ts';
import { color, config, figure, SIDE, texts } from './vega.ts';

/** One curve for two classes, else one a class, each against the rest. */
export function rocSpec(curves: readonly ClassCurves[], area: number, error: number | undefined): TopLevelSpec {
  const { positives, negatives } = sizes(curves[0].outcomes);
  return curveSpec({
    title: `ROC-AUC ${figure(area, error)}`,
    subtitle: `${texts(positives + negatives)}; dashed: chance`,
    x: 'False positive rate',
    y: 'True positive rate',
    lines: curves.map(({ name, roc, outcomes }) => {
      const own = sizes(outcomes);
      return {
        name,
        points: roc.map(({ fpr, tpr }) => ({ x: fpr, y: tpr })),
        decision: { x: outcomes.falsePositives / own.negatives, y: outcomes.truePositives / own.positives },
      };
    }),
    chance: [
      { x: 0, y: 0 },
      { x: 1, y: 1 },
    ],
    labelSide: 'right',
  });
}

export function precisionRecallSpec(
  curves: readonly ClassCurves[],
  averagePrecision: number,
  error: number | undefined,
): TopLevelSpec {
  const { positives, negatives } = sizes(curves[0].outcomes);
  const share = positives / (positives + negatives);
  return curveSpec({
    title: `Average precision ${figure(averagePrecision, error)}`,
    subtitle: curves.length > 1 ? texts(positives + negatives) : `${texts(positives + negatives)}; dashed: chance`,
    x: 'Recall',
    y: 'Precision',
    lines: curves.map(({ name, precisionRecall, outcomes: { truePositives, falsePositives, falseNegatives } }) => ({
      name,
      points: precisionRecall.map(({ recall, precision }) => ({ x: recall, y: precision })),
      decision:
        truePositives + falsePositives === 0
          ? undefined
          : {
              x: truePositives / (truePositives + falseNegatives),
              y: truePositives / (truePositives + falsePositives),
            },
    })),
    // Chance is another line for each class.
    chance:
      curves.length > 1
        ? []
        : [
            { x: 0, y: share },
            { x: 1, y: share },
          ],
    labelSide: 'left',
  });
}

type Point = { x: number; y: number };

/** `decision` is the point at which the model decides, if there is one. */
type Line = { name: string; points: Point[]; decision: Point | undefined };

type Curve = {
  title: string;
  subtitle: string;
  x: string;
  y: string;
  lines: Line[];
  chance: Point[];
  /** The side of the decision on which its label has room. */
  labelSide: 'left' | 'right';
};

function curveSpec({ title, subtitle, x, y, lines, chance, labelSide }: Curve): TopLevelSpec {
  const scale = { domain: [0, 1], nice: false };
  const toTheRight = labelSide === 'right';
  const isOne = lines.length === 1;
  const named = <Row extends object>(name: string, row: Row) => (isOne ? row : { ...row, class: name });
  const points = lines.flatMap((line) => line.points.map((point) => named(line.name, point)));
  const decisions = lines.flatMap((line) => (line.decision ? [named(line.name, line.decision)] : []));
  const marked = { values: decisions };
  const ink = isOne ? {} : { encoding: { color: classColor(lines.map((line) => line.name)) } };
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
        ...ink,
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
        ...ink,
      },
      ...(isOne ? [decisionLabel(marked, toTheRight)] : []),
    ],
  };
}

function decisionLabel(data: { values: Point[] }, toTheRight: boolean) {
  return {
    data,
    mark: {
      type: 'text' as const,
      text: 'threshold 0.5',
      align: toTheRight ? ('left' as const) : ('right' as const),
      dx: toTheRight ? 10 : -10,
      dy: 12,
      fontSize: 12,
      color: color.ink,
    },
  };
}

/** From the first class to the last along one scale of colours, which people with any sight of colours can order. */
function classColor(names: readonly string[]) {
  return {
    field: 'class',
    type: 'nominal' as const,
    title: null,
    sort: null,
    scale: {
      domain: [...names],
      range: names.map((_, k) => RAMP[Math.round((k * (RAMP.length - 1)) / (names.length - 1))]),
    },
  };
}

// Viridis, without its lightest end.
const RAMP = ['#440154', '#46327e', '#365c8d', '#277f8e', '#1fa187', '#4ac16d', '#a0da39'];

function sizes({ truePositives, falsePositives, trueNegatives, falseNegatives }: Outcomes) {
  return { positives: truePositives + falseNegatives, negatives: trueNegatives + falsePositives };
}

/**
 * The reliability diagram: predicted probability against the observed share, and below it the number of texts in each bin.
 * One curve for two classes, else one a class; their bins are positiveBins of `binCount` bins.
 */
export function calibrationSpec(
  curves: readonly ClassCurves[],
  binCount: number,
  ece: number,
  error: number | undefined,
): TopLevelSpec {
  const total = curves[0].calibration.reduce((sum, bin) => sum + bin.count, 0);
  const isOne = curves.length === 1;
  const ink = isOne ? {} : { color: classColor(curves.map(({ name }) => name)) };
  const values = curves.flatMap(({ name, calibration }) =>
    calibration.map((bin) => {
      const [low, high] = wilsonInterval(bin.observed, bin.count);
      const index = Math.max(0, Math.ceil(bin.predicted * binCount) - 1);
      const row = { ...bin, low, high, from: index / binCount, to: (index + 1) / binCount };
      return isOne ? row : { ...row, class: name };
    }),
  );
  const of = isOne ? curves[0].name : 'the class';
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
              ...ink,
            },
          },
          {
            mark: {
              type: 'line',
              color: color.curve,
              strokeWidth: 2.5,
              point: { filled: true, ...(isOne && { fill: color.curve }), size: 60, opacity: 1 },
            },
            encoding: {
              x: {
                field: 'predicted',
                type: 'quantitative',
                title: null,
                scale,
                axis: { labels: false, ticks: false },
              },
              y: {
                field: 'observed',
                type: 'quantitative',
                title: `Share of ${isOne ? `${of} texts` : `texts of ${of}`}`,
                scale,
              },
              ...ink,
            },
          },
        ],
      },
      {
        width: SIDE,
        height: SIDE * 0.2,
        mark: { type: 'bar', color: color.curve, opacity: 0.75, stroke: 'white', strokeWidth: 1 },
        encoding: {
          x: { field: 'from', type: 'quantitative', title: `Predicted probability of ${of}`, scale },
          x2: { field: 'to' },
          y: {
            field: 'count',
            type: 'quantitative',
            title: 'Texts',
            axis: { tickCount: 2 },
            ...(isOne ? {} : { stack: null }),
          },
          ...(isOne ? { y2: { datum: 0 } } : ink),
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

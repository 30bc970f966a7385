/** The reliability diagram: promised probability against what came, and below it how many texts each bin holds. */
import type { TopLevelSpec } from 'vega-lite';
import type { CalibrationBin } from '../calibration.ts';
import { color, config, figure, SIDE, texts } from './theme.ts';

/** `bins` are positiveBins of `binCount` bins. */
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

/** 95 % interval of a share observed in `count` > 0 trials (Wilson 1927): stays within 0 to 1, also at the ends. */
export function wilsonInterval(share: number, count: number): [number, number] {
  const z = 1.959964;
  const center = share + z ** 2 / (2 * count);
  const half = z * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2));
  const whole = 1 + z ** 2 / count;
  return [Math.max(0, (center - half) / whole), Math.min(1, (center + half) / whole)];
}

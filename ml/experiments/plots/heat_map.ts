/** Accuracy over two settings of a grid. */
import type { TopLevelSpec } from 'vega-lite';
import { color, config } from '../../evaluation/plots/theme.ts';

export type HeatCell = { x: string; y: string; accuracy: number; se: number };

export function heatMapSpec(cells: readonly HeatCell[], x: string, y: string, subtitle: string): TopLevelSpec {
  const best = Math.max(...cells.map((cell) => cell.accuracy));
  const worst = Math.min(...cells.map((cell) => cell.accuracy));
  const values = cells.map((cell) => ({ ...cell, label: cell.accuracy.toFixed(3), isBest: cell.accuracy === best }));
  const columns = new Set(cells.map((cell) => cell.x)).size;
  const rows = new Set(cells.map((cell) => cell.y)).size;
  return {
    config,
    width: 92 * columns,
    height: 46 * rows,
    title: { text: 'Accuracy in cross-validation', subtitle },
    data: { values },
    encoding: {
      x: {
        field: 'x',
        type: 'nominal',
        title: x,
        sort: null,
        axis: { labelAngle: columns > 4 ? -30 : 0, labelLimit: 400, grid: false },
      },
      y: { field: 'y', type: 'nominal', title: y, sort: null, axis: { grid: false, labelLimit: 400 } },
    },
    layer: [
      {
        mark: { type: 'rect', stroke: 'white', strokeWidth: 2 },
        encoding: {
          color: {
            field: 'accuracy',
            type: 'quantitative',
            scale: { domain: [worst, best], range: ['#eef3f9', color.curve] },
            legend: null,
          },
        },
      },
      {
        mark: { type: 'text', fontSize: 13 },
        encoding: {
          text: { field: 'label', type: 'nominal' },
          color: {
            condition: { test: `datum.accuracy > ${(worst + 2 * best) / 3}`, value: 'white' },
            value: color.ink,
          },
        },
      },
      {
        transform: [{ filter: 'datum.isBest' }],
        mark: { type: 'rect', fill: null, stroke: color.negative, strokeWidth: 3 },
      },
    ],
  };
}

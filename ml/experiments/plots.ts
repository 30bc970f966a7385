/** The two plots of a study: accuracy over two settings, and every cell as a line through its settings and figures. */
import type { TopLevelSpec } from 'vega-lite';
import { color, config } from '../evaluation/plots/vega.ts';

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

export type Axis = { title: string; scale: 'category' | 'linear' | 'log'; format?: (value: number) => string };
/** `values` has one entry for each axis; strings on a category axis. */
export type Line = { cell: string; accuracy: number; values: (string | number)[] };

const TICKS = 5;

/** Parallel coordinates (Inselberg 1985): what the best cells have in common shows as a bundle of lines. */
export function parallelSpec(axes: readonly Axis[], lines: readonly Line[], subtitle: string): TopLevelSpec {
  const positions = axes.map((axis, a) =>
    positionsOn(
      axis,
      lines.map(({ values }) => values[a]),
    ),
  );
  // Sorted so that the best are drawn last, on top.
  const points = lines
    .toSorted((a, b) => a.accuracy - b.accuracy)
    .flatMap(({ cell, accuracy, values }) =>
      values.map((value, a) => ({ cell, accuracy, axis: a, y: positions[a].of(value) })),
    );
  const labels = positions.flatMap(({ ticks }, a) => ticks.map((tick) => ({ axis: a, ...tick })));
  const titles = axes.map(({ title }, a) => ({ axis: a, y: 1.1, text: title }));
  const x = position('axis', axes.length - 1);
  const y = position('y', 1.12);
  const accuracies = lines.map((line) => line.accuracy);
  return {
    config: { ...config, padding: 16 },
    width: 210 * (axes.length - 1),
    height: 420,
    title: { text: 'What the best have in common', subtitle },
    layer: [
      {
        data: { values: axes.map((_, axis) => ({ axis, y: 0, end: 1 })) },
        mark: { type: 'rule', color: color.reference },
        encoding: { x, y, y2: { field: 'end' } },
      },
      {
        data: { values: points },
        mark: { type: 'line', strokeWidth: 1.8, opacity: 0.85, interpolate: 'monotone' },
        encoding: {
          x,
          y,
          detail: { field: 'cell', type: 'nominal' },
          color: {
            field: 'accuracy',
            type: 'quantitative',
            scale: {
              domain: [Math.min(...accuracies), Math.max(...accuracies)],
              range: ['#d9c3b6', color.negative, color.curve],
            },
            legend: null,
          },
        },
      },
      {
        data: { values: labels },
        mark: { type: 'text', align: 'right', dx: -6, fontSize: 11, color: color.ink, stroke: 'white', strokeWidth: 3 },
        encoding: { x, y, text: { field: 'text', type: 'nominal' } },
      },
      {
        data: { values: labels },
        mark: { type: 'text', align: 'right', dx: -6, fontSize: 11, color: color.ink },
        encoding: { x, y, text: { field: 'text', type: 'nominal' } },
      },
      {
        data: { values: titles },
        mark: { type: 'text', fontSize: 13, fontWeight: 600, color: color.ink },
        encoding: { x, y, text: { field: 'text', type: 'nominal' } },
      },
    ],
  };
}

function position(field: string, most: number) {
  return { field, type: 'quantitative' as const, axis: null, scale: { domain: [0, most] } };
}

type Positions = { of(value: string | number): number; ticks: { y: number; text: string }[] };

function positionsOn({ scale, format }: Axis, values: readonly (string | number)[]): Positions {
  if (scale === 'category') {
    const names = [...new Set(values.map(String))];
    const positionOf = (name: string) => (names.length === 1 ? 0.5 : 1 - names.indexOf(name) / (names.length - 1));
    return { of: (value) => positionOf(String(value)), ticks: names.map((text) => ({ y: positionOf(text), text })) };
  }
  const into = scale === 'log' ? Math.log : (value: number) => value;
  const back = scale === 'log' ? Math.exp : (value: number) => value;
  const numbers = values.map(Number);
  const low = into(Math.min(...numbers));
  const high = into(Math.max(...numbers));
  const span = high - low || 1;
  const show = format ?? ((value: number) => String(Number(value.toPrecision(3))));
  return {
    of: (value) => (into(Number(value)) - low) / span,
    ticks: Array.from({ length: TICKS }, (_, k) => {
      const y = k / (TICKS - 1);
      return { y, text: show(back(low + y * span)) };
    }),
  };
}

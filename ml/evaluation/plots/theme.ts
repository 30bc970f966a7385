/** One look for all plots: a readable size, few lines, the figure in the title. */
import type { Config } from 'vega-lite';

export const SIDE = 400;

export const color = {
  /** The model. */
  curve: '#1f5fa8',
  /** Towards the negative class. */
  negative: '#b4532a',
  /** What a model that knows nothing would do, or a perfect one should. */
  reference: '#8a8f98',
  ink: '#1c1f24',
  faint: '#5d636e',
  grid: '#e6e8ec',
} as const;

/**
 * Without a canvas Vega takes a letter to be 0.8 of the font size wide, which is too much, and makes room for that:
 * titles are kept short enough to fit the plot all the same.
 */
export const config: Config = {
  background: 'white',
  padding: 16,
  font: 'Helvetica, Arial, "Liberation Sans", sans-serif',
  title: {
    anchor: 'start',
    frame: 'group',
    fontSize: 18,
    fontWeight: 600,
    color: color.ink,
    subtitleFontSize: 13,
    subtitleColor: color.faint,
    subtitlePadding: 6,
    offset: 14,
  },
  axis: {
    labelFontSize: 12,
    labelColor: color.faint,
    titleFontSize: 13,
    titleFontWeight: 'normal',
    titleColor: color.ink,
    titlePadding: 8,
    gridColor: color.grid,
    domainColor: color.reference,
    tickColor: color.reference,
    tickCount: 5,
    labelFlush: false,
  },
  view: { stroke: null },
};

/** "0.889 ± 0.007", or without the error where there is none. */
export function figure(value: number, error: number | undefined): string {
  return error === undefined ? value.toFixed(3) : `${value.toFixed(3)} ± ${error.toFixed(3)}`;
}

export function texts(count: number): string {
  return `${count.toLocaleString('en')} held-out texts`;
}

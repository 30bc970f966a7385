/**
 * One look for all plots (a readable size, few lines, the figure in the title), and Vega-Lite to SVG text without a
 * browser or a canvas: equal specifications give equal bytes.
 */
import { parse, resetSVGDefIds, View, Warn } from 'vega';
import { type Config, compile, type TopLevelSpec } from 'vega-lite';

export const SIDE = 400;

export const color = {
  /** The model. */
  curve: '#1f5fa8',
  /** Towards the negative class. */
  negative: '#b4532a',
  /** Chance, or a perfect model. */
  reference: '#8a8f98',
  ink: '#1c1f24',
  faint: '#5d636e',
  grid: '#e6e8ec',
} as const;

/**
 * Without a canvas Vega assumes that a letter is 0.8 of the font size wide, which is too much, and reserves that room. So
 * titles are short enough to fit the plot even then.
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

/** "0.889 ± 0.007", or "0.889" if there is no error. */
export function figure(value: number, error: number | undefined): string {
  return error === undefined ? value.toFixed(3) : `${value.toFixed(3)} ± ${error.toFixed(3)}`;
}

export function texts(count: number): string {
  return `${count.toLocaleString('en')} held-out texts`;
}

export async function renderSvg(spec: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile(spec).spec), { renderer: 'none', logLevel: Warn });
  try {
    // The ids of clip paths count up while the process runs.
    resetSVGDefIds();
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
}

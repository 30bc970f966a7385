/**
 * A picture of a deployment from its own record (--record FILE): what it did when, and the figures that it compared.
 * `explained-rollout timeline FILE` draws it.
 */
import type { Comparison } from '../bake/compare.ts';

/** A line of the record. */
export type Entry = {
  /** Since the deployment began. */
  seconds: number;
  /** What it said. */
  line?: string;
  /** What a look at the two revisions said. */
  comparisons?: Comparison[];
};

const width = 900;
const left = 190;
const right = 24;
const rowHeight = 22;
const chartHeight = 74;
const mostCharts = 4;
const mostWords = 120;
const colours = { text: '#24292f', quiet: '#8c959f', now: '#0969da', bad: '#cf222e', good: '#1a7f37' };

/** The same on a dark page. */
const dark = `<style>@media (prefers-color-scheme: dark) { rect { fill: #0d1117; } line[stroke="#d0d7de"] { stroke: #3d444d; } [fill="${colours.text}"] { fill: #e6edf3; } [fill="${colours.quiet}"] { fill: #9198a1; } [fill="${colours.now}"] { fill: #58a6ff; } [stroke="${colours.now}"] { stroke: #58a6ff; } [fill="${colours.bad}"] { fill: #ff7b72; } [stroke="${colours.bad}"] { stroke: #ff7b72; } }</style>`;

export function parseRecord(text: string): Entry[] {
  return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line) as Entry]));
}

/** SVG, readable without colours: bad lines are bold, and the old revision's figures are dashed. */
export function timelineOf(entries: Entry[], title: string): string {
  const end = Math.max(1, ...entries.map(({ seconds }) => seconds));
  const x = (seconds: number) => left + ((width - left - right) * seconds) / end;
  const lines = entries.flatMap(({ seconds, line }) => (line === undefined ? [] : [{ seconds, line }]));
  const charts = chartsOf(entries);
  const failedAt = lines.find(({ line }) => line.startsWith('failed: '))?.seconds;
  const top = 44;
  const chartsTop = top + lines.length * rowHeight + 16;
  const height = chartsTop + charts.length * chartHeight + 34;
  const rows = lines.map(({ seconds, line }, i) => {
    const y = top + i * rowHeight + 14;
    const colour = line.startsWith('failed: ') ? colours.bad : colours.text;
    const words = line.length > mostWords ? `${line.slice(0, mostWords)}...` : line;
    const weight = colour === colours.bad ? ' font-weight="bold"' : '';
    return `<text x="12" y="${y}" fill="${colours.quiet}">${seconds.toFixed(1)} s</text><text x="70" y="${y}" fill="${colour}"${weight}>${escaped(words)}</text>`;
  });
  const drawn = charts.map((chart, i) => drawChart(chart, chartsTop + i * chartHeight, x));
  const bottom = chartsTop + charts.length * chartHeight;
  const ticks = ticksTo(end).map(
    (at) =>
      `<text x="${x(at).toFixed(1)}" y="${bottom + 18}" text-anchor="middle" fill="${colours.quiet}">${at} s</text><line x1="${x(at).toFixed(1)}" y1="${chartsTop}" x2="${x(at).toFixed(1)}" y2="${bottom + 4}" stroke="#d0d7de"/>`,
  );
  const fall =
    failedAt === undefined
      ? ''
      : `<line x1="${x(failedAt).toFixed(1)}" y1="${chartsTop}" x2="${x(failedAt).toFixed(1)}" y2="${bottom}" stroke="${colours.bad}" stroke-width="2"/><text x="${(x(failedAt) - 6).toFixed(1)}" y="${chartsTop + 10}" text-anchor="end" fill="${colours.bad}">verdict</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" role="img"><title>${escaped(title)}</title>
${dark}
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="12" y="24" font-size="15" font-weight="bold" fill="${colours.text}">${escaped(title)}</text>
${rows.join('\n')}
${ticks.join('\n')}
${drawn.join('\n')}
${fall}
</svg>
`;
}

type Point = { seconds: number; now: number; before: number };
type Chart = { name: string; points: Point[]; isWorse: boolean; says: string };

/** One for each signal that had figures; the one that decided first. */
function chartsOf(entries: Entry[]): Chart[] {
  const charts = new Map<string, Chart>();
  for (const { seconds, comparisons = [] } of entries) {
    for (const { name, state, says, now, before } of comparisons) {
      if (typeof now !== 'number' || typeof before !== 'number') continue;
      const chart = charts.get(name) ?? { name, points: [], isWorse: false, says };
      chart.points.push({ seconds, now, before });
      charts.set(name, { ...chart, isWorse: chart.isWorse || state === 'worse', says });
    }
  }
  return [...charts.values()].sort((a, b) => Number(b.isWorse) - Number(a.isWorse)).slice(0, mostCharts);
}

function drawChart({ name, points, isWorse, says }: Chart, top: number, x: (seconds: number) => number): string {
  const most = Math.max(1e-9, ...points.flatMap(({ now, before }) => [now, before]));
  const y = (value: number) => top + chartHeight - 18 - ((chartHeight - 36) * value) / most;
  const path = (pick: (point: Point) => number) =>
    points.map((point) => `${x(point.seconds).toFixed(1)},${y(pick(point)).toFixed(1)}`).join(' ');
  const colour = isWorse ? colours.bad : colours.now;
  const figures = says.slice(name.length + 2);
  return [
    `<text x="12" y="${top + 24}" fill="${colour}" font-weight="bold">${escaped(name)}</text>`,
    `<text x="12" y="${top + 40}" fill="${colours.quiet}" font-size="10">highest ${escaped(String(Number(most.toPrecision(3))))}</text>`,
    `<text x="${left}" y="${top + chartHeight - 4}" fill="${colours.quiet}" font-size="10">${escaped(figures)}</text>`,
    `<polyline points="${path(({ before }) => before)}" fill="none" stroke="${colours.quiet}" stroke-dasharray="4 3"/>`,
    `<polyline points="${path(({ now }) => now)}" fill="none" stroke="${colour}" stroke-width="2"/>`,
  ].join('');
}

function ticksTo(end: number): number[] {
  const step = [5, 10, 20, 30, 60, 120, 300, 600].find((each) => end / each <= 10) ?? 1200;
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/**
 * The dashboard of monitoring/grafana/panels.ts as one SVG, with the data that a live Prometheus has. This is not Grafana: it
 * draws the same panels, queries, units, thresholds and legends in a plain way.
 */

import { type PanelSpec, rows, type Unit } from '../../monitoring/grafana/panels.ts';
import { escapeHtml } from '../../service/page/html.ts';

export type Sample = { name: string; points: { time: number; value: number }[] };
/** Answers one query over the time shown; `name` is the legend with its labels put in. */
export type Ask = (expr: string, legend: string) => Promise<Sample[]>;

const WIDTH = 420;
const HEIGHT = 210;
const GAP = 14;
const COLUMNS = 3;
const COLORS = ['#0a6a6a', '#a2400c', '#3b5fa4', '#7a5c00', '#8a3b7d', '#4a6b2a', '#575e66', '#b0406a'];
const MIB = 2 ** 20;
const PLOT = { left: 62, top: 38, width: WIDTH - 82, height: HEIGHT - 92 };

export async function drawDashboard(ask: Ask): Promise<string> {
  const parts: string[] = [];
  let top = 10;
  for (const { title, panels } of rows) {
    parts.push(`<text class="row" x="${GAP}" y="${top + 20}">${escapeHtml(title)}</text>`);
    top += 34;
    for (const [i, panel] of panels.entries()) {
      const samples = await Promise.all(
        panel.queries.map(async ({ expr, legend }) => ({
          legend,
          found: await ask(expr, panel.kind === 'bars' ? '{{bucket}}' : legend),
        })),
      );
      const x = GAP + (i % COLUMNS) * (WIDTH + GAP);
      const y = top + Math.floor(i / COLUMNS) * (HEIGHT + GAP);
      parts.push(`<g transform="translate(${x} ${y})">${draw(panel, samples)}</g>`);
    }
    top += Math.ceil(panels.length / COLUMNS) * (HEIGHT + GAP) + 8;
  }
  const width = GAP + COLUMNS * (WIDTH + GAP);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" role="img">
<title>The panels of the dashboard with the data of a live Prometheus, drawn without Grafana</title>
<style>
text { font: 12px system-ui, sans-serif; fill: #57606a; } .title { font-weight: 600; fill: #1f2328; font-size: 13px; } .row { font-weight: 600; fill: #1f2328; font-size: 15px; }
.big { font-size: 34px; font-weight: 600; fill: #0a6a6a; text-anchor: middle; } .panel { fill: #ffffff; stroke: #d0d7de; } .grid { stroke: #eaeef2; } .limit { stroke: #c02a2a; stroke-dasharray: 5 4; }
.line { fill: none; stroke-width: 1.5; } .y { text-anchor: end; font-size: 11px; } .background { fill: #f6f8fa; }
@media (prefers-color-scheme: dark) {
  text { fill: #9198a1; } .title, .row { fill: #e6edf3; } .panel { fill: #161b22; stroke: #3d444d; } .grid { stroke: #2a313a; } .background { fill: #0d1117; } .big { fill: #6fd3cb; } .line { filter: brightness(1.6); }
}
</style>
<rect class="background" width="${width}" height="${top}"/>
${parts.join('\n')}
</svg>
`;
}

type Answered = { legend: string; found: Sample[] }[];

function draw(panel: PanelSpec, answered: Answered): string {
  const all = answered.flatMap(({ found }) => found);
  const body =
    all.length === 0
      ? `<text x="${WIDTH / 2}" y="${HEIGHT / 2}" text-anchor="middle">no data</text>`
      : panel.kind === 'lines'
        ? lines(panel, all)
        : panel.kind === 'bars'
          ? bars(panel.unit, answered)
          : number(panel, all);
  return `<rect class="panel" width="${WIDTH}" height="${HEIGHT}" rx="6"/><text class="title" x="14" y="22">${escapeHtml(panel.title)}</text>${body}`;
}

function number({ kind, unit }: PanelSpec, all: Sample[]): string {
  return all
    .slice(0, 3)
    .map(({ name, points }, i) => {
      const told = kind === 'name' ? name : shown(points.at(-1)?.value ?? 0, unit);
      return `<text class="big" x="${WIDTH / 2}" y="${HEIGHT / 2 + 12 + i * 40}"${told.length > 16 ? ' style="font-size: 22px"' : ''}>${escapeHtml(told)}</text>`;
    })
    .join('');
}

function lines({ unit, threshold }: PanelSpec, all: Sample[]): string {
  const times = all.flatMap(({ points }) => points.map(({ time }) => time));
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const values = all.flatMap(({ points }) => points.map(({ value }) => value)).filter(Number.isFinite);
  const most = top(Math.max(0, ...values), unit);
  const x = (time: number) => (PLOT.left + (PLOT.width * (time - from)) / Math.max(1, to - from)).toFixed(1);
  const y = (value: number) => (PLOT.top + PLOT.height * (1 - value / most)).toFixed(1);
  const paths = all.map(({ points }, i) => {
    const known = points.filter(({ value }) => Number.isFinite(value));
    const d = known.map(({ time, value }, k) => `${k === 0 ? 'M' : 'L'}${x(time)} ${y(value)}`).join('');
    return `<path class="line" stroke="${COLORS[i % COLORS.length]}" d="${d}"/>`;
  });
  const limit =
    threshold !== undefined && threshold <= most
      ? `<path class="limit" d="M${PLOT.left} ${y(threshold)}H${PLOT.left + PLOT.width}"/>`
      : '';
  return axis(most, unit) + paths.join('') + limit + legend(all.map(({ name }) => name));
}

/** A group for each bucket, ascending, with a bar for each query. */
function bars(unit: Unit, answered: Answered): string {
  const buckets = [...new Set(answered.flatMap(({ found }) => found.map(({ name }) => name)))].sort(
    (a, b) => Number(a.replace('+Inf', 'Infinity')) - Number(b.replace('+Inf', 'Infinity')),
  );
  const latest = (found: Sample[], bucket: string) =>
    found.find(({ name }) => name === bucket)?.points.at(-1)?.value ?? 0;
  const most = top(Math.max(...answered.flatMap(({ found }) => buckets.map((bucket) => latest(found, bucket)))), unit);
  const step = PLOT.width / buckets.length;
  const drawn = buckets.map((bucket, k) => {
    const left = PLOT.left + k * step;
    const each = answered.map(({ found }, i) => {
      const height = (PLOT.height * latest(found, bucket)) / most;
      const width = (0.8 * step) / answered.length;
      return `<rect x="${(left + 0.1 * step + i * width).toFixed(1)}" y="${(PLOT.top + PLOT.height - height).toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}" fill="${COLORS[i]}"/>`;
    });
    return `${each.join('')}<text x="${(left + step / 2).toFixed(1)}" y="${PLOT.top + PLOT.height + 14}" text-anchor="middle" font-size="10">${escapeHtml(bucket)}</text>`;
  });
  return (
    axis(most, unit) +
    drawn.join('') +
    legend(
      answered.map((each) => each.legend),
      16,
    )
  );
}

function axis(most: number, unit: Unit): string {
  return [0, 0.5, 1]
    .map((share) => {
      const y = PLOT.top + PLOT.height * (1 - share);
      return `<path class="grid" d="M${PLOT.left} ${y}h${PLOT.width}"/><text class="y" x="${PLOT.left - 6}" y="${y + 4}">${shown(share * most, unit)}</text>`;
    })
    .join('');
}

function legend(names: string[], lower = 0): string {
  let left = PLOT.left;
  return names
    .slice(0, 6)
    .map((name, i) => {
      const short = name.length > 24 ? `${name.slice(0, 23)}…` : name;
      const x = left;
      left += 24 + 6.6 * short.length;
      if (left > WIDTH + 20) return '';
      return `<path class="line" stroke="${COLORS[i % COLORS.length]}" stroke-width="3" d="M${x} ${HEIGHT - 26 + lower}h10"/><text x="${x + 14}" y="${HEIGHT - 22 + lower}">${escapeHtml(short)}</text>`;
    })
    .join('');
}

/** The upper end of an axis. Zero alone gets one with a readable unit, and a share ends at 100 %, which a rate may exceed by a little. */
function top(value: number, unit: Unit): number {
  if (value <= 0) return unit === 'percentunit' ? 0.01 : unit === 'bytes' ? MIB : 1;
  if (unit === 'percentunit' && value <= 1.05 && value > 0.5) return 1;
  return unit === 'bytes' ? niceAbove(value / MIB) * MIB : niceAbove(value);
}

function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((step) => step * power).find((each) => each >= value * 0.999) ?? value;
}

function shown(value: number, unit: Unit): string {
  const short = (number: number) => String(Number(number.toPrecision(3)));
  switch (unit) {
    case 'percentunit':
      return `${short(100 * value)} %`;
    case 's':
      return value < 0.1 ? `${short(1000 * value)} ms` : `${short(value)} s`;
    case 'bytes':
      return `${short(value / MIB)} MiB`;
    case 'reqps':
      return `${short(value)}/s`;
    case 'd':
      return `${short(value)} days`;
    default:
      return short(value);
  }
}

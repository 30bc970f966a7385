/**
 * Draws docs/pictures/whole.svg, the way from a table of texts to a watched service: `node scripts/whole.ts`. Each box names the
 * folder that does the work; a test fails when one of them is gone or the picture is older than this table.
 */
import { runMain } from '../ml/errors.ts';
import { writeText } from '../ml/files.ts';

export const WHOLE = 'docs/pictures/whole.svg';

type Box = { title: string; says: string; folder: string };

/** From left to right, row by row. */
export const steps: readonly (readonly Box[])[] = [
  [
    { title: 'Texts with labels', says: 'CSV, Parquet or S3, under DVC', folder: 'ml/corpus' },
    { title: 'Pipeline', says: 'six stages; what changed runs', folder: 'ml/stages' },
    { title: 'Runs and models', says: 'MLflow: experiments and registry', folder: 'ml/tracking' },
    { title: 'Gate', says: 'behaviour, champion, floors', folder: 'ml/evaluation' },
  ],
  [
    { title: 'Image', says: 'model inside, signed, on ECR', folder: 'ci/src/release' },
    { title: 'Rollout on EKS', says: 'no dropped request, explained', folder: 'ci/src/deploy' },
    { title: 'Service', says: 'page and API, with reasons', folder: 'service' },
    { title: 'Watching', says: 'Prometheus, alerts, Grafana', folder: 'monitoring' },
  ],
];

const BACK = 'worse than before? back to the last good revision, and a sentence that says why';
const LEARN = 'drift or feedback: train again';

const BOX = { width: 216, height: 74, stepX: 256, stepY: 150, left: 24, top: 46 };

export function drawWhole(): string {
  const at = (row: number, column: number) => ({
    x: BOX.left + column * BOX.stepX,
    y: BOX.top + row * BOX.stepY,
  });
  const columns = steps[0].length;
  const width = 2 * BOX.left + (columns - 1) * BOX.stepX + BOX.width;
  const middle = BOX.height / 2;
  const boxes = steps.flatMap((row, r) =>
    row.map(({ title, says, folder }, c) => {
      const { x, y } = at(r, c);
      const center = x + BOX.width / 2;
      const arrow = c === 0 ? '' : `<path class="arrow" d="M${x - BOX.stepX + BOX.width + 4} ${y + middle}H${x - 7}"/>`;
      return `${arrow}<rect x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="8"/>
<text class="name" x="${center}" y="${y + 24}">${title}</text>
<text x="${center}" y="${y + 43}">${says}</text>
<text class="folder" x="${center}" y="${y + 62}">${folder}/</text>`;
    }),
  );
  const gate = at(0, columns - 1);
  const image = at(1, 0);
  const watching = at(1, columns - 1);
  const turn = gate.y + BOX.height + 38;
  const bottom = watching.y + BOX.height + 34;
  const rollout = at(1, 1).x + BOX.width / 2;
  const first = at(0, 0).x + BOX.width / 2;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + 26}" role="img">
<title>From texts with labels to a watched service, and back</title>
<style>
svg { background: #fff; font: 12.5px system-ui, sans-serif; }
text { fill: #57606a; text-anchor: middle; }
.name { fill: #1f2328; font-weight: 600; font-size: 15px; }
.folder { font: 11px ui-monospace, monospace; }
rect { fill: #f6f8fa; stroke: #afb8c1; }
.arrow { fill: none; stroke: #0a6a6a; stroke-width: 1.5; marker-end: url(#head); }
.back { fill: none; stroke: #a2400c; stroke-width: 1.5; stroke-dasharray: 5 4; marker-end: url(#turn); }
#head path { fill: #0a6a6a; } #turn path { fill: #a2400c; }
@media (prefers-color-scheme: dark) {
  svg { background: #0d1117; }
  text { fill: #9198a1; }
  .name { fill: #e6edf3; }
  rect { fill: #161b22; stroke: #3d444d; }
  .arrow { stroke: #6fd3cb; } .back { stroke: #f5ab78; }
  #head path { fill: #6fd3cb; } #turn path { fill: #f5ab78; }
}
</style>
<defs>
<marker id="head" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker>
<marker id="turn" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker>
</defs>
${boxes.join('\n')}
<path class="arrow" d="M${gate.x + BOX.width / 2} ${gate.y + BOX.height + 4}V${turn}H${image.x + BOX.width / 2}V${image.y - 7}"/>
<text x="${width / 2}" y="${turn - 8}">promoted</text>
<path class="back" d="M${watching.x + BOX.width / 2} ${watching.y + BOX.height + 4}V${bottom}H${rollout}V${watching.y + BOX.height + 8}"/>
<text x="${(rollout + watching.x + BOX.width / 2) / 2}" y="${bottom + 17}">${BACK}</text>
<path class="back" d="M${rollout - 10} ${bottom}H${BOX.left - 12}V22H${first}V${BOX.top - 7}"/>
<text x="${first + 112}" y="18">${LEARN}</text>
</svg>
`;
}

if (process.argv[1] === import.meta.filename) await runMain(async () => writeText(WHOLE, drawWhole()));

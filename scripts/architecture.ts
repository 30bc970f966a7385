/**
 * Draws docs/pictures/architecture.svg from the imports of the code: `node scripts/architecture.ts`. A test fails when
 * the picture is older than the code.
 *
 * A box is a folder, or a file that stands alone; an arrow is an import, type imports included. An arrow that a chain of
 * other arrows implies is left out (transitive reduction: Aho, Garey & Ullman 1972).
 */

import { runMain } from '../ml/errors.ts';
import { writeText } from '../ml/files.ts';
import { readImports, readSources } from './imports.ts';

export const PICTURE = 'docs/pictures/architecture.svg';

type Room = { path: string; column: number; says: string };

/**
 * What stands in the picture, and in which column; the row follows from the imports. A file belongs to the longest
 * path that it starts with, or is not drawn, such as ml/errors.ts.
 */
const panels: { title: string; rooms: Room[] }[] = [
  {
    title: 'the product',
    rooms: [
      { path: 'bench', column: 1, says: 'speed beside peers' },
      { path: 'scripts', column: 0, says: 'make run, make monitor' },
      { path: 'cli', column: 1, says: 'the sentiment command' },
      { path: 'service', column: 0, says: 'page, /predict, /metrics' },
      { path: 'ml/stages', column: 1, says: 'programs of dvc.yaml' },
      { path: 'ml/experiments', column: 2, says: 'compare, tune, ablation' },
      { path: 'ml/training.ts', column: 1, says: 'matrix to model' },
      { path: 'ml/evaluation', column: 1, says: 'metrics, behaviour, gate' },
      { path: 'ml/corpus', column: 2, says: 'tables to reviews, split' },
      { path: 'ml/params.ts', column: 2, says: 'params.yaml, checked' },
      { path: 'ml/classifiers', column: 2, says: 'one registry: fit' },
      { path: 'ml/model', column: 1, says: 'save, predict, explain' },
      { path: 'ml/tracking', column: 0, says: 'MLflow over REST' },
      { path: 'ml/features', column: 1, says: 'n-grams, sparse matrix' },
      { path: 'ml/text', column: 1, says: 'normalise, scan, negate' },
    ],
  },
  {
    title: 'ci/: the Dagger module',
    rooms: [
      { path: 'ci/src/index.ts', column: 1, says: 'dagger call ...' },
      { path: 'ci/src/arguments.ts', column: 3, says: 'what callers give' },
      { path: 'ci/src/release', column: 1, says: 'the order of things' },
      { path: 'ci/src/checks', column: 2, says: 'lint, types, tests' },
      { path: 'ci/src/containers', column: 2, says: 'what steps run in' },
      { path: 'ci/src/doctor', column: 0, says: 'what is missing' },
      { path: 'ci/src/deploy', column: 1, says: 'apply, watch, roll back' },
      { path: 'ci/src/diagnosis', column: 0, says: 'causes and advice' },
      { path: 'ci/src/kubernetes', column: 0, says: 'client, errors, objects' },
      { path: 'ci/src/ecr', column: 1, says: 'repository, push, scan' },
      { path: 'ci/src/aws', column: 1, says: 'sign-in, clients, EKS' },
      { path: 'ci/src/image_name.ts', column: 2, says: 'one grammar of names' },
    ],
  },
];

type Graph = Map<string, Set<string>>;

/** Imports between rooms. What is drawn in no room, such as ml/errors.ts, has no arrows. */
export function roomGraph(rooms: Room[], imports: Map<string, string[]>): Graph {
  const roomOf = (file: string) =>
    rooms
      .map(({ path }) => path)
      .filter((path) => file === path || file.startsWith(`${path}/`))
      .sort((a, b) => b.length - a.length)[0];
  const graph: Graph = new Map(rooms.map(({ path }) => [path, new Set()]));
  for (const [file, targets] of imports) {
    const from = roomOf(file);
    for (const target of targets) {
      const to = roomOf(target);
      if (from && to && from !== to) graph.get(from)!.add(to);
    }
  }
  return graph;
}

function reaches(graph: Graph, from: string, to: string): boolean {
  return [...graph.get(from)!].some((next) => next === to || reaches(graph, next, to));
}

/** Needs a graph without cycles, which tests/config/structure.test.ts demands. */
function reduced(graph: Graph): Graph {
  const isImplied = (from: string, to: string) =>
    [...graph.get(from)!].some((next) => next !== to && reaches(graph, next, to));
  return new Map([...graph].map(([from, tos]) => [from, new Set([...tos].filter((to) => !isImplied(from, to)))]));
}

/** How many arrows a room is above the lowest, at the longest way. */
function floorOf(graph: Graph, room: string): number {
  return Math.max(-1, ...[...graph.get(room)!].map((next) => floorOf(graph, next))) + 1;
}

const BOX = { width: 190, height: 50, stepX: 214, stepY: 100, top: 60 };

type Spot = { x: number; y: number };

function spotsOf(rooms: Room[], graph: Graph, left: number): Map<string, Spot> {
  const floors = new Map(rooms.map(({ path }) => [path, floorOf(graph, path)]));
  const highest = Math.max(...floors.values());
  return new Map(
    rooms.map(({ path, column }) => [
      path,
      { x: left + column * BOX.stepX, y: BOX.top + (highest - floors.get(path)!) * BOX.stepY },
    ]),
  );
}

function drawRoom({ path, says }: Room, { x, y }: Spot): string {
  const middle = x + BOX.width / 2;
  return `<rect x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="6"/>
<text class="name" x="${middle}" y="${y + 20}">${path}</text>
<text x="${middle}" y="${y + 38}">${says}</text>`;
}

/** Leaves on the side of its target and changes columns at once, so that it passes behind no box. */
function drawArrow(from: Spot, to: Spot): string {
  const side = Math.sign(to.x - from.x);
  const start = { x: from.x + BOX.width / 2 + side * 60, y: from.y + BOX.height };
  const end = { x: to.x + BOX.width / 2 - side * 20, y: to.y - 5 };
  const turn = start.y + 41;
  const curve = `C${start.x} ${turn - 10} ${end.x} ${turn - 35} ${end.x} ${turn}`;
  return `<path d="M${start.x} ${start.y}${side === 0 ? '' : curve}L${end.x} ${end.y}"/>`;
}

export function drawArchitecture(): string {
  const imports = readImports(readSources());
  const size = { width: 24, height: 0 };
  const drawn: string[] = [];
  for (const { title, rooms } of panels) {
    const graph = reduced(roomGraph(rooms, imports));
    const spots = spotsOf(rooms, graph, size.width);
    drawn.push(`<text class="title" x="${size.width}" y="34">${title}</text>`);
    for (const [from, tos] of graph) for (const to of tos) drawn.push(drawArrow(spots.get(from)!, spots.get(to)!));
    for (const room of rooms) drawn.push(drawRoom(room, spots.get(room.path)!));
    size.width = Math.max(...Array.from(spots.values(), ({ x }) => x)) + BOX.stepX + 24;
    size.height = Math.max(size.height, ...Array.from(spots.values(), ({ y }) => y + BOX.stepY));
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img">
<title>The folders of this repository, and which imports which</title>
<style>
svg { background: #fff; font: 12px system-ui, sans-serif; }
text { fill: #57606a; text-anchor: middle; }
.name { fill: #1f2328; font-weight: 600; }
.title { fill: #1f2328; font-size: 15px; font-weight: 600; text-anchor: start; }
rect { fill: #f6f8fa; stroke: #afb8c1; }
path { fill: none; stroke: #6e7781; marker-end: url(#head); }
marker path { fill: #6e7781; stroke: none; }
@media (prefers-color-scheme: dark) {
  svg { background: #0d1117; }
  text { fill: #9198a1; }
  .name, .title { fill: #e6edf3; }
  rect { fill: #161b22; stroke: #3d444d; }
}
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>
${drawn.join('\n')}
</svg>
`;
}

if (process.argv[1] === import.meta.filename) await runMain(async () => writeText(PICTURE, drawArchitecture()));

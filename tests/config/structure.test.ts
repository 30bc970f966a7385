/** The structure of the code: which file may import which, type imports included. docs/architecture.md draws it. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { readImports, readSources, sourceFolders } from '../../scripts/imports.ts';

const root = resolve(import.meta.dirname, '../..');
const sources = readSources();
const files = [...sources.keys()];
const imports = readImports(sources);

/** Groups of files that import each other in a circle. Tarjan 1972, "Depth-first search and linear graph algorithms". */
function cyclesOf(graph: Map<string, string[]>): string[][] {
  const cycles: string[][] = [];
  const order = new Map<string, number>();
  const path: string[] = [];
  const visit = (file: string): number => {
    const own = order.size;
    order.set(file, own);
    path.push(file);
    let low = own;
    for (const target of graph.get(file)!) {
      if (!graph.has(target)) continue;
      if (!order.has(target)) low = Math.min(low, visit(target));
      else if (path.includes(target)) low = Math.min(low, order.get(target)!);
    }
    if (low === own) {
      const group = path.splice(path.indexOf(file));
      if (group.length > 1 || graph.get(file)!.includes(file)) cycles.push(group.sort());
    }
    return low;
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return cycles;
}

/** "a -> b" for each import from a file under `from` of something that `isTarget` names. */
function importsFrom(from: string, isTarget: (target: string) => boolean): string[] {
  const within = files.filter((file) => file === from || file.startsWith(`${from}/`));
  return within.flatMap((file) =>
    imports
      .get(file)!
      .filter(isTarget)
      .map((target) => `${file} -> ${target}`),
  );
}

const isIn =
  (...paths: string[]) =>
  (target: string) =>
    paths.some((path) => target === path || target.startsWith(`${path}/`));

test('the imports of every folder are read', () => {
  for (const folder of sourceFolders.filter((each) => existsSync(join(root, each)))) {
    expect(importsFrom(folder, (target) => files.includes(target)).length, folder).toBeGreaterThan(5);
  }
  const local = [...imports].flatMap(([file, targets]) =>
    targets
      .filter((target) => isIn(...sourceFolders)(target) && target.endsWith('.ts'))
      .map((target) => [file, target]),
  );
  // The SDK of Dagger is generated into ci/sdk.
  expect(local.filter(([, target]) => !files.includes(target))).toEqual([]);
});

test('a cycle of two, of three, and of a file with itself are found', () => {
  const graph = new Map(
    Object.entries({ a: ['b', 'x'], b: ['a', 'c'], c: ['d'], d: ['e'], e: ['c'], f: ['f'], g: ['a'] }),
  );
  expect(cyclesOf(graph)).toEqual([['c', 'd', 'e'], ['a', 'b'], ['f']]);
});

test('no files import each other in a circle', () => {
  expect(cyclesOf(imports)).toEqual([]);
});

/** The folder a file stands in: one below ml/ or ci/src, else the one at the top. A file right in ml/ stands for itself. */
function roomOf(file: string): string {
  const [, room] = /^((?:ml|ci\/src)\/[^/]+|[^/]+)/.exec(file)!;
  return room;
}

test('no folders import each other in a circle', () => {
  const rooms = new Map<string, string[]>(files.map((file) => [roomOf(file), []]));
  for (const [file, targets] of imports) {
    const others = targets.filter((target) => sources.has(target) && roomOf(target) !== roomOf(file));
    rooms.get(roomOf(file))!.push(...others.map(roomOf));
  }
  expect(cyclesOf(rooms)).toEqual([]);
});

/** What each folder may import of the other folders. */
const mayImport: Record<string, string[]> = {
  ml: [],
  service: ['ml/model', 'ml/errors.ts', 'ml/files.ts', 'ml/redact.ts', 'ml/s3.ts'],
  cli: ['ml', 'service', 'scripts/local'],
  scripts: ['ml', 'service'],
  bench: ['ml', 'service', 'scripts'],
  ci: [],
};

test.each(Object.entries(mayImport))('of the other folders, %s imports only %j', (folder, others) => {
  const foreign = isIn(...sourceFolders.filter((each) => each !== folder));
  const wrong = importsFrom(folder, (target) => foreign(target) && !isIn(...others)(target));
  expect(wrong).toEqual([]);
});

test('the deployer and its diagnosis do without Dagger, and the arguments know nothing of a release', () => {
  for (const folder of ['ci/src/deploy', 'ci/src/diagnosis']) {
    expect(importsFrom(folder, isIn('@dagger.io/dagger', 'ci/sdk', 'ci/src/release', 'ci/src/containers'))).toEqual([]);
  }
  expect(importsFrom('ci/src/arguments.ts', isIn('ci/src/release'))).toEqual([]);
});

test('the deployer knows no application: neither its code, nor what it exports, nor the pages that its package takes along', () => {
  const folders = ['ci/src/deploy', 'ci/src/diagnosis', 'ci/src/bake', 'ci/src/kubernetes', 'ci/rollout.ts'];
  const pages = globSync('docs/runbook/*.md', { cwd: root }).filter((page) => !page.includes('/alert-'));
  const texts = [
    ...[...sources].filter(([file]) => isIn(...folders)(file)),
    ...pages.map((page) => [page, readFileSync(join(root, page), 'utf8')]),
  ];
  expect(texts.length).toBeGreaterThan(70);
  // Users of the package or the module have neither our manifests nor the other folders of this repository.
  const ours = /sentiment|mlflow|koa\b|manifests\/(?:cluster|app)|manifests\/signals/i;
  expect(texts.filter(([, text]) => ours.test(text)).map(([file]) => file)).toEqual([]);
  for (const folder of folders) expect(importsFrom(folder, isIn('ci/src/release', 'ci/src/containers'))).toEqual([]);
});

test('no file has more than 400 lines', () => {
  const long = [...sources].filter(([, text]) => text.split('\n').length - 1 > 400);
  expect(long.map(([file]) => file)).toEqual([]);
});

test('no file of ml/ only passes on what others export', () => {
  const isBarrel = (text: string) => {
    const statements = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '').split(/;\s*/);
    return statements.every((each) => each.trim() === '' || /^\s*export\b[^=]*\bfrom\s+'/.test(each));
  };
  expect(isBarrel("/** All. */\nexport { a } from './a.ts';\nexport type { B } from './b.ts';\n")).toBe(true);
  const barrels = [...sources].filter(([file, text]) => file.startsWith('ml/') && isBarrel(text));
  expect(barrels.map(([file]) => file)).toEqual([]);
});

import { globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, matchesGlob, resolve } from 'node:path';
import { expect, test } from 'vitest';
import {
  imagePart,
  integrationTests,
  lintPart,
  namedTexts,
  type Part,
  pipelinePart,
  typesPart,
  unitTests,
} from './parts.ts';

const root = resolve(import.meta.dirname, '../../..');

/**
 * All files that these files import, at any depth, as paths from the root. Packages and dynamic imports are left out: the
 * command line loads the service only for its command `serve`.
 */
function imported(files: string[]): string[] {
  const found = new Set(files);
  for (const file of found) {
    const code = readFileSync(join(root, file), 'utf8');
    for (const [, target] of code.matchAll(/^(?:import|export|\}) ?.*from '(\.[^']+\.ts)'/gm))
      found.add(join(dirname(file), target));
  }
  return [...found];
}

/** Whether the part contains the file, by the rules of Directory.filter that the patterns here use. */
function sees({ include, exclude }: Part, file: string): boolean {
  const matches = (pattern: string) => file.startsWith(`${pattern}/`) || matchesGlob(file, pattern);
  return (include.includes('**') || include.some(matches)) && !exclude.some(matches);
}

test.each([...unitTests, ...integrationTests])(
  'the group "$name" contains every file that its tests import',
  (group) => {
    const all = globSync('{ml,service,cli,scripts,bench,ci/src,modules,tests}/**/*.test.ts', { cwd: root });
    const own = all.filter((file) => group.tests.some((start) => file.startsWith(start)) && sees(group, file));
    expect(own.length).toBeGreaterThan(3);
    expect(imported(own).filter((file) => !sees(group, file))).toEqual([]);
  },
);

test.each([...unitTests, ...integrationTests])(
  'the group "$name" contains every file that its tests name by a path from themselves',
  (group) => {
    const all = globSync('{ml,service,cli,scripts,bench,ci/src,modules,tests}/**/*.test.ts', { cwd: root });
    const own = all.filter((file) => group.tests.some((start) => file.startsWith(start)) && sees(group, file));
    const named = own.flatMap((file) => {
      const literals = readFileSync(join(root, file), 'utf8').matchAll(/'(\.\.?\/[^'\n]+)'/g);
      return [...literals].map(([, path]) => join(dirname(file), path));
    });
    const isFile = (path: string) => statSync(join(root, path), { throwIfNoEntry: false })?.isFile();
    expect(named.filter((path) => !path.startsWith('..') && isFile(path) && !sees(group, path))).toEqual([]);
  },
);

test('no check runs again because the stages have made another model', () => {
  const parts = [lintPart, typesPart, ...unitTests, ...integrationTests, pipelinePart, imagePart];
  expect(parts.filter((part) => sees(part, 'models/registered.json'))).toEqual([]);
});

test('no test of the pipeline group imports the service', () => {
  const [pipeline] = integrationTests;
  expect(imported(pipeline.tests).filter((file) => file.startsWith('service/'))).toEqual([]);
});

test("every test that needs the tests' Kubernetes or Docker runs where they are built", () => {
  const needing = globSync('tests/*.test.ts', { cwd: root }).filter((file) =>
    /\bneed\('(?:cluster|rig|docker)'\)/.test(readFileSync(join(root, file), 'utf8')),
  );
  const built = integrationTests.filter(({ needs }) => needs === 'kubernetes');
  expect(needing.length).toBeGreaterThan(5);
  expect(needing.filter((file) => !built.some(({ tests }) => tests.includes(file)))).toEqual([]);
});

test('the listed tests exist', () => {
  const [pipeline] = integrationTests;
  const all = globSync('tests/*.test.ts', { cwd: root });
  expect(pipeline.tests.filter((file) => !all.includes(file))).toEqual([]);
});

test('the part of the pipeline contains every file that the stages import', () => {
  const stages = globSync('ml/stages/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'));
  const outside = imported(stages).filter((file) => !file.startsWith('ml/'));
  expect(outside).toEqual([]);
  expect(pipelinePart.include).toContain('ml');
});

test('the command line in a container needs only ml/ and cli/, until a command loads more', () => {
  const outside = imported(['cli/main.ts', 'cli/rollback_model.ts']).filter((file) => !/^(ml|cli)\//.test(file));
  expect(outside.filter((file) => file !== 'package.json')).toEqual([]);
});

test('the part of the image contains every file that its bundle imports', () => {
  const files = imported(['service/main.ts', 'service/healthcheck.ts', 'cli/batch_main.ts', 'scripts/bundle.ts']);
  const covered = (file: string) => imagePart.include.some((entry) => file === entry || file.startsWith(`${entry}/`));
  expect(files.filter((file) => !covered(file))).toEqual([]);
  // The Dockerfile and its list of what it may see name the same files.
  const read = (name: string) => readFileSync(join(root, name), 'utf8');
  const copied = [...read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names]) =>
    names.split(' '),
  );
  const seen = [...read('.dockerignore').matchAll(/^!(.+)$/gm)].map(([, name]) => name);
  const within = (list: string[]) => (file: string) => list.some((one) => file === one || file.startsWith(`${one}/`));
  expect(files.filter((file) => !within(copied)(file) || !within(seen)(file))).toEqual([]);
});

test('every unit test is in exactly one group', () => {
  const all = globSync('{ml,service,cli,scripts,bench,ci/src,modules,tests/config}/**/*.test.ts', { cwd: root });
  const runs = (file: string) =>
    unitTests.filter((group) => sees(group, file) && group.tests.some((start) => file.startsWith(start)));
  expect(all.filter((file) => runs(file).length !== 1)).toEqual([]);
});

test('every integration test is in exactly one group', () => {
  const all = globSync('tests/*.test.ts', { cwd: root });
  const runs = (file: string) =>
    integrationTests.filter((group) => sees(group, file) && group.tests.some((start) => file.startsWith(start)));
  expect(all.filter((file) => runs(file).length !== 1)).toEqual([]);
});

const params = (data_ingestion: object) => JSON.stringify({ data_ingestion });

test.each<[object, string[], boolean]>([
  [{ source: 'embedded:all' }, [], false],
  [{ source: 'https://example.com/reviews.csv' }, [], false],
  [{ source: 's3://bucket/reviews.csv' }, [], true],
  [{ source: './texts/my reviews.csv' }, ['texts/my reviews.csv'], false],
  [{ source: 'texts/old.csv', test_source: 'texts/held_out.csv' }, ['texts/old.csv', 'texts/held_out.csv'], false],
  [
    { source: 'embedded:all', sources: ['embedded:movies', { source: 'shop.jsonl', weight: 2 }, 's3://b/c.csv'] },
    ['shop.jsonl'],
    true,
  ],
  [{ source: '/etc/passwd', test_source: '../other.csv' }, [], false],
  [{ source: 7 }, [], false],
])('%j names the files %j', (data_ingestion, paths, inS3) => {
  expect(namedTexts(params(data_ingestion))).toMatchObject({ paths, inS3, variables: [] });
});

test('an address that a variable holds is no file, and its variable is known', () => {
  const sources = ['env:REVIEWS_URL', { source: 'env:MORE' }];
  expect(namedTexts(params({ sources, test_source: 'env:REVIEWS_URL' }))).toEqual({
    paths: [],
    inS3: false,
    variables: ['REVIEWS_URL', 'MORE'],
  });
});

test('a params.yaml without sources names nothing', () => {
  expect(namedTexts('')).toEqual({ paths: [], inS3: false, variables: [] });
});

import { globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { imagePart, integrationTests, pipelinePart, unitTests } from './parts.ts';

const root = resolve(import.meta.dirname, '../../..');

/** Everything that the files import, at any depth, as paths from the root; packages left out. */
function imported(files: string[]): string[] {
  const found = new Set(files);
  for (const file of found) {
    const code = readFileSync(join(root, file), 'utf8');
    for (const [, target] of code.matchAll(/(?:from|import\()\s*'(\.[^']+\.ts)'/g))
      found.add(join(dirname(file), target));
  }
  return [...found];
}

test('no test that is said to do without the service imports it', () => {
  const [pipeline] = integrationTests;
  expect(imported(pipeline.tests).filter((file) => file.startsWith('service/'))).toEqual([]);
});

test('the tests that are named exist', () => {
  const [pipeline] = integrationTests;
  const all = globSync('tests/*.test.ts', { cwd: root });
  expect(pipeline.tests.filter((file) => !all.includes(file))).toEqual([]);
});

test('every file that the stages run is in their part', () => {
  const stages = globSync('ml/stages/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'));
  const outside = imported(stages).filter((file) => !file.startsWith('ml/'));
  expect(outside).toEqual([]);
  expect(pipelinePart.include).toContain('ml');
});

test('every file that the image is bundled from is in its part', () => {
  const files = imported(['service/main.ts', 'service/healthcheck.ts', 'scripts/bundle.ts']);
  const covered = (file: string) => imagePart.include.some((entry) => file === entry || file.startsWith(`${entry}/`));
  expect(files.filter((file) => !covered(file))).toEqual([]);
});

test('every unit test is in a group', () => {
  const all = globSync('{ml,service,scripts,bench,ci/src}/**/*.test.ts', { cwd: root });
  const starts = unitTests.flatMap((group) => group.tests);
  expect(all.filter((file) => !starts.some((start) => file.startsWith(start)))).toEqual([]);
});

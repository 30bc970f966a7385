import { globSync, readFileSync } from 'node:fs';
import { dirname, join, matchesGlob, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { imagePart, integrationTests, type Part, pipelinePart, unitTests } from './parts.ts';

const root = resolve(import.meta.dirname, '../../..');

/**
 * Everything that the files import, at any depth, as paths from the root. Left out are packages, and what is imported
 * only when it is called for: a command line loads the service for its command `serve` alone.
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

/** Whether the file is in the part, by the rules of Directory.filter as far as the patterns here use them. */
function sees({ include, exclude }: Part, file: string): boolean {
  const matches = (pattern: string) => file.startsWith(`${pattern}/`) || matchesGlob(file, pattern);
  return include.some(matches) && !exclude.some(matches);
}

test.each([...unitTests, ...integrationTests])('the tests of group "$name" find all that they import', (group) => {
  const all = globSync('{ml,service,cli,scripts,bench,ci/src,tests}/**/*.test.ts', { cwd: root });
  const own = all.filter((file) => group.tests.some((start) => file.startsWith(start)) && sees(group, file));
  expect(own.length).toBeGreaterThan(3);
  expect(imported(own).filter((file) => !sees(group, file))).toEqual([]);
});

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

test('every unit test is in one group', () => {
  const all = globSync('{ml,service,cli,scripts,bench,ci/src,tests/config}/**/*.test.ts', { cwd: root });
  const runs = (file: string) =>
    unitTests.filter((group) => sees(group, file) && group.tests.some((start) => file.startsWith(start)));
  expect(all.filter((file) => runs(file).length !== 1)).toEqual([]);
});

test('every integration test is in one group', () => {
  const all = globSync('tests/*.test.ts', { cwd: root });
  const runs = (file: string) =>
    integrationTests.filter((group) => sees(group, file) && group.tests.some((start) => file.startsWith(start)));
  expect(all.filter((file) => runs(file).length !== 1)).toEqual([]);
});

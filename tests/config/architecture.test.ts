import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { drawArchitecture, PICTURE } from '../../scripts/architecture.ts';
import { drawWhole, steps, WHOLE } from '../../scripts/whole.ts';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');

/** The files of a walk, a list per step. A name without a folder stands in a folder named before it in its row. */
function walk(title: string): string[][] {
  const [section] = page.split(`## ${title}`)[1].split('\n## ');
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((row) => {
      const found: string[] = [];
      for (const [, name] of row.matchAll(/`([\w./]+\.ts)`/g)) {
        const folders = ['.', ...found.toReversed().flatMap((file) => [dirname(file), dirname(dirname(file))])];
        const folder = folders.find((each) => existsSync(join(root, each, name)));
        found.push(folder === undefined ? `missing: ${name}` : join(folder, name));
      }
      return found;
    });
}

test('the picture shows the imports of the code; node scripts/architecture.ts draws it anew', () => {
  expect(readFileSync(join(root, PICTURE), 'utf8')).toBe(drawArchitecture());
});

test('the picture of the whole is as its table has it, and each box names a folder; node scripts/whole.ts draws it anew', () => {
  expect(readFileSync(join(root, WHOLE), 'utf8')).toBe(drawWhole());
  const missing = steps.flat().filter(({ folder }) => !existsSync(join(root, folder)));
  expect(missing).toEqual([]);
});

test.each(['A text', "An image's name"])('every file of the walk "%s" exists', (title) => {
  const files = walk(title).flat();
  expect(files.length).toBeGreaterThan(15);
  expect(files.filter((file) => file.startsWith('missing'))).toEqual([]);
});

test('a row of a table passes at most 40 files before it is a served score', () => {
  expect(new Set(walk('A text').flat()).size).toBeLessThanOrEqual(40);
});

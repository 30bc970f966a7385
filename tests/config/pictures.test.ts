/** The pictures of the pages are no older than what they show, small, told in words, and shown somewhere. */
import { globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { hashOf, readManifest, SOURCES } from '../pictures/manifest.ts';

const root = resolve(import.meta.dirname, '../..');
const folder = join(root, 'docs/pictures');
const files = readdirSync(folder).filter((name) => /\.(png|svg)$/.test(name));
const pages = ['README.md', ...globSync('docs/*.md', { cwd: root })].map((page) =>
  readFileSync(join(root, page), 'utf8'),
);

/** Drawn from a table, with a test of its own, or taken by hand, as the page that shows it says. */
const OTHERS = [
  'architecture.svg',
  'whole.svg',
  'lifecycle.svg',
  'classes-calibration.svg',
  'classes-confusion.svg',
  'bake.svg',
  // Made by tests/pictures/terminal.ts from the log of a real engine, which make pictures does not have.
  'terminal-dagger.svg',
  'growth.svg',
  'experiments-compare.png',
  'experiments-tune.png',
  'mlflow-plot.png',
];

test('every picture is made by make pictures, or known to be made otherwise', () => {
  expect(files.filter((name) => !(name in SOURCES) && !OTHERS.includes(name))).toEqual([]);
  expect([...Object.keys(SOURCES), ...OTHERS].filter((name) => !files.includes(name))).toEqual([]);
});

test.each(Object.keys(SOURCES))('%s is as new as what it shows (make pictures takes it anew)', (name) => {
  const next = `make pictures; or, if you have looked at it and it still holds: node tests/pictures/main.ts still ${name}`;
  expect(readManifest()[name]?.of, next).toBe(hashOf(SOURCES[name]));
});

test('every picture is on a page, and told in words there', () => {
  const shown = (name: string) =>
    pages.some(
      (text) =>
        text.includes(`](pictures/${name})`) ||
        text.includes(`"pictures/${name}"`) ||
        text.includes(`docs/pictures/${name}`),
    );
  expect(files.filter((name) => !shown(name))).toEqual([]);
  const silent = pages.flatMap((text) => [...text.matchAll(/!\[\]\([^)]*\)|<img (?![^>]*alt="[^"]{20,}")[^>]*>/g)]);
  expect(silent.map(([tag]) => tag)).toEqual([]);
});

test('all of them together are smaller than 3 MB', () => {
  const bytes = files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  expect(bytes).toBeLessThan(3_000_000);
});

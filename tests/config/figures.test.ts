/** A measured figure on a page has beside it what measures it again, or the day on which it was measured. */
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const pages = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/*.md', { cwd: root })];

/** How the pages write measurements: with an error, as a fraction of four digits, in parts of a second, as a ratio. */
const MEASURED =
  /±|\b0\.\d{3,4}\b(?! or newer)|µs|processor time|processor.second|CPU.second|times (as|faster|slower)/i;
const SOURCE =
  /`(make|node|npm run|dagger|sentiment|dvc|promote_model)\b|\.test\.ts|bench\/|reports\/|\b20\d\d-\d\d-\d\d\b/;

/** Sections of a page without the output of programs, which names what printed it. */
function sections(page: string): { heading: string; text: string }[] {
  const text = readFileSync(join(root, page), 'utf8')
    .replace(/^```.*?^```/gms, '')
    .replace(/^ {4}.*$/gm, '');
  return text.split(/^(?=## )/m).map((part) => ({ heading: part.split('\n')[0], text: part }));
}

test('every section with a measured figure names a command, a test or a date', () => {
  const measured = pages.flatMap((page) => sections(page).map((section) => ({ page, ...section })));
  const figures = measured.filter(({ text }) => MEASURED.test(text));
  expect(figures.length).toBeGreaterThan(20);
  expect(figures.filter(({ text }) => !SOURCE.test(text)).map(({ page, heading }) => `${page} ${heading}`)).toEqual([]);
});

/** docs/trust.md is written by tests of `make trust`: how a row gets there, and that the page is still what they can read. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { withRow } from '../support/trust_report.ts';

const DAY = new Date('2026-12-01T10:00:00Z');
const INTRO = '# Attempts\n\nText.\n';

test('a row comes under its heading, and the headings are in their order', () => {
  const first = withRow(INTRO, 'Load', { attempt: 'ten times', figure: '1 of 2', holds: true }, DAY);
  const page = withRow(first, 'Requests', { attempt: 'a | b', figure: '0.7 s\nof 0.5', holds: false }, DAY);
  expect(page).toBe(`# Attempts

Text.

## Requests

| attempt | figure       | outcome    | date       |
| ------- | ------------ | ---------- | ---------- |
| a \\| b  | 0.7 s of 0.5 | **missed** | 2026-12-01 |

## Load

| attempt   | figure | outcome | date       |
| --------- | ------ | ------- | ---------- |
| ten times | 1 of 2 | holds   | 2026-12-01 |
`);
});

test('a later run replaces the row of the same attempt and leaves the others', () => {
  const row = (attempt: string, figure: string) => ({ attempt, figure, holds: true });
  let page = INTRO;
  for (const [attempt, figure] of [
    ['a | b', '1'],
    ['c', '2'],
    ['a | b', '3'],
  ]) {
    page = withRow(page, 'Load', row(attempt, figure), DAY);
  }
  expect(page.split('\n').filter((line) => /holds/.test(line))).toEqual([
    '| a \\| b  | 3      | holds   | 2026-12-01 |',
    '| c       | 2      | holds   | 2026-12-01 |',
  ]);
});

test('every row of the page has its four cells', () => {
  const page = readFileSync(join(resolve(import.meta.dirname, '../..'), 'docs/trust.md'), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('|'));
  const shape = /^\| \S.* \| \S.* \| (holds|\*\*missed\*\*|outcome|-+) +\| (\d{4}-\d\d-\d\d|date|-+) +\|$/;
  expect(rows.filter((line) => !shape.test(line))).toEqual([]);
});

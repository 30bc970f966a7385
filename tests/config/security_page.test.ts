/** docs/security.md: every asset names tests that hold what is said of it, and they exist. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/security.md'), 'utf8');
const [, table] = /^## Assets\n\n([\s\S]*?)\n\n/m.exec(page) ?? [];
const rows = (table ?? '').split('\n').slice(2);

test.each(rows.map((row) => row.split('|').map((cell) => cell.trim())))(
  '%s| %s has tests',
  (_, asset, threat, held, tests) => {
    expect([asset, threat, held].every((cell) => cell.length > 5)).toBe(true);
    const paths = [...tests.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, path]) => path);
    expect(paths.length).toBeGreaterThan(0);
    expect(paths.filter((path) => !path.endsWith('.test.ts') || !existsSync(join(root, path)))).toEqual([]);
  },
);

test('the table has a row for each kind of attacker', () => {
  expect(rows.length).toBeGreaterThanOrEqual(12);
});

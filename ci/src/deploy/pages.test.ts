import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { withPages } from './pages.ts';

const root = resolve(import.meta.dirname, '../../..');

test('pages are named as they are found from where the user stands', () => {
  const text = '  more: docs/runbook/quota.md';
  expect(withPages(text, root)).toBe(text);
  expect(withPages(text, resolve(root, 'docs'))).toBe('  more: runbook/quota.md');
  expect(withPages(text, '/elsewhere')).toBe(`  more: ${root}/docs/runbook/quota.md`);
  expect(withPages('{ "runbook": "docs/runbook/quota.md" }', '/elsewhere')).toContain(
    `"${root}/docs/runbook/quota.md"`,
  );
});

test('what a log of the application says about pages of its own is left alone', () => {
  const log = '  | see docs/runbook/quota.md';
  expect(withPages(log, '/elsewhere')).toBe(log);
});

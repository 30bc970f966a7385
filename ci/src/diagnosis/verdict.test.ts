import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { causes, codeOf, runbookPage } from './verdict.ts';

const root = resolve(import.meta.dirname, '../../..');

test.each(causes)('%s has its page in the runbook, under the code that the error shows', (cause) => {
  const page = readFileSync(join(root, runbookPage(cause)), 'utf8');
  expect(page.split('\n')[2]).toContain(`\`${codeOf(cause)}\``);
});

import { expect, test } from 'vitest';
import { commandBlocks } from '../support/commands.ts';

const blocks = commandBlocks();

test('before every block of commands a comment says that a test runs it, or why none does', () => {
  expect(blocks.length).toBeGreaterThan(10);
  const unmarked = blocks.filter(({ run, reason }) => run === undefined && reason === undefined);
  expect(unmarked.map(({ page, line }) => `${page}, line ${line}: <!-- run: ... --> or <!-- not run: why -->`)).toEqual(
    [],
  );
});

test('some blocks are run, each in a way that tests/commands.test.ts knows', () => {
  const kinds = blocks.flatMap(({ run }) => (run === undefined ? [] : [run]));
  expect([...new Set(kinds)].sort()).toEqual(['command line', 'service']);
});

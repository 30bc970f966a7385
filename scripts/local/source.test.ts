import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sourceState } from './source.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'source-'));
});
afterEach(() => rmSync(root, { recursive: true }));

test('a source that is no path on this machine is known by its name', () => {
  for (const source of ['embedded:movies', 'https://example.org/reviews.csv', 's3://bucket/reviews.csv']) {
    expect(sourceState(root, source).known).toBe(true);
  }
});

test('a file is known after it was remembered, until it changes or another is named', () => {
  writeFileSync(join(root, 'a.csv'), 'one');
  writeFileSync(join(root, 'b.csv'), 'one');
  const first = sourceState(root, 'a.csv');
  expect(first.known).toBe(false);
  first.remember();
  expect(sourceState(root, 'a.csv').known).toBe(true);
  expect(sourceState(root, 'b.csv').known).toBe(false);
  writeFileSync(join(root, 'a.csv'), 'another');
  expect(sourceState(root, 'a.csv').known).toBe(false);
});

test('what is remembered is the file as it was before ingestion, not as it is after', () => {
  writeFileSync(join(root, 'a.csv'), 'one');
  const state = sourceState(root, 'a.csv');
  writeFileSync(join(root, 'a.csv'), 'changed while it was read');
  state.remember();
  expect(sourceState(root, 'a.csv').known).toBe(false);
});

test('a folder changes with any file in it', () => {
  mkdirSync(join(root, 'aclImdb/train/pos'), { recursive: true });
  writeFileSync(join(root, 'aclImdb/train/pos/1_9.txt'), 'good');
  sourceState(root, 'aclImdb').remember();
  expect(sourceState(root, 'aclImdb').known).toBe(true);
  writeFileSync(join(root, 'aclImdb/train/pos/1_9.txt'), 'better');
  expect(sourceState(root, 'aclImdb').known).toBe(false);
});

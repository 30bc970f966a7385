import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkOutput, printable } from './output.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'output-file-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('accepts a new file in an existing folder and creates nothing yet', () => {
  expect(checkOutput(join(folder, 'new.csv'), [])).toBe(join(folder, 'new.csv'));
  expect(readdirSync(folder)).toEqual([]);
});

test('ignores inputs that do not exist: reading them will fail later', () => {
  writeFileSync(join(folder, 'old.csv'), '');
  expect(() => checkOutput(join(folder, 'old.csv'), ['embedded:movies', join(folder, 'none')])).not.toThrow();
});

test('refuses an input, whatever path names it', () => {
  writeFileSync(join(folder, 'in.csv'), '');
  symlinkSync('in.csv', join(folder, 'link.csv'));
  for (const name of ['in.csv', 'link.csv', './in.csv']) {
    expect(() => checkOutput(join(folder, name), [join(folder, 'in.csv')])).toThrow('is also an input');
  }
});

test('follows a link', () => {
  writeFileSync(join(folder, 'target.csv'), '');
  symlinkSync('target.csv', join(folder, 'link.csv'));
  expect(checkOutput(join(folder, 'link.csv'), [])).toBe(join(folder, 'target.csv'));
});

test('refuses folders and devices', () => {
  mkdirSync(join(folder, 'sub'));
  expect(() => checkOutput(join(folder, 'sub'), [])).toThrow('is a folder');
  expect(() => checkOutput('/dev/null', [])).toThrow('is not a regular file');
});

test('reports a path that cannot be written', () => {
  expect(() => checkOutput(join(folder, 'none/out.csv'), [])).toThrow('does not exist');
  expect(() => checkOutput('/proc/out.csv', [])).toThrow('cannot write /proc/out.csv');
});

// Up to the punctuation block, where the line and paragraph separators stand.
const unit = fc.integer({ min: 0, max: 0x206f }).map((code) => String.fromCharCode(code));

test('turns any text into one line without control characters', () => {
  fc.assert(
    fc.property(fc.string({ unit }), (text) => {
      const line = printable(text);
      expect([...line].filter(isControl)).toEqual([]);
    }),
  );
});

function isControl(char: string): boolean {
  return char < ' ' || (char >= '\u007f' && char <= '\u009f') || char === '\u2028' || char === '\u2029';
}

test('leaves printable text unchanged', () => {
  expect(printable('Amélie 😀 — “fine”')).toBe('Amélie 😀 — “fine”');
});

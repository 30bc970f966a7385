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

test('a new file in a folder that is there is fine, and nothing is made yet', () => {
  expect(checkOutput(join(folder, 'new.csv'), [])).toBe(join(folder, 'new.csv'));
  expect(readdirSync(folder)).toEqual([]);
});

test('inputs that do not exist are no obstacle: whoever reads them will say so', () => {
  writeFileSync(join(folder, 'old.csv'), '');
  expect(() => checkOutput(join(folder, 'old.csv'), ['embedded:movies', join(folder, 'none')])).not.toThrow();
});

test('an input is not overwritten, whatever it is called', () => {
  writeFileSync(join(folder, 'in.csv'), '');
  symlinkSync('in.csv', join(folder, 'link.csv'));
  for (const name of ['in.csv', 'link.csv', './in.csv']) {
    expect(() => checkOutput(join(folder, name), [join(folder, 'in.csv')])).toThrow('is the file that is read');
  }
});

test('a link is followed', () => {
  writeFileSync(join(folder, 'target.csv'), '');
  symlinkSync('target.csv', join(folder, 'link.csv'));
  expect(checkOutput(join(folder, 'link.csv'), [])).toBe(join(folder, 'target.csv'));
});

test('folders and devices are no files', () => {
  mkdirSync(join(folder, 'sub'));
  expect(() => checkOutput(join(folder, 'sub'), [])).toThrow('is a folder');
  expect(() => checkOutput('/dev/null', [])).toThrow('is no file');
});

test('a place where nothing can be written is told', () => {
  expect(() => checkOutput(join(folder, 'none/out.csv'), [])).toThrow('there is no folder');
  expect(() => checkOutput('/proc/out.csv', [])).toThrow('cannot write /proc/out.csv');
});

// Up to the punctuation block, where the line and paragraph separators stand.
const unit = fc.integer({ min: 0, max: 0x206f }).map((code) => String.fromCharCode(code));

test('any text becomes one line without control characters', () => {
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

test('what is printable stays as it is', () => {
  expect(printable('Amélie 😀 — “fine”')).toBe('Amélie 😀 — “fine”');
});

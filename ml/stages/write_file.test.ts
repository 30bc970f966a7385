import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeJson, writeLines, writeRows } from './write_file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'write-file-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('makes the folder, and leaves no temporary file', () => {
  writeJson(join(folder, 'reports', 'a.json'), { share: 1 / 3, count: 3, nothing: null });
  expect(readdirSync(join(folder, 'reports'))).toEqual(['a.json']);
  expect(readFileSync(join(folder, 'reports', 'a.json'), 'utf8')).toBe(
    '{\n  "share": 0.333333,\n  "count": 3,\n  "nothing": null\n}\n',
  );
});

it('writes rows as JSON with one row a line', () => {
  const path = join(folder, 'rows.json');
  writeRows(path, [{ x: 0.1234567 }, { x: 1 }]);
  expect(readFileSync(path, 'utf8')).toBe('[\n{"x":0.123457},\n{"x":1}\n]\n');
  writeRows(path, []);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual([]);
});

it('writes lines of JSON', () => {
  const path = join(folder, 'lines.jsonl');
  writeLines(path, [{ a: 1 }, { a: 2 }]);
  expect(readFileSync(path, 'utf8')).toBe('{"a":1}\n{"a":2}\n');
});

it('leaves nothing behind when the name is taken by a folder', () => {
  mkdirSync(join(folder, 'taken'));
  expect(() => writeJson(join(folder, 'taken'), {})).toThrow();
  expect(readdirSync(folder)).toEqual(['taken']);
});

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  inTemporaryFolder,
  openPartial,
  writeAtomically,
  writeAtomicallyAsync,
  writeJson,
  writeLines,
  writeRows,
  writeText,
} from './files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'files-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a report', () => {
  it('creates the folder and leaves no temporary file', () => {
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

  it('leaves nothing behind when a folder has the same name', () => {
    mkdirSync(join(folder, 'taken'));
    expect(() => writeJson(join(folder, 'taken'), {})).toThrow();
    expect(readdirSync(folder)).toEqual(['taken']);
  });
});

describe('a failed write', () => {
  it('keeps the old file', () => {
    const path = join(folder, 'a.txt');
    writeText(path, 'old');
    const write = (file: number) => {
      writeFileSync(file, 'half of the ne');
      throw new Error('disk full');
    };
    expect(() => writeAtomically(path, write)).toThrow('disk full');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['a.txt']);
  });

  it('keeps the old file when the content arrives over time', async () => {
    const path = join(folder, 'a.txt');
    writeText(path, 'old');
    const write = async (temporary: string) => {
      await writeFile(temporary, 'half of the ne');
      throw new Error('connection lost');
    };
    await expect(writeAtomicallyAsync(path, write)).rejects.toThrow('connection lost');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['a.txt']);
  });
});

it('replaces a file only on commit', async () => {
  const path = join(folder, 'a.txt');
  const partial = openPartial(path);
  await writeFile(partial.path, 'content');
  expect(existsSync(path)).toBe(false);
  await partial.commit();
  await partial.discard();
  expect(readFileSync(path, 'utf8')).toBe('content');
  expect(readdirSync(folder)).toEqual(['a.txt']);
});

it('deletes a temporary folder after success and after failure', async () => {
  const seen: string[] = [];
  const work = async (path: string) => {
    seen.push(path);
    writeText(join(path, 'a'), '');
    return 7;
  };
  expect(await inTemporaryFolder('files-test-', work)).toBe(7);
  const failing = inTemporaryFolder('files-test-', async (path) => {
    await work(path);
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(seen.map((path) => existsSync(path))).toEqual([false, false]);
});

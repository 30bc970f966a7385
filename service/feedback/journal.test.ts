import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal } from './journal.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (more: object = {}) => Journal.open({ folder, maxBytes: 1000, ...more });
const contents = () => readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));

it('a line is in the file once append resolves, each once and in order', async () => {
  const journal = await open();
  await journal.append('a\n');
  expect(contents()).toEqual(['a\n']);
  await Promise.all(['b\n', 'c\n', 'd\n'].map((line) => journal.append(line)));
  expect(contents()).toEqual(['a\nb\nc\nd\n']);
  await journal.seal();
});

it('a file that got no line is deleted', async () => {
  const journal = await open();
  expect(readdirSync(folder)).toHaveLength(1);
  await journal.seal();
  expect(readdirSync(folder)).toEqual([]);
});

it('sealing while lines arrive loses none and writes to no sealed file', async () => {
  const sealed: string[] = [];
  const whenSealed: string[] = [];
  const journal = await open({
    onSealed: (path: string) => {
      sealed.push(path);
      whenSealed.push(readFileSync(path, 'utf8'));
    },
  });
  const work: Promise<void>[] = [];
  for (let i = 0; i < 50; i++) {
    work.push(journal.append(`${i}\n`));
    if (i % 7 === 0) work.push(journal.seal());
    if (i % 3 === 0) await Promise.resolve();
  }
  await Promise.all(work);
  await journal.seal();
  expect(sealed.map((path) => readFileSync(path, 'utf8'))).toEqual(whenSealed);
  const lines = whenSealed.join('').trimEnd().split('\n');
  expect(lines.sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 50 }, (_, i) => String(i)));
});

it('a file of its size is followed by another', async () => {
  const sealed: string[] = [];
  const journal = await open({ fileBytes: 4, onSealed: (path: string) => sealed.push(path) });
  for (const line of ['ab\n', 'cd\n', 'ef\n']) await journal.append(line);
  expect(contents().sort()).toEqual(['ab\ncd\n', 'ef\n']);
  expect(sealed.map((path) => readFileSync(path, 'utf8'))).toEqual(['ab\ncd\n']);
  await journal.seal();
});

describe('over its limit', () => {
  it('a line is refused, and taken again when somebody clears the folder', async () => {
    writeFileSync(join(folder, 'theirs.jsonl'), 'x'.repeat(990));
    const journal = await open();
    await journal.append('123456789\n');
    await expect(journal.append('a\n')).rejects.toMatchObject({ reason: 'full' });
    rmSync(join(folder, 'theirs.jsonl'));
    await expect
      .poll(
        () =>
          journal.append('b\n').then(
            () => 'stored',
            () => 'refused',
          ),
        { timeout: 5000 },
      )
      .toBe('stored');
    await journal.seal();
  });

  it('of bytes that wait for the disk, a line is refused', async () => {
    const journal = await open({ maxBytes: 1e9 });
    const line = `${'x'.repeat(1_000_000)}\n`;
    const answers = await Promise.allSettled(Array.from({ length: 6 }, () => journal.append(line)));
    expect(answers.map(({ status }) => status)).toEqual([...Array(4).fill('fulfilled'), 'rejected', 'rejected']);
    expect(contents()).toEqual([line.repeat(4)]);
    await journal.seal();
  });
});

it('a folder that cannot be written to is an error at the start', async () => {
  writeFileSync(join(folder, 'file'), '');
  await expect(Journal.open({ folder: join(folder, 'file'), maxBytes: 1 })).rejects.toThrow('EEXIST');
});

describe('what a process that was killed leaves', () => {
  const host = hostname().replace(/[^A-Za-z0-9.-]/g, '-');
  const fileOf = (pid: number, theirHost = host) => join(folder, `2026-12-01_${theirHost}_${pid}_1_0.jsonl`);

  async function deadPid(): Promise<number> {
    const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
    await once(child, 'exit');
    return child.pid!;
  }

  it('is found, without the line that it did not finish', async () => {
    const left = fileOf(await deadPid());
    writeFileSync(left, '{"text":"whole"}\n{"te');
    const journal = await open();
    expect(await journal.repair()).toEqual([left]);
    expect(readFileSync(left, 'utf8')).toBe('{"text":"whole"}\n');
    await journal.seal();
  });

  it('is found by a container too, whose processes all have the same number', async () => {
    writeFileSync(fileOf(process.pid), 'a\n');
    const journal = await open();
    await journal.append('mine\n');
    expect(await journal.repair()).toEqual([fileOf(process.pid)]);
    await journal.seal();
  });

  it('is deleted if it holds no whole line', async () => {
    const left = fileOf(await deadPid());
    writeFileSync(left, 'x'.repeat(200_000));
    const journal = await open();
    expect(await journal.repair()).toEqual([]);
    expect(() => readFileSync(left)).toThrow('ENOENT');
    await journal.seal();
  });

  it('is left alone if it belongs to a process that runs, or to another machine', async () => {
    const names = [fileOf(process.ppid), fileOf(await deadPid(), 'elsewhere')];
    for (const name of names) appendFileSync(name, 'unfinished');
    const journal = await open();
    expect(await journal.repair()).toEqual([]);
    for (const name of names) expect(readFileSync(name, 'utf8')).toBe('unfinished');
    await journal.seal();
  });
});

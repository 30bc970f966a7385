import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Log } from '../log.ts';
import { type Put, Uploads } from './uploads.ts';

let folder: string;
let log: string;
let objects: Map<string, string>;
let isUp: boolean;
let uploaded: number;
let uploads: Uploads;

const put: Put = async (key, body, signal) => {
  signal.throwIfAborted();
  if (!isUp) throw new Error('the bucket is away');
  objects.set(key, body.toString());
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'uploads-'));
  log = '';
  objects = new Map();
  isUp = true;
  uploaded = 0;
  const to = new Log('info', (lines) => {
    log += lines;
  });
  uploads = new Uploads({ name: 'reviews', prefix: 'said/' }, put, to, (bytes) => {
    uploaded += bytes;
  });
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

it('a file becomes an object by its name, and is deleted', async () => {
  const path = file('a.jsonl', 'one\n');
  uploads.add(path);
  expect(await uploads.finish(1000)).toBe(0);
  expect([...objects]).toEqual([['said/a.jsonl', 'one\n']]);
  expect([existsSync(path), uploaded]).toEqual([false, 4]);
});

it('a file that was uploaded by a process which was killed then is the same object', async () => {
  objects.set('said/a.jsonl', 'one\n');
  uploads.add(file('a.jsonl', 'one\n'));
  await uploads.finish(1000);
  expect([...objects]).toEqual([['said/a.jsonl', 'one\n']]);
});

it('while the bucket is away the file stays, and is uploaded when it is back; the log says both once', async () => {
  isUp = false;
  const path = file('a.jsonl', 'one\n');
  uploads.add(path);
  await expect.poll(() => uploads.isAway).toBe(true);
  isUp = true;
  uploads.add(file('b.jsonl', 'two\n'));
  await expect.poll(() => objects.size, { timeout: 5000 }).toBe(2);
  expect([uploads.isAway, existsSync(path)]).toEqual([false, false]);
  const messages = log
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).msg);
  expect(messages).toEqual([
    'cannot upload feedback, so no more is taken until that works',
    'feedback is uploaded again',
  ]);
  expect(log).toContain('"bucket":"reviews","reason":"the bucket is away"');
});

it('finish gives up after its time and says how many files are left', async () => {
  isUp = false;
  uploads.add(file('a.jsonl', 'one\n'));
  uploads.add(file('b.jsonl', 'two\n'));
  expect(await uploads.finish(50)).toBe(2);
  expect(existsSync(join(folder, 'a.jsonl'))).toBe(true);
});

it('finish does not wait for an answer that never comes', async () => {
  const silent: Put = (_key, _body, signal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const waiting = new Uploads({ name: 'reviews', prefix: '' }, silent, new Log('silent'), () => {});
  waiting.add(file('a.jsonl', 'one\n'));
  expect(await waiting.finish(50)).toBe(1);
});

it('a file that somebody erased is no error', async () => {
  uploads.add(join(folder, 'erased.jsonl'));
  uploads.add(file('a.jsonl', 'one\n'));
  expect(await uploads.finish(1000)).toBe(0);
  expect([...objects.keys()]).toEqual(['said/a.jsonl']);
});

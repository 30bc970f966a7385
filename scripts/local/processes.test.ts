import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { paths } from '../../ml/stages/paths.ts';
import { lockPipeline } from './pipeline.ts';
import { type Identity, identityOf, isRunning, noteGroup, ownIdentity, stopOrphans } from './processes.ts';

function folder(): string {
  const root = mkdtempSync(join(tmpdir(), 'processes-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

async function sleeper(): Promise<Identity> {
  const child = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' });
  await once(child, 'spawn');
  onTestFinished(() => void child.kill('SIGKILL'));
  return identityOf(child.pid!)!;
}

test('a process is told apart from a later one with its number', async () => {
  expect(isRunning(ownIdentity())).toBe(true);
  expect(isRunning({ ...ownIdentity(), start: '1' })).toBe(false);
  expect(identityOf(2 ** 22 + 1)).toBeUndefined();
  const process = await sleeper();
  expect(isRunning(process)).toBe(true);
});

test('groups of a run that was killed are stopped, those of a living run and processes with a reused number are not', async () => {
  const root = folder();
  const [orphan, own, stranger] = [await sleeper(), await sleeper(), await sleeper()];
  const forget = noteGroup(root, own.pid);
  const programs = join(root, paths.local, 'programs');
  const dead = { pid: process.pid, start: '1' };
  writeFileSync(join(programs, `${orphan.pid}.json`), JSON.stringify({ group: orphan, owner: dead }));
  writeFileSync(
    join(programs, `${stranger.pid}.json`),
    JSON.stringify({ group: { ...stranger, start: '1' }, owner: dead }),
  );
  writeFileSync(join(programs, '7.json'), '{"gr');
  expect(await stopOrphans(root)).toBe(1);
  expect([orphan, own, stranger].map(isRunning)).toEqual([false, true, true]);
  expect(readdirSync(programs)).toEqual([`${own.pid}.json`]);
  forget();
  expect(readdirSync(programs)).toEqual([]);
});

test('a pipeline is locked while its process lives, and not by a process that only has its number', () => {
  const root = folder();
  const file = join(root, paths.local, 'pipeline.lock');
  const unlock = lockPipeline(root);
  expect(() => lockPipeline(root)).toThrow(expect.objectContaining({ code: 'PIPELINE_BUSY' }));
  unlock();
  expect(existsSync(file)).toBe(false);
  mkdirSync(join(root, paths.local), { recursive: true });
  for (const left of [JSON.stringify({ pid: process.pid, start: '1' }), '', String(process.pid)]) {
    writeFileSync(file, left);
    lockPipeline(root)();
    expect(existsSync(file)).toBe(false);
  }
});

test('temporary files of killed runs are removed, younger ones are not', () => {
  const root = folder();
  const write = (name: string, hours: number) => {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), '');
    const then = Date.now() / 1000 - hours * 3600;
    utimesSync(join(root, name), then, then);
  };
  const old = ['data/raw/train.jsonl.0a.tmp', 'models/model.bin.0a.tmp', `${paths.downloads}/download-x`];
  const kept = ['data/raw/train.jsonl', 'reports/metrics.json.0a.tmp'];
  for (const name of [...old, kept[0]]) write(name, 2);
  write(kept[1], 0.5);
  lockPipeline(root)();
  expect([...old, ...kept].filter((name) => existsSync(join(root, name)))).toEqual(kept);
});

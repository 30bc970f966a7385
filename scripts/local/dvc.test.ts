import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dropStaleLocks, readDvcLine } from './dvc.ts';
import { commandOf } from './processes.ts';

const recording = `Stage 'a' didn't change, skipping
Stage 'b' is cached - skipping run, checking out outputs
Running stage 'c':
> node ml/stages/c.ts
10 read, 9 kept
Updating lock file 'dvc.lock'

To track the changes with git, run:

	git add dvc.lock

To enable auto staging, run:

	dvc config core.autostage true
Use \`dvc push\` to send your updates to remote storage.
ERROR: failed to reproduce 'c': failed to run: node ml/stages/c.ts, exited with 2`;

test('keeps the stages, their output and the error of a recorded dvc repro, and drops the rest', () => {
  const lines = recording.split('\n').map(readDvcLine);
  expect(lines.filter((line) => line.kind !== 'noise')).toEqual([
    { kind: 'unchanged', stage: 'a' },
    { kind: 'cached', stage: 'b' },
    { kind: 'running', stage: 'c' },
    { kind: 'said', text: '10 read, 9 kept' },
    { kind: 'error', text: "failed to reproduce 'c': failed to run: node ml/stages/c.ts, exited with 2" },
  ]);
});

describe("DVC's list of files in use", () => {
  let root: string;
  let child: ChildProcess;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'dvc-'));
    mkdirSync(join(root, '.dvc/tmp'), { recursive: true });
  });
  afterEach(() => {
    child.kill();
    rmSync(root, { recursive: true });
  });

  /** The number that the program prints first. */
  async function start(program: string, ...args: string[]): Promise<number> {
    child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [output] = await once(child.stdout!, 'data');
    return Number(String(output));
  }

  /** Whether a list that names the process stays. */
  function isKept(pid: number): boolean {
    const list = join(root, '.dvc/tmp/rwlock');
    writeFileSync(list, `{"write": {"/data/raw": {"pid": ${pid}, "cmd": "dvc repro"}}, "read": {}}`);
    dropStaleLocks(root);
    return existsSync(list);
  }

  const waits = 'console.log(process.pid); setInterval(() => {}, 1000)';
  test('stays while a DVC of it runs', async () => {
    expect(isKept(await start(process.execPath, '-e', waits, 'dvc'))).toBe(true);
  });
  test('goes when the number belongs to another program by now', async () => {
    expect(isKept(await start(process.execPath, '-e', waits))).toBe(false);
  });
  test('goes when the process has ended and nobody has waited for it', async () => {
    // The program that takes the shell's place does not know of the shell's child.
    const pid = await start('sh', '-c', 'sleep 0.2 & echo $!; exec sleep 60');
    await expect.poll(() => commandOf(pid)).toBeUndefined();
    expect(() => process.kill(pid, 0)).not.toThrow();
    expect(isKept(pid)).toBe(false);
  });
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { clearLeftovers, keepLockFile } from './dvc_leftovers.ts';
import { commandOf } from './processes.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'dvc-'));
  mkdirSync(join(root, '.dvc/tmp'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

describe('dvc.lock', () => {
  const whole = readFileSync('dvc.lock', 'utf8');
  const newer = whole.replace('schema:', '# newer\nschema:');
  const lock = () => join(root, 'dvc.lock');

  /** What is in dvc.lock when the next run begins, if a run that began with `whole` was killed and left `text`. */
  function afterKill(text: string): string {
    writeFileSync(lock(), whole);
    keepLockFile(root);
    writeFileSync(lock(), text);
    clearLeftovers(root);
    return readFileSync(lock(), 'utf8');
  }

  test('that a killed run has emptied or cut is the one from before that run again', () => {
    expect(afterKill('')).toBe(whole);
    for (const end of [/data_ingestion:\n/, /deps:\n/, /cmd: node/, /md5: [0-9a-f]{10}/, /- path/]) {
      const { index, 0: match } = end.exec(whole)!;
      expect(afterKill(newer.slice(0, index + match.length))).toBe(whole);
    }
  });
  test('that a killed run had finished stays, also when its copy is found', () => {
    expect(afterKill(newer)).toBe(newer);
  });
  test('that a person has damaged since the last run stays, for DVC to judge', () => {
    writeFileSync(lock(), whole);
    keepLockFile(root)();
    writeFileSync(lock(), '<<<<<<< HEAD\n');
    expect(clearLeftovers(root)).toEqual([]);
    expect(readFileSync(lock(), 'utf8')).toBe('<<<<<<< HEAD\n');
  });
  test('need not be there', () => {
    keepLockFile(root)();
    expect(clearLeftovers(root)).toEqual([]);
  });
});

describe("DVC's list of files in use", () => {
  let child: ChildProcess;
  afterEach(() => {
    child.kill();
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
    clearLeftovers(root);
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

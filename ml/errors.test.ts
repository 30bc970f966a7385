import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cannotWrite, describeError, SentimentError } from './errors.ts';

/** As Node makes it. */
const system = (code: string, more: object = {}) =>
  Object.assign(new Error(`${code}: so says the system`), { code, ...more });

describe("the system's errors about files", () => {
  it('are told in words, with the path and what to do', () => {
    expect(describeError(system('EROFS', { path: 'data/raw' }))).toBe(
      'error: cannot use data/raw: the file system is read-only (EROFS) (FILE_UNUSABLE)\n' +
        '  next: make it writable, or work in a folder that is',
    );
    expect(describeError(cannotWrite('a.csv', system('ENOSPC', { syscall: 'write' })))).toBe(
      'error: cannot write a.csv: the disk is full (ENOSPC) (DISK_WRITE)\n' +
        '  next: free some space on that disk, then run the same command again',
    );
  });

  it('of other kinds stay as they are, as do errors that have words already', () => {
    const busy = system('EADDRINUSE', { port: 80 });
    expect(cannotWrite('a', busy)).toBe(busy);
    const own = new SentimentError('X', 'it is so');
    expect(cannotWrite('a', own)).toBe(own);
    // Listening on a port is not writing a file.
    expect(describeError(system('EACCES', { port: 80 }))).toBe('error: EACCES: so says the system');
  });
});

describe('a program whose output cannot be written', () => {
  const program = `
    import { runMain } from '${import.meta.dirname}/errors.ts';
    await runMain(async () => {
      for (let i = 0; i < 200; i++) {
        process.stdout.write('line\\n'.repeat(1000));
        await new Promise((resolve) => setImmediate(resolve));
      }
    });`;
  const node = ['--input-type=module', '-e', program];

  it('says so on the other one and ends with 1', () => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, node, { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' });
    closeSync(full);
    expect(stderr).toMatch(
      /^error: cannot write standard output: the disk is full \(ENOSPC\) \(DISK_WRITE\)\n {2}next: .*\n$/,
    );
    expect(status).toBe(1);
  });

  it('ends silently as shells expect when its reader has gone', () => {
    const script = '"$0" "$@" | head -n 1; echo $PIPESTATUS';
    const { stdout, stderr } = spawnSync('bash', ['-c', script, process.execPath, ...node], { encoding: 'utf8' });
    expect([stdout, stderr]).toEqual(['line\n141\n', '']);
  });
});

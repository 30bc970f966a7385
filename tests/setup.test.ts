import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PATIENCE } from './support/patience.ts';
import { descendantsOf, isRunning, run, runOk, start } from './support/process.ts';
import { copyRepository, type Repository } from './support/repository.ts';

let repository: Repository;
beforeAll(() => {
  repository = copyRepository({ installed: false });
});
afterAll(() => repository.remove());

/** A PATH without this project's programs. */
const plain = { ...process.env, PATH: '/usr/local/bin:/usr/bin:/bin' };
const setUp = (env: NodeJS.ProcessEnv = plain) => run('bash', ['scripts/setup.sh'], { cwd: repository.root, env });
const stamped = () =>
  ['.tools/uv', 'node_modules', '.venv'].filter((folder) => existsSync(join(repository.root, folder, '.stamp')));

describe('on a machine that lacks something', () => {
  /** A PATH with these programs only. */
  async function pathOf(...programs: string[]): Promise<NodeJS.ProcessEnv> {
    const folder = join(repository.root, '..', ['only', ...programs].join('-'));
    mkdirSync(folder);
    for (const name of ['bash', 'dirname', 'uname', 'tail', ...programs]) {
      const path = await runOk('bash', ['-c', `type -P ${name}`], { cwd: repository.root, env: plain });
      symlinkSync(path.trim(), join(folder, name));
    }
    return { ...process.env, PATH: folder };
  }

  test('no git is one sentence that says what to install', async () => {
    const { code, stderr } = await setUp(await pathOf());
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        'set-up: error: git was not found\n  next: install it (Debian: apt-get install git) and run the command again\n',
    });
  });

  test('no Python, or one that is too old, is one sentence that names the version found', async () => {
    const env = await pathOf('git');
    const old = join(env.PATH!, 'python3');
    writeFileSync(old, '#!/bin/bash\n[[ $1 == --version ]] && echo Python 3.8.10\n', { mode: 0o755 });
    const { code, stderr } = await setUp(env);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^set-up: error: no Python 3\.10 to 3\.14 was found \(python3 is Python 3\.8\.10\)\n {2}next: .*\n$/,
    );
  });

  test('without a network it ends with one sentence and exit code 1, and marks nothing as installed', async () => {
    const nowhere = 'http://127.0.0.1:9/simple';
    const { code, stderr } = await setUp({ ...plain, PIP_INDEX_URL: nowhere, PIP_RETRIES: '0' });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /\nset-up: error: uv, which installs Python packages could not be installed.*\n {2}next: .*network.*\n$/,
    );
    expect(stamped()).toEqual([]);
  });
});

describe('on a machine that reaches its registries', () => {
  test('a stopped set-up leaves no process, and the next one completes it', async () => {
    const first = start('bash', ['scripts/setup.sh'], { cwd: repository.root, env: plain });
    await first.prints('npm packages');
    const started = descendantsOf(first.pid);
    expect(started.length).toBeGreaterThan(0);
    first.child.kill('SIGTERM');
    expect((await first.ended).code).toBe(130);
    await expect.poll(() => started.filter(isRunning), { timeout: PATIENCE }).toEqual([]);
    expect(stamped()).not.toContain('node_modules');

    const second = await setUp();
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(stamped()).toEqual(['.tools/uv', 'node_modules', '.venv']);
    const env = { ...plain, PATH: `${repository.root}/node_modules/.bin:${plain.PATH}` };
    const version = await runOk('node', ['--version'], { cwd: repository.root, env });
    expect(Number(/^v(\d+)\./.exec(version)?.[1])).toBeGreaterThanOrEqual(24);
    expect(await runOk('.venv/bin/dvc', ['--version'], { cwd: repository.root, env })).toMatch(/^3\./);
  });

  test('a second set-up does nothing and prints nothing', async () => {
    expect(await setUp()).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('of two set-ups at once one does the work and the other waits for it', async () => {
    rmSync(join(repository.root, '.venv/.stamp'));
    const both = await Promise.all([setUp(), setUp()]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(both.filter(({ stdout }) => stdout.includes('Python packages'))).toHaveLength(1);
    expect(stamped()).toContain('.venv');
  });

  test('a changed lock file is installed again, and nothing else', async () => {
    writeFileSync(join(repository.root, 'requirements.txt'), '\n', { flag: 'a' });
    const { code, stdout } = await setUp();
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^set-up: Python packages .* \.\.\.\n(set-up: Python packages .* \.\.\. \d+ s\n)*set-up: Python packages .*: \d+ s\n$/,
    );
  });
});

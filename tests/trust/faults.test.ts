/**
 * Kills and full disks at any moment of `make pipeline`, then the same command again: it ends as if nothing had happened.
 * Only in `make trust`: it takes half an hour.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { paths } from '../../ml/stages/paths.ts';
import { freePort } from '../support/listen.ts';
import { need } from '../support/need.ts';
import { descendantsOf, type Finished, isRunning, processesNaming, type Running, start } from '../support/process.ts';
import { copyRepository, type Repository } from '../support/repository.ts';
import { useSmallCorpus } from '../support/small_corpus.ts';

const KILLS = Number(process.env.TRUST_KILLS || 60);
/** Any number of multiples of the golden ratio, modulo 1, is spread evenly: a shorter run looks at the whole as well. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;
const first = Number(process.env.TRUST_SEED || Math.random());
/** KiB that a folder may hold. */
const SIZES = [4, 16, 40, 80, 160, 320, 500, 800, 1200, 2000];

describe.skipIf(!need('dvc') || !need('mlflow'))('make pipeline', () => {
  let repository: Repository;
  let port: number;
  let duration: number;
  let model: string;

  const file = (path: string) => join(repository.root, path);

  function pipeline(): Running {
    const { MLFLOW_TRACKING_URI: _mine, ...env } = process.env;
    const running = start(process.execPath, ['scripts/run.ts', 'pipeline'], {
      cwd: repository.root,
      env: { ...env, MLFLOW_PORT: String(port) },
    });
    onTestFinished(() => running.stop());
    return running;
  }

  /** As after a clone. */
  function forget(): void {
    for (const path of [paths.local, 'data', 'models', '.dvc/cache', '.dvc/tmp']) {
      rmSync(file(path), { recursive: true, force: true });
    }
  }

  const digest = () =>
    createHash('sha256')
      .update(readFileSync(file(paths.model)))
      .digest('hex');

  /** No stack, and nothing left running. */
  function expectSentences({ stdout, stderr }: Finished): void {
    expect(stdout + stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$|Traceback/m);
    expect(processesNaming(repository.root)).toEqual([]);
  }

  async function expectComplete(): Promise<void> {
    const again = await pipeline().ended;
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toMatch(/(promoted|unchanged): my_model version \d+/);
    expectSentences(again);
    expect(digest()).toBe(model);
  }

  beforeAll(async () => {
    repository = copyRepository({ installed: true });
    useSmallCorpus(repository.root);
    port = await freePort();
    const before = Date.now();
    const first = await start(process.execPath, ['scripts/run.ts', 'pipeline'], {
      cwd: repository.root,
      env: { ...process.env, MLFLOW_PORT: String(port), MLFLOW_TRACKING_URI: undefined },
    }).ended;
    expect(first).toMatchObject({ code: 0 });
    duration = Date.now() - before;
    model = digest();
  });
  afterAll(() => repository.remove());

  // Every second time with all its programs, as when the machine stops.
  const moments = Array.from({ length: KILLS }, (_, i) => ({ share: (first + i * GOLDEN) % 1, all: i % 2 === 1 }));

  test.each(moments)(
    'killed at $share of a first run (with all programs: $all), it completes the next time',
    async ({ share, all }) => {
      forget();
      const running = pipeline();
      await sleep(share * duration);
      const programs = all ? descendantsOf(running.pid) : [];
      for (const pid of [running.pid, ...programs]) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
      await running.ended;
      await expectComplete();
    },
  );

  test.each(SIZES.flatMap((size) => ['data', 'models', paths.local].map((folder) => ({ folder, size }))))(
    '$folder full at $size KiB is told in a sentence, and the next run with more room completes',
    async ({ folder, size }) => {
      forget();
      mkdirSync(file(folder));
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}k`, 'tmpfs', file(folder)]);
      try {
        const { code, ...output } = await pipeline().ended;
        expectSentences({ code, ...output });
        // The largest sizes are enough for some folders.
        if (code !== 0) expect(output.stdout + output.stderr).toMatch(/error: .*(no space|full|ENOSPC)/i);
      } finally {
        execFileSync('umount', ['--lazy', file(folder)]);
        rmSync(file(folder), { recursive: true, force: true });
      }
      await expectComplete();
    },
  );
});

/** Disks that are full, read-only or gone, and outputs that nobody reads: each is told in a sentence, and the next run completes. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { paths } from '../../ml/stages/paths.ts';
import { need } from '../support/need.ts';
import { usePipelineLab } from '../support/pipeline_lab.ts';
import { sharedMlflow } from '../support/shared.ts';
import { reportTrust } from '../support/trust_report.ts';

/** KiB that a folder may hold. */
const SIZES = [4, 16, 40, 80, 160, 320, 500, 800, 1200, 2000];
const FOLDERS = ['data', 'models'];
const READ_ONLY = ['data', 'models', 'reports', paths.local, '.dvc'];

if (need('dvc') && need('mlflow')) {
  let attempts = 0;
  let held = 0;
  afterAll(() =>
    reportTrust('Kills and full disks', {
      attempt: 'disk full at 10 sizes in three folders, read-only folders, /dev/full, a closed pipe: `make pipeline`',
      figure: `${held} of ${attempts} told in a sentence with path and next step, and completed the next time`,
      holds: held === attempts,
    }),
  );
  const counted = async (attempt: () => Promise<void>) => {
    attempts++;
    await attempt();
    held++;
  };

  describe('with a tracking server elsewhere', () => {
    const lab = usePipelineLab(async () => (await sharedMlflow()).env);

    test.each(SIZES.flatMap((size) => FOLDERS.map((folder) => ({ folder, size }))))(
      '$folder full at $size KiB',
      ({ folder, size }) =>
        counted(async () => {
          await expectFull(lab, folder, size);
        }),
    );

    test.each(READ_ONLY)('%s read-only', (folder) =>
      counted(async () => {
        lab.forget();
        mkdirSync(lab.file(folder), { recursive: true });
        execFileSync('mount', ['--bind', lab.file(folder), lab.file(folder)]);
        execFileSync('mount', ['-o', 'remount,bind,ro', lab.file(folder)]);
        try {
          const finished = await lab.pipeline().ended;
          lab.expectSentences(finished);
          expect(finished.code).toBe(1);
          const output = finished.stdout + finished.stderr;
          expect(output).toMatch(/error: .*read-only/i);
          expect(output).toMatch(new RegExp(`error: .*${folder}`));
        } finally {
          execFileSync('umount', ['--lazy', lab.file(folder)]);
        }
        await lab.expectComplete();
      }),
    );

    test('an output on a full disk is told on the other one, and the programs end in order', () =>
      counted(async () => {
        lab.forget();
        const finished = await lab.pipeline('> /dev/full').ended;
        lab.expectSentences(finished);
        expect(finished.code).toBe(1);
        expect(finished.stderr).toBe(
          'error: cannot write standard output: the disk is full (ENOSPC) (DISK_WRITE)\n' +
            '  next: free some space on that disk, then run the same command again\n',
        );
        await lab.expectComplete();
      }));

    test('a reader that goes away ends it silently', () =>
      counted(async () => {
        lab.forget();
        const finished = await lab.pipeline('| head -n 1').ended;
        lab.expectSentences(finished);
        expect(finished.stderr).toBe('');
        await lab.expectComplete();
      }));
  });

  describe('with a local MLflow', () => {
    const lab = usePipelineLab();

    test.each(SIZES)(`${paths.local} full at %d KiB`, (size) => counted(() => expectFull(lab, paths.local, size)));
  });
}

async function expectFull(lab: ReturnType<typeof usePipelineLab>, folder: string, size: number): Promise<void> {
  lab.forget();
  mkdirSync(lab.file(folder));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}k`, 'tmpfs', lab.file(folder)]);
  try {
    const finished = await lab.pipeline().ended;
    lab.expectSentences(finished);
    // The largest sizes are enough for some folders.
    if (finished.code !== 0)
      expect(finished.stdout + finished.stderr).toMatch(/(error|next): .*(no space|full|ENOSPC)/i);
  } finally {
    execFileSync('umount', ['--lazy', lab.file(folder)]);
    rmSync(lab.file(folder), { recursive: true, force: true });
  }
  await lab.expectComplete();
}

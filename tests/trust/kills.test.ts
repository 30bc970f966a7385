/**
 * SIGKILL at any moment of `make pipeline`, then the same command again: it ends as if nothing had happened. Only in
 * `make trust`; TRUST_KILLS says how many, TRUST_SEED repeats a run with the same moments.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, test } from 'vitest';
import { need } from '../support/need.ts';
import { usePipelineLab } from '../support/pipeline_lab.ts';
import { descendantsOf, isRunning } from '../support/process.ts';
import { reportTrust } from '../support/trust_report.ts';

const KILLS = Number(process.env.TRUST_KILLS || 60);
const seed = Number(process.env.TRUST_SEED || Math.random().toFixed(4));
/** Any number of multiples of the golden ratio, modulo 1, is spread evenly, so a shorter run looks at the whole as well. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;
/** Every second time with all its programs, as when the machine stops. */
const moments = Array.from({ length: KILLS }, (_, i) => ({ share: (seed + i * GOLDEN) % 1, all: i % 2 === 1 }));

if (need('dvc') && need('mlflow')) {
  const lab = usePipelineLab();
  let complete = 0;
  afterAll(() =>
    reportTrust('Kills and full disks', {
      attempt: `SIGKILL at ${KILLS} random moments of \`make pipeline\`, then again`,
      figure: `${complete} of ${KILLS} end with the same model, figures and dvc.lock (seed ${seed})`,
      holds: complete === KILLS,
    }),
  );

  test.each(moments)(
    'killed at $share of a first run (with all programs: $all), it completes the next time',
    async ({ share, all }) => {
      lab.forget();
      const running = lab.pipeline();
      await sleep(share * lab.duration());
      const programs = all ? descendantsOf(running.pid) : [];
      for (const pid of [running.pid, ...programs]) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
      await running.ended;
      await lab.expectComplete();
      complete++;
    },
  );
}

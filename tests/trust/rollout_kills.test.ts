/**
 * SIGKILL at any moment of a rollout on the real Kubernetes, good and bad images in turn, then the same command again: it ends
 * as an undisturbed one does. Only in `make trust`; TRUST_ROLLOUT_KILLS says how many, TRUST_SEED repeats the moments.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deploy } from '../../ci/src/deploy/deploy.ts';
import { annotations } from '../../ci/src/deploy/manifest.ts';
import { progressOf } from '../../ci/src/kubernetes/snapshot.ts';
import { appManifests, type Bed, imagesOf, look, quick, useCluster } from '../support/deploy.ts';
import { limited } from '../support/limited.ts';
import { need } from '../support/need.ts';
import { isRunning, type Running, start } from '../support/process.ts';
import { reportTrust } from '../support/trust_report.ts';

const KILLS = Number(process.env.TRUST_ROLLOUT_KILLS || 30);
const seed = Number(process.env.TRUST_SEED || Math.random().toFixed(4));
/** Multiples of the golden ratio, modulo 1, are spread evenly, however many there are. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;
const moments = Array.from({ length: KILLS }, (_, i) => ({ share: (seed + i * GOLDEN) % 1, isGood: i % 2 === 0 }));
const program = resolve(import.meta.dirname, '../../ci/src/deploy/main.ts');

if (need('cluster')) {
  let { cluster, kubeConfig, v1, v2, missing, makeNamespace } = {} as Bed;
  useCluster((bed) => {
    ({ cluster, kubeConfig, v1, v2, missing, makeNamespace } = bed);
  });
  let folder: string;
  /** Milliseconds that an undisturbed run takes, with a good and with a bad image. */
  let duration: { good: number; bad: number };
  let held = 0;

  async function begin(): Promise<{ namespace: string; release: (image: string) => Running }> {
    const namespace = await makeNamespace();
    const objects = appManifests(namespace, quick);
    expect(await deploy({ kubeConfig, manifests: objects, image: v1.byDigest })).toMatchObject({ state: 'deployed' });
    const manifests = mkdtempSync(join(folder, 'manifests-'));
    for (const object of objects) writeFileSync(join(manifests, `${object.kind}.yaml`), JSON.stringify(object));
    const release = (image: string) => {
      const args = ['deploy', '--kubeconfig', cluster.kubeconfig, '--manifests', manifests, '--image', image];
      return start(process.execPath, [program, ...args], { cwd: folder });
    };
    return { namespace, release };
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rollouts-'));
    const time = async (image: string) => {
      const { release } = await begin();
      const before = Date.now();
      await release(image).ended;
      return Date.now() - before;
    };
    duration = { good: await time(v2.byDigest), bad: await time(missing) };
  });
  afterAll(() => {
    reportTrust('Rollouts', {
      attempt: `SIGKILL at ${KILLS} random moments of a rollout on Kubernetes, then again`,
      figure: `${held} of ${KILLS} end as an undisturbed one: released, or back (seed ${seed})`,
      holds: held === KILLS,
    });
    rmSync(folder, { recursive: true, force: true });
  });

  // Each waits for its pods most of the time.
  const run = limited(3);
  test.concurrent.for(moments)(
    'killed at $share of a rollout (good image: $isGood), it ends the next time',
    { timeout: 7_200_000 },
    ({ share, isGood }, { onTestFinished }) =>
      run(async () => {
        const { namespace, release } = await begin();
        const image = isGood ? v2.byDigest : missing;
        const first = release(image);
        onTestFinished(() => first.stop());
        await sleep(share * (isGood ? duration.good : duration.bad));
        if (isRunning(first.pid)) process.kill(first.pid, 'SIGKILL');
        await first.ended;
        const second = release(image);
        onTestFinished(() => second.stop());
        const { code, stdout, stderr } = await second.ended;
        expect(stdout + stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
        expect(code, stdout + stderr).toBe(isGood ? 0 : 1);
        const serves = isGood ? v2.byDigest : v1.byDigest;
        const after = await look(kubeConfig, namespace);
        expect([imagesOf(after), progressOf(after).isDone], stdout).toEqual([[serves], true]);
        const good = after.deployment.metadata?.annotations?.[annotations.lastGood];
        const set = after.replicaSets.find(({ spec }) => spec?.template?.spec?.containers[0].image === serves);
        expect(good).toBe(set?.metadata?.name);
        held++;
      }),
  );
}

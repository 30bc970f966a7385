/** A rolling update with interruptions: lost connections, a second deployer, and a deployer that is stopped or killed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeApplier } from '../ci/src/deploy/apply.ts';
import { type DeployOptions, deploy } from '../ci/src/deploy/deploy.ts';
import { annotations } from '../ci/src/deploy/manifest.ts';
import { describeOutcome } from '../ci/src/deploy/report.ts';
import { progressOf } from '../ci/src/kubernetes/snapshot.ts';
import { appManifests, appName, type Bed, imagesOf, kubeConfigOf, look, quick, useCluster } from './support/deploy.ts';
import { startCutter } from './support/deploy_cutter.ts';
import { need } from './support/need.ts';
import { type Running, start } from './support/process.ts';

const program = resolve(import.meta.dirname, '../ci/src/deploy/main.ts');

describe.skipIf(!need('cluster'))('an interrupted rolling update', () => {
  let { cluster, kubeConfig, v1, v2, missing, makeNamespace } = {} as Bed;
  useCluster((bed) => {
    ({ cluster, kubeConfig, v1, v2, missing, makeNamespace } = bed);
  });
  let folder: string;
  const programs: Running[] = [];

  /** A namespace where v1 serves. */
  async function begin(): Promise<Pick<DeployOptions, 'kubeConfig' | 'manifests'> & { namespace: string }> {
    const namespace = await makeNamespace();
    const release = { kubeConfig, manifests: appManifests(namespace, quick), namespace };
    expect(await deploy({ ...release, image: v1.byDigest })).toMatchObject({ state: 'deployed' });
    return release;
  }

  /** Runs the deployer as a process, so that the test can stop and kill it. */
  function startProgram(namespace: string, image: string): Running {
    const manifests = mkdtempSync(join(folder, 'manifests-'));
    for (const object of appManifests(namespace, quick)) {
      writeFileSync(join(manifests, `${object.kind}.yaml`), JSON.stringify(object));
    }
    const args = ['deploy', '--kubeconfig', cluster.kubeconfig, '--manifests', manifests, '--image', image];
    const running = start(process.execPath, [program, ...args], { cwd: folder });
    programs.push(running);
    return running;
  }

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'deploy-'));
  });
  afterAll(async () => {
    await Promise.all(programs.map((running) => running.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  test('ends the same when all its connections are cut ten times', async () => {
    const { manifests, namespace } = await begin();
    const cutter = await startCutter(cluster.kubeconfig, folder);
    try {
      const cut = { kubeConfig: kubeConfigOf(cutter.kubeconfig), manifests };
      const cuts: number[] = [];
      let isOver = false;
      const cutting = (async () => {
        while (cuts.length < 10 && !isOver) {
          await sleep(500);
          cuts.push(cutter.cut());
        }
      })();
      const outcome = await deploy({ ...cut, image: v2.byDigest }).finally(() => {
        isOver = true;
      });
      await cutting;
      expect(describeOutcome(outcome)).toMatch(/^deployed /);
      expect(cuts).toHaveLength(10);
      // Mostly four watches: proof that the cuts met connections in use.
      expect(Math.max(...cuts)).toBeGreaterThanOrEqual(4);
      const after = await look(kubeConfig, namespace);
      expect([imagesOf(after), progressOf(after).isDone]).toEqual([[v2.byDigest], true]);
    } finally {
      await cutter.stop();
    }
  });

  test('of two deployers one wins, and the other reports who holds the lock', async () => {
    const { namespace, ...release } = await begin();
    const outcomes = await Promise.all([
      deploy({ ...release, image: v1.byDigest, commit: 'first' }),
      deploy({ ...release, image: v2.byDigest, commit: 'second' }),
    ]);
    const loser = outcomes.find(({ state }) => state === 'refused');
    const winner = outcomes.find(({ state }) => state !== 'refused');
    if (!loser || !winner) throw new Error(outcomes.map(describeOutcome).join('\n'));
    expect(['deployed', 'unchanged']).toContain(winner.state);
    const name = winner.image === v1.byDigest ? 'first' : 'second';
    expect(describeOutcome(loser)).toMatch(/another deployer is running in .*, commit (first|second),.*\(LOCKED\)/);
    expect(describeOutcome(loser)).toContain(`commit ${name}`);
    expect(imagesOf(await look(kubeConfig, namespace))).toEqual([winner.image]);
  });

  test('a deployer that loses its lock or finds other images stops and reports it', async () => {
    const [first, second] = await Promise.all([begin(), begin()]);
    const steal = () => {
      const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
      const metadata = { name: `${appName}-deploy`, namespace: first.namespace };
      return makeApplier(kubeConfig, 'thief').apply({ ...lease, metadata, ...{ spec: { holderIdentity: 'thief' } } });
    };
    const meddle = () => {
      const target = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: appName, namespace: second.namespace },
      };
      const template = { spec: { containers: [{ name: 'app', image: v1.byDigest }] } };
      return makeApplier(kubeConfig, 'meddler').apply({ ...target, ...{ spec: { template } } });
    };
    // Never ready, so that there is time to disturb it.
    const never = { container: { env: [{ name: 'NOT_READY', value: '1' }] } };
    const disturbances: Promise<unknown>[] = [];
    const disturbed = (namespace: string, options: object, disturb: () => Promise<unknown>) => {
      let isDisturbed = false;
      return deploy({
        kubeConfig,
        manifests: appManifests(namespace, options),
        image: v2.byDigest,
        onProgress: (line) => {
          if (isDisturbed || !line.startsWith('1 of 2 updated')) return;
          isDisturbed = true;
          disturbances.push(disturb());
        },
      });
    };
    const [robbed, meddled] = await Promise.all([
      disturbed(first.namespace, never, steal),
      disturbed(second.namespace, quick, meddle),
    ]);
    await Promise.all(disturbances);
    expect(describeOutcome(robbed)).toMatch(/^interrupted .*the lock .* was lost: its holder is now "thief"/);
    expect(describeOutcome(meddled)).toMatch(/^interrupted .*somebody else changed .*CHANGED_BY_OTHERS/);
  });

  test('on SIGTERM the deployer reports the state and releases the lock', async () => {
    const { namespace, ...release } = await begin();
    const running = startProgram(namespace, v2.byDigest);
    await running.prints('1 of 2 updated');
    process.kill(running.pid, 'SIGTERM');
    const { code, stdout } = await running.ended;
    expect(code).toBe(1);
    expect(stdout).toMatch(/^interrupted .*was left like this: [12] of 2 updated.*Why: stopped by SIGTERM/);
    const lines: string[] = [];
    const onProgress = (line: string) => lines.push(line);
    expect(await deploy({ ...release, image: v2.byDigest, onProgress })).toMatchObject({ state: 'deployed' });
    expect(lines.join('\n')).not.toContain('lock');
  });

  test('after a deployer is killed at any point, the next run finishes the release or rolls it back', async () => {
    const cases = [
      { point: 'while the new pods start', image: v2.byDigest, at: '1 of 2 updated', next: v2.byDigest },
      { point: 'before the last old pod is gone', image: v2.byDigest, at: '2 of 2 updated', next: v1.byDigest },
      { point: 'after the release has failed', image: missing, at: 'failed: ', next: missing },
      { point: 'during the rollback', image: missing, at: 'rolling back to ', next: v1.byDigest },
    ];
    await Promise.all(
      cases.map(async ({ point, image, at, next }) => {
        const { namespace, ...release } = await begin();
        const running = startProgram(namespace, image);
        await running.prints(at);
        process.kill(running.pid, 'SIGKILL');
        const outcome = await deploy({ ...release, image: next });
        const wanted = next === missing ? { state: 'rolled back', returned: { image: v1.byDigest } } : { image: next };
        expect(outcome, point).toMatchObject(wanted);
        expect(['deployed', 'unchanged', 'rolled back'], describeOutcome(outcome)).toContain(outcome.state);
        const serves = next === missing ? v1.byDigest : next;
        const after = await look(kubeConfig, namespace);
        expect([imagesOf(after), progressOf(after).isDone], point).toEqual([[serves], true]);
        const good = after.deployment.metadata?.annotations?.[annotations.lastGood];
        const set = after.replicaSets.find(({ spec }) => spec?.template?.spec?.containers[0].image === serves);
        expect(good, point).toBe(set?.metadata?.name);
      }),
    );
  });
});

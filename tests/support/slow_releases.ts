/**
 * Sound releases of the test app that are slow, each in its own way. At the pace 1 they take the time that they take on a real
 * cluster; at the pace 6 everything is six times as fast, the deployer's patience too.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeApplier } from '../../ci/src/deploy/apply.ts';
import { type DeployOptions, deploy } from '../../ci/src/deploy/deploy.ts';
import type { DeploymentManifest } from '../../ci/src/deploy/manifest.ts';
import { describeOutcome, exitCode, type Outcome } from '../../ci/src/deploy/report.ts';
import { type Stage, startBalancer, startScaler } from './balancer.ts';
import { type Cluster, layerOfFiles, push } from './cluster.ts';
import { type AppOptions, appManifests, appName, type Bed, kubeConfigOf, quick } from './deploy.ts';
import { startCutter } from './deploy_cutter.ts';
import { startSlowRegistry } from './slow_registry.ts';

export type SlowRelease = {
  title: string;
  /** `round` 0 to 4 varies it. */
  plan: (round: number, pace: number) => { first?: AppOptions; next: AppOptions; beside?: Beside };
  /** The kubelet pulls one image at a time. */
  isOneByOne?: boolean;
};

/** Starts what happens beside the release, just before it. */
type Beside = (bed: Bed, namespace: string) => Promise<Around> | Around;

type Around = Pick<DeployOptions, 'onProgress'> & {
  kubeConfig?: DeployOptions['kubeConfig'];
  /** By digest; default: the second version of the app. */
  image?: string;
  end?: () => Promise<void>;
};

const gate = 'target-health.elbv2.k8s.aws/k8s-app';
const one: AppOptions = { ...quick, replicas: 1 };

export const slowGate: SlowRelease = {
  title: 'a readiness gate of a balancer that opens after 30 to 300 s',
  plan: (round, pace) => {
    const seconds = [30, 90, 180, 240, 300][round] / pace;
    // The last one takes longer than that, in stages that do not.
    const spec = round === 4 ? { progressDeadlineSeconds: 180 / pace } : {};
    return {
      next: { ...one, spec, pod: { readinessGates: [{ conditionType: gate }] } },
      beside: opening(
        { seconds: 0.1 * seconds },
        { status: 'False', reason: 'Elb.RegistrationInProgress', seconds: 0.5 * seconds },
        { status: 'False', reason: 'Elb.InitialHealthChecking', seconds: 0.4 * seconds },
        { status: 'True', seconds: 1 },
      ),
    };
  },
};

export const slowQuota: SlowRelease = {
  title: 'a quota that old pods hold until they have ended',
  plan: (_, pace) => ({
    first: {
      ...one,
      spec: inPlace(),
      pod: { terminationGracePeriodSeconds: 60 },
      container: { lifecycle: { preStop: { sleep: { seconds: pace > 1 ? 10 : 40 } } } },
    },
    next: { ...one, spec: inPlace() },
    beside: async ({ kubeConfig }, namespace) => {
      const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'one', namespace } };
      await makeApplier(kubeConfig, 'test').apply({ ...quota, ...{ spec: { hard: { pods: '1' } } } });
      return {};
    },
  }),
};

export const moreOnTheWay: SlowRelease = {
  title: 'more pods wanted on the way',
  plan: (round) => ({
    next: readyAfter(5, 2),
    beside: ({ kubeConfig }, namespace) => {
      const target = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: appName, namespace } };
      const scale = makeApplier(kubeConfig, 'autoscaler');
      const done = sleep(3000 + 2000 * round).then(() => scale.apply({ ...target, ...{ spec: { replicas: 4 } } }));
      return { end: async () => void (await done) };
    },
  }),
};

export const awayFor: SlowRelease = {
  title: 'an API server that is away for 60 s',
  plan: (round, pace) => ({
    next: readyAfter(5, 1),
    beside: async ({ cluster }) => {
      const folder = mkdtempSync(join(tmpdir(), 'away-'));
      const cutter = await startCutter(cluster.kubeconfig, folder);
      let away: Promise<void> | undefined;
      return {
        kubeConfig: kubeConfigOf(cutter.kubeconfig),
        onProgress: (line) => {
          if (line.startsWith('1 of 1 updated, 0 ready'))
            away ??= sleep(1000 * round).then(() => cutter.away(Math.max(16_000, 60_000 / pace)));
        },
        end: async () => {
          await away;
          await cutter.stop();
          rmSync(folder, { recursive: true, force: true });
        },
      };
    },
  }),
};

/** The eight kinds. */
export const slowReleases: SlowRelease[] = [
  slowGate,
  {
    title: 'a pull that takes 80 s',
    isOneByOne: true,
    plan: (_, pace) => ({
      next: one,
      beside: async ({ cluster }, namespace) => {
        const slow = await startSlowRegistry(cluster.images, 80 / pace);
        const host = `${namespace}.registry.test`;
        cluster.serveAs(host, { host: `${cluster.hostAddress()}:${slow.port}` });
        return { image: `${host}/app@${await pushLarge(cluster, namespace)}`, end: slow.stop };
      },
    }),
  },
  {
    title: 'a service that starts as slowly as the one before',
    plan: (round, pace) => ({
      first: readyAfter(75 / pace, 1),
      next: readyAfter((80 + 5 * round) / pace, 1),
    }),
  },
  {
    title: 'a node that an autoscaler adds after 100 s',
    plan: (_, pace) => {
      const label = `added.sentiment-test/${randomBytes(4).toString('hex')}`;
      return {
        next: { ...one, pod: { nodeSelector: { [label]: 'yes' } } },
        beside: ({ cluster }, namespace) => ({
          end: startScaler(cluster.kubeconfig, namespace, label, 100 / pace).stop,
        }),
      };
    },
  },
  slowQuota,
  {
    title: 'six pods one by one, each ready after 12 s',
    plan: (_, pace) => ({ first: { ...quick, replicas: 6 }, next: readyAfter(12 / pace, 6) }),
  },
  moreOnTheWay,
  awayFor,
];

/** The release's outcome and what it said on the way. Throws if the release before it does not serve. */
export async function releaseSlowly(
  bed: Bed,
  { plan }: SlowRelease,
  round: number,
  pace: number,
): Promise<{ outcome: Outcome; lines: string[]; image: string; namespace: string }> {
  const namespace = await bed.makeNamespace();
  const { first = one, next, beside } = plan(round, pace);
  const { kubeConfig, v1, v2 } = bed;
  const release = { kubeConfig, manifests: appManifests(namespace, first), image: v1.byDigest };
  // The API server of a loaded machine may take longer than the deployer waits before it has begun.
  let begun = await deploy({ ...release, patience: { 'never-ready': 300 } });
  for (let more = 3; more > 0 && exitCode(begun) === 4; more--) begun = await deploy(release);
  if (begun.state !== 'deployed') throw new Error(describeOutcome(begun));
  const { image = v2.byDigest, onProgress, end, ...around } = (await beside?.(bed, namespace)) ?? {};
  const lines: string[] = [];
  try {
    const outcome = await deploy({
      kubeConfig,
      ...around,
      manifests: appManifests(namespace, next),
      image,
      patience: { 'never-ready': 60 / pace, quota: 30 / pace, unschedulable: 60 / pace },
      onProgress: (line) => {
        lines.push(line);
        onProgress?.(line);
      },
    });
    return { outcome, lines, image, namespace };
  } finally {
    await end?.();
  }
}

function readyAfter(seconds: number, replicas: number): AppOptions {
  return { replicas, container: { ...quick.container, env: [{ name: 'READY_AFTER', value: `${seconds}s` }] } };
}

/** An old pod ends before a new one starts. */
function inPlace(): Partial<DeploymentManifest['spec']> {
  return { strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } };
}

function opening(...stages: Stage[]): Beside {
  return ({ cluster }, namespace) => ({ end: startBalancer(cluster.kubeconfig, namespace, stages).stop });
}

/** The test app with a layer that no node has yet; returns the digest. */
async function pushLarge({ images, appLayers }: Cluster, tag: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'large-'));
  try {
    const file = join(folder, 'large');
    writeFileSync(file, randomBytes(2_000_000));
    const layers = [...(await appLayers()), await layerOfFiles({ large: file })];
    const config = { Entrypoint: ['/app'], User: '1000:1000' };
    return (await push(images, { name: 'app', tag, layers, config })).digest;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Sound releases that are slow, each in its own way: none is rolled back. `make trust` tries each five times, and the gates at
 * their real pace.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeApplier } from '../ci/src/deploy/apply.ts';
import { type DeployOptions, deploy } from '../ci/src/deploy/deploy.ts';
import type { DeploymentManifest, Manifest } from '../ci/src/deploy/manifest.ts';
import { describeOutcome } from '../ci/src/deploy/report.ts';
import { type Stage, startBalancer, startBinder } from './support/balancer.ts';
import { apiOf } from './support/cluster/api.ts';
import { type Cluster, type PushedImage, startCluster, type TestNamespace } from './support/cluster.ts';
import { type AppOptions, appManifests, appName, imagesOf, kubeConfigOf, look, quick } from './support/deploy.ts';
import { startCutter } from './support/deploy_cutter.ts';
import { need } from './support/need.ts';

const { TRUST } = process.env;
const times = TRUST ? 5 : 1;
/** A patience of 60 s at its real pace, or of 6 s where everything is ten times as fast. */
const pace = TRUST ? 1 : 10;
const awayMs = TRUST ? 60_000 : 16_000;
const gate = 'target-health.elbv2.k8s.aws/k8s-app';

type Way = {
  title: string;
  first?: AppOptions;
  next: AppOptions;
  /** What happens beside the release; returns how to end it. */
  beside?: (namespace: string, cluster: Cluster) => Promise<() => Promise<void>>;
  /** Only with TRUST: it takes minutes whatever the pace. */
  isLong?: boolean;
};

const one: AppOptions = { ...quick, replicas: 1 };
const gated = (options: AppOptions): AppOptions => ({ ...options, pod: { readinessGates: [{ conditionType: gate }] } });
const opening =
  (...stages: Stage[]) =>
  async (namespace: string, { kubeconfig }: Cluster) =>
    startBalancer(kubeconfig, namespace, stages).stop;

const ways: Way[] = [
  {
    title: 'a gate that opens after 180 s, as those of an NLB do',
    next: gated(one),
    beside: opening(
      { seconds: 20 / pace },
      { status: 'False', reason: 'Elb.RegistrationInProgress', seconds: 100 / pace },
      { status: 'False', reason: 'Elb.InitialHealthChecking', seconds: 60 / pace },
      { status: 'True', seconds: 1 },
    ),
  },
  {
    title: 'a gate that takes longer than progressDeadlineSeconds, in two stages that do not',
    next: gated({ ...one, spec: { progressDeadlineSeconds: 300 / pace } }),
    beside: opening(
      { status: 'False', reason: 'Elb.RegistrationInProgress', seconds: 250 / pace },
      { status: 'False', reason: 'Elb.InitialHealthChecking', seconds: 150 / pace },
      { status: 'True', seconds: 1 },
    ),
  },
  {
    title: 'a service that starts as slowly as the one before',
    first: { ...one, container: { ...quick.container, env: [{ name: 'READY_AFTER', value: '75s' }] } },
    next: { ...one, container: { ...quick.container, env: [{ name: 'READY_AFTER', value: '85s' }] } },
    isLong: true,
  },
  {
    title: 'a quota that an old pod holds until it has ended',
    first: {
      ...one,
      spec: inPlace(),
      pod: { terminationGracePeriodSeconds: 60 },
      container: { lifecycle: { preStop: { sleep: { seconds: TRUST ? 40 : 10 } } } },
    },
    next: { ...one, spec: inPlace() },
    beside: async (namespace, { kubeconfig }) => {
      const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'one', namespace } };
      await makeApplier(kubeConfigOf(kubeconfig), 'test').apply({ ...quota, ...{ spec: { hard: { pods: '1' } } } });
      return async () => {};
    },
  },
  { title: 'six pods, one by one, each ready after 5 s', next: slowOnes(6), isLong: true },
  {
    title: 'more pods wanted on the way',
    next: slowOnes(2),
    beside: async (namespace, { kubeconfig }) => {
      const target = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: appName, namespace } };
      const scale = makeApplier(kubeConfigOf(kubeconfig), 'autoscaler');
      const done = sleep(3000).then(() => scale.apply({ ...target, ...{ spec: { replicas: 4 } } }));
      return async () => void (await done);
    },
  },
];

describe.skipIf(!need('cluster')).concurrent('a sound release is not rolled back', () => {
  let cluster: Cluster;
  let kubeConfig: ReturnType<typeof kubeConfigOf>;
  let v1: PushedImage;
  let v2: PushedImage;
  const namespaces: TestNamespace[] = [];

  async function makeNamespace(): Promise<string> {
    const namespace = await cluster.namespace();
    namespaces.push(namespace);
    return namespace.name;
  }

  beforeAll(async () => {
    cluster = await startCluster();
    kubeConfig = kubeConfigOf(cluster.kubeconfig);
    [v1, v2] = await Promise.all(['v1', 'v2'].map((version) => cluster.pushApp(version)));
  });
  afterAll(async () => {
    await Promise.all(namespaces.map((namespace) => namespace.remove()));
    await cluster?.stop();
  });

  const tried = ways.filter(({ isLong }) => TRUST || !isLong);
  test.each(tried.map((way) => [way.title, way] as const))('with %s', async (_, { first = one, next, beside }) => {
    // Where everything is ten times as fast, so is the patience.
    const patience = { 'never-ready': 60 / pace, quota: 30 / pace };
    for (let round = 0; round < times; round++) {
      const namespace = await makeNamespace();
      const release = (options: AppOptions, { byDigest: image }: PushedImage): DeployOptions => ({
        kubeConfig,
        manifests: appManifests(namespace, options),
        image,
        patience,
      });
      const begun = await deploy({ ...release(first, v1), patience: { 'never-ready': 300 } });
      expect(begun, describeOutcome(begun)).toMatchObject({ state: 'deployed' });
      const end = await beside?.(namespace, cluster);
      const outcome = await deploy(release(next, v2));
      await end?.();
      expect(outcome, describeOutcome(outcome)).toMatchObject({ state: 'deployed' });
      expect(imagesOf(await look(kubeConfig, namespace))).toEqual([v2.byDigest]);
    }
  });

  test('with an API server that is away for a minute', async () => {
    const namespace = await makeNamespace();
    const folder = mkdtempSync(join(tmpdir(), 'away-'));
    const cutter = await startCutter(cluster.kubeconfig, folder);
    try {
      const manifests = appManifests(namespace, one);
      expect(await deploy({ kubeConfig, manifests, image: v1.byDigest })).toMatchObject({ state: 'deployed' });
      const slow = appManifests(namespace, slowOnes(1));
      const lines: string[] = [];
      let away: Promise<void> | undefined;
      const outcome = await deploy({
        kubeConfig: kubeConfigOf(cutter.kubeconfig),
        manifests: slow,
        image: v2.byDigest,
        onProgress: (line) => {
          lines.push(line);
          if (line.startsWith('1 of 1 updated, 0 ready')) away ??= cutter.away(awayMs);
        },
      });
      await away;
      expect(outcome, describeOutcome(outcome)).toMatchObject({ state: 'deployed' });
      expect(lines.join('\n')).toContain('the cluster cannot be asked');
      expect(outcome.seconds).toBeGreaterThan(awayMs / 1000);
    } finally {
      await cutter.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('and the first one waits for its balancer, so that its pods are made after the binding', async () => {
    const namespace = await makeNamespace();
    const binder = await startBinder(cluster.kubeconfig, 4);
    try {
      const manifests = appManifests(namespace, one).map((object) =>
        object.kind === 'Service' ? balanced(object) : object,
      );
      const lines: string[] = [];
      const outcome = await deploy({
        kubeConfig,
        manifests,
        image: v1.byDigest,
        onProgress: (line) => lines.push(line),
      });
      expect(outcome, describeOutcome(outcome)).toMatchObject({ state: 'deployed' });
      expect(lines).toContain('waiting for the balancer of Service app, so that the pods get its gate');
      expect(describeOutcome(outcome)).toContain(
        'it was not asked from outside: the balancer of Service app has no address yet',
      );
      const path = `/apis/elbv2.k8s.aws/v1beta1/namespaces/${namespace}/targetgroupbindings/k8s-app`;
      const { metadata } = JSON.parse((await apiOf(cluster.kubeconfig)('GET', path)).body);
      const { deployment } = await look(kubeConfig, namespace);
      expect(deployment.metadata?.creationTimestamp?.getTime()).toBeGreaterThanOrEqual(
        Date.parse(metadata.creationTimestamp),
      );
    } finally {
      await binder.stop();
    }
  });
});

/** Ready five seconds after its start. */
function slowOnes(replicas: number): AppOptions {
  return { replicas, container: { ...quick.container, env: [{ name: 'READY_AFTER', value: '5s' }] } };
}

/** An old pod ends before a new one starts. */
function inPlace(): Partial<DeploymentManifest['spec']> {
  return { strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } };
}

function balanced(object: Manifest): Manifest {
  const { spec, ...rest } = object as Manifest & { spec: object };
  return Object.assign(rest, { spec: { ...spec, type: 'LoadBalancer', loadBalancerClass: 'service.k8s.aws/nlb' } });
}

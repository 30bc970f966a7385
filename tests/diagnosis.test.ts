/**
 * Every failure that can be provoked on one node, through the real deployer: the verdict, the time to it, and what serves
 * afterwards. With DIAGNOSIS_REPORT=docs/deploy.md the run writes the table and the transcripts of that page.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { deploy } from '../ci/src/deploy/deploy.ts';
import { type Diagnosis, describeDiagnosis, diagnose } from '../ci/src/deploy/diagnose.ts';
import type { Manifest } from '../ci/src/deploy/manifest.ts';
import { describeOutcome, type Outcome } from '../ci/src/deploy/report.ts';
import { causeNames, codeOf, runbookPage } from '../ci/src/diagnosis/causes.ts';
import type { Verdict } from '../ci/src/diagnosis/finding.ts';
import { ecrExplainer } from '../ci/src/ecr/explain.ts';
import { prepareRepository } from '../ci/src/ecr/repository.ts';
import { readSnapshot } from '../ci/src/kubernetes/snapshot.ts';
import { startWebhook, type Webhook } from './support/admission_webhook.ts';
import { apiOf } from './support/cluster/api.ts';
import { type Cluster, layerOfFiles, push, startCluster, type TestNamespace } from './support/cluster.ts';
import { makeDeadNode } from './support/dead_node.ts';
import { appManifests, imagesOf, kubeConfigOf, look } from './support/deploy.ts';
import { applyByHand, createObjects, deleteClusterObjects } from './support/diagnosis_objects.ts';
import { type Seen, writeReport } from './support/diagnosis_report.ts';
import { appliedByHand, refusedOutright } from './support/diagnosis_scenarios/cluster.ts';
import { whileBaking } from './support/diagnosis_scenarios/pods.ts';
import {
  badManifests,
  ecr,
  goodManifests,
  type Images,
  type Scenario,
  wrongEcr,
} from './support/diagnosis_scenarios/scenario.ts';
import { scenarios } from './support/diagnosis_scenarios.ts';
import { limited } from './support/limited.ts';
import { objectsIn } from './support/namespace_objects.ts';
import { need } from './support/need.ts';
import { start } from './support/process.ts';
import { startEcr } from './support/registry_ecr.ts';

const program = resolve(import.meta.dirname, '../ci/src/deploy/main.ts');

/** Two cores can run this many. */
const atOnce = 9;

describe.skipIf(!need('rig'))('a rollout that fails', () => {
  let cluster: Cluster;
  let images: Images;
  let webhook: Webhook;
  const running = new Map<Scenario, Promise<Outcome>>();
  const namespaces: TestNamespace[] = [];
  const seen: Seen[] = [];
  const progress = new Map<Scenario, string[]>();
  /** The objects of the namespace before the release that fails. */
  const before = new Map<Scenario, Record<string, object>>();

  beforeAll(async () => {
    cluster = await startCluster();
    cluster.serveAs(ecr, cluster.registries().open);
    cluster.serveAs(wrongEcr, cluster.registries().forbidden);
    images = {
      good: await cluster.pushApp('v1'),
      garbage: await pushGarbage(cluster),
      broken: await pushBroken(cluster),
    };
    webhook = await startWebhook(cluster.hostAddress(), "not on the host's network");
    const run = limited(atOnce);
    for (const scenario of scenarios.filter(({ onDeadNode }) => !onDeadNode))
      running.set(
        scenario,
        run(() => fail(scenario)),
      );
    for (const scenario of scenarios.filter(({ onDeadNode }) => onDeadNode))
      running.set(scenario, failOnDeadNode(scenario));
    // a failure that its test awaits later is not an unhandled rejection
    for (const outcome of running.values()) outcome.catch(() => {});
  });
  afterAll(async () => {
    await Promise.allSettled(running.values());
    await Promise.all(namespaces.flatMap((each) => [each.remove(), deleteClusterObjects(cluster, each.name)]));
    await webhook?.stop();
    await cluster?.stop();
    const path = process.env.DIAGNOSIS_REPORT;
    if (path) writeReport(path, seen);
  });

  /** As on a laptop, with the AWS credentials of the environment. */
  async function diagnoseByProgram(namespace: string, env: Record<string, string>): Promise<unknown> {
    const args = ['diagnose', '--kubeconfig', cluster.kubeconfig, '--namespace', namespace, '--name', 'app', '--json'];
    const running = start(process.execPath, [program, ...args], { cwd: tmpdir(), env: { ...process.env, ...env } });
    const { stdout, stderr } = await running.ended;
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  }

  function sawUnhealthy(title: string, found: Diagnosis): Verdict {
    const verdict = found.verdict!;
    seen.push({ title, verdict, text: describeDiagnosis(found), progress: [] });
    return verdict;
  }

  async function namespaceFor(objects: Partial<Scenario>): Promise<string> {
    const namespace = await cluster.namespace();
    namespaces.push(namespace);
    await createObjects(cluster, namespace.name, objects, webhook);
    return namespace.name;
  }

  /** A second node would change what the scheduler says in other scenarios, so it is added after they end. */
  async function failOnDeadNode(scenario: Scenario): Promise<Outcome> {
    const others = scenarios.filter(({ cause }) => cause === 'unschedulable');
    await Promise.allSettled(others.map((each) => running.get(each)));
    const node = await makeDeadNode(cluster.kubeconfig);
    try {
      return await fail(scenario, node.podSpec);
    } finally {
      await node.remove();
    }
  }

  async function fail(scenario: Scenario, pod = scenario.pod): Promise<Outcome> {
    const kubeConfig = kubeConfigOf(cluster.kubeconfig);
    const namespace = await namespaceFor(scenario);
    const good = `${ecr}/app@${images.good.digest}`;
    const first = await deploy({
      kubeConfig,
      manifests: goodManifests(namespace, scenario),
      image: good,
      container: 'app',
    });
    expect(first, JSON.stringify(first)).toMatchObject({ state: 'deployed' });
    before.set(scenario, await objectsIn(apiOf(cluster.kubeconfig), namespace));
    const image = scenario.image?.(cluster, images) ?? good;
    const manifests = badManifests(namespace, { ...scenario, pod }, image);
    const lines: string[] = [];
    progress.set(scenario, lines);
    const start = performance.now();
    const onProgress = (line: string) => {
      lines.push(`${((performance.now() - start) / 1000).toFixed(1).padStart(5)} s  ${line}`);
    };
    return deploy({ kubeConfig, manifests, image, container: 'app', deadlineSeconds: 200, onProgress });
  }

  test('is provoked here for every cause', () => {
    const provoked = new Set(
      [...scenarios, ...refusedOutright, ...appliedByHand, ...whileBaking].map(({ cause }) => cause),
    );
    expect(causeNames.filter((cause) => !provoked.has(cause))).toEqual([]);
  });

  test.each(refusedOutright.map((scenario) => [scenario.title, scenario] as const))(
    'with %s is refused before the start',
    async (title, scenario) => {
      const namespace = await namespaceFor(scenario);
      const image = `${ecr}/app@${images.good.digest}`;
      const manifests = badManifests(namespace, scenario, image);
      const kubeConfig = kubeConfigOf(cluster.kubeconfig);
      const outcome = await deploy({ kubeConfig, manifests, image, container: 'app' });
      if (outcome.state !== 'refused') throw new Error(`unexpected outcome: ${JSON.stringify(outcome, undefined, 1)}`);
      const { code, headline, next = '' } = outcome.error;
      expect({ code, headline, next }).toEqual({
        code: 'NOT_ADMITTED',
        headline: expect.stringMatching(scenario.says),
        next: expect.stringMatching(scenario.mends!),
      });
      expect(next).toMatch(/more: docs\/runbook\/admission-denied\.md$/);
      const { cause } = scenario;
      const text = describeOutcome(outcome);
      seen.push({ title, verdict: { cause, headline, runbook: runbookPage(cause) }, text, progress: [] });
      expect(await readSnapshot(kubeConfig, namespace, 'app')).toBeUndefined();
    },
  );

  test.each(scenarios.map((scenario) => [scenario.title, scenario] as const))(
    'because of %s is explained and rolled back',
    async (title, scenario) => {
      const outcome = await running.get(scenario)!;
      if (outcome.state !== 'rolled back')
        throw new Error(`unexpected outcome: ${JSON.stringify(outcome, undefined, 1)}`);
      const { verdict, secondsToVerdict, returned } = outcome;
      const seconds = { toVerdict: secondsToVerdict, back: returned.seconds };
      seen.push({ title, verdict, seconds, text: describeOutcome(outcome), progress: progress.get(scenario) ?? [] });
      expect(describeOutcome(outcome).split('\n')[0]).toContain(`(${codeOf(scenario.cause)})`);
      expect(verdict).toMatchObject({ cause: scenario.cause, headline: expect.stringMatching(scenario.says) });
      expect(verdict.evidence.join('\n')).toMatch(scenario.shows ?? /./);
      expect(verdict.next).toMatch(scenario.mends ?? /./);
      expect(returned.image).toBe(`${ecr}/app@${images.good.digest}`);
      const after = await look(kubeConfigOf(cluster.kubeconfig), outcome.namespace);
      expect(imagesOf(after)).toEqual([returned.image]);
      expect(after.deployment.status?.readyReplicas).toBe(1);
      const now = await objectsIn(apiOf(cluster.kubeconfig), outcome.namespace);
      expect({ objects: now, left: returned.left }).toEqual({
        objects: before.get(scenario),
        left: [],
      });
      if (scenario.cause === 'image-forbidden') {
        // the required limits
        expect(secondsToVerdict).toBeLessThanOrEqual(15);
        expect(returned.seconds).toBeLessThanOrEqual(30);
      }
    },
  );

  test.each(appliedByHand.map((scenario) => [scenario.title, scenario] as const))(
    'because of %s is refused before the start, and explained when it was applied by hand',
    async (title, scenario) => {
      const kubeConfig = kubeConfigOf(cluster.kubeconfig);
      const namespace = await namespaceFor(scenario);
      const image = scenario.image?.(cluster, images) ?? `${ecr}/app@${images.good.digest}`;
      const manifests = badManifests(namespace, scenario, image);
      expect(await deploy({ kubeConfig, manifests, image, container: 'app' })).toMatchObject({ state: 'refused' });
      for (const object of manifests) setImage(object, image);
      await applyByHand(cluster, namespace, manifests);
      const verdict = await vi.waitFor(
        async () => {
          const found = await diagnose({ kubeConfig, namespace, name: 'app' });
          const { state, verdict } = found;
          expect({ state, cause: verdict?.cause }).toEqual({ state: 'unhealthy', cause: scenario.cause });
          return sawUnhealthy(title, found);
        },
        { timeout: 60_000, interval: 250 },
      );
      expect(verdict.headline).toMatch(scenario.says);
      expect(verdict.evidence.join('\n')).toMatch(scenario.shows ?? /./);
      expect(verdict.next).toMatch(scenario.mends ?? /./);
    },
  );

  test.skipIf(!need('moto'))(
    'because of a repository that ECR does not have is explained with the nearest name that exists',
    async () => {
      const kubeConfig = kubeConfigOf(cluster.kubeconfig);
      const namespace = await namespaceFor({});
      const { host, user, password } = cluster.registries().password;
      const ecrHost = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
      cluster.serveAs(ecrHost, { host }, { user, password });
      const lab = await startEcr(host);
      try {
        await prepareRepository(lab.clients, { name: 'sentiment' });
        const digest = await lab.push('sentiment', 'v1', 'the same');
        const explainImage = ecrExplainer({ clients: lab.clients });
        const wrong = `${ecrHost}/sentimnt@${digest}`;
        const manifests = badManifests(namespace, { container: {} }, wrong);
        const refused = await deploy({ kubeConfig, manifests, image: wrong, container: 'app', explainImage });
        expect(refused).toMatchObject({ state: 'refused', error: { code: 'IMAGE_NOT_FOUND' } });
        for (const object of manifests) setImage(object, wrong);
        await applyByHand(cluster, namespace, manifests);
        const verdict = await vi.waitFor(
          async () => {
            const found = await diagnose({ kubeConfig, namespace, name: 'app', explainImage });
            expect(found.verdict?.cause).toBe('image-not-found');
            return sawUnhealthy('a repository that ECR does not have', found);
          },
          { timeout: 60_000, interval: 250 },
        );
        const { cause, headline, next } = verdict;
        const told = await diagnoseByProgram(namespace, lab.moto.env);
        expect(told).toMatchObject({ state: 'unhealthy', verdict: { cause, headline, next } });
        expect(verdict.headline).toContain('the registry has no such image; repository sentimnt instead of sentiment');
        expect(verdict.headline).toContain(`where ${ecrHost}/sentiment@${digest} exists`);
      } finally {
        await lab.stop();
      }
    },
  );

  test('goes on when the fault heals: the registry refuses the first pull and serves the next', async () => {
    const kubeConfig = kubeConfigOf(cluster.kubeconfig);
    const namespace = await namespaceFor({});
    const host = 'late.registry.test';
    cluster.serveAs(host, cluster.registries().busy);
    let failures = 0;
    const outcome = await deploy({
      kubeConfig,
      manifests: appManifests(namespace, { replicas: 1 }),
      image: `${host}/app@${images.good.digest}`,
      onProgress: (line) => {
        if (!/limits the pull rate/.test(line)) return;
        failures++;
        cluster.serveAs(host, cluster.registries().open);
      },
    });
    expect(failures).toBeGreaterThan(0);
    expect(outcome).toMatchObject({ state: 'deployed' });
  });
});

function setImage(object: Manifest, image: string): void {
  if (object.kind !== 'Deployment') return;
  const { spec } = object as Manifest & { spec: { template: { spec: { containers: { image: string }[] } } } };
  for (const container of spec.template.spec.containers) container.image = image;
}

/** An executable that no processor can run, like a program for another architecture. */
async function pushGarbage(cluster: Cluster) {
  const folder = mkdtempSync(join(tmpdir(), 'garbage-'));
  try {
    const file = join(folder, 'app');
    writeFileSync(file, '\u007fELF for nobody');
    const layer = await layerOfFiles({ app: file });
    return await push(cluster.images, {
      name: 'garbage',
      tag: 'v1',
      layers: [layer],
      config: { Entrypoint: ['/app'] },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A layer that the registry accepts, because it checks only the digest, and that no runtime can unpack. */
async function pushBroken(cluster: Cluster) {
  const [layer] = await cluster.appLayers();
  const content = Buffer.alloc(2048, 'no archive');
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  return await push(cluster.images, {
    name: 'app',
    tag: 'broken',
    layers: [{ ...layer, content, digest }],
    config: {},
  });
}

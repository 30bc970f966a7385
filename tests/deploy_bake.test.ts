/**
 * Revisions that every probe calls healthy: a bake finds the sick ones by their figures and returns them, and lets a sound one be.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseSignals } from '../ci/src/bake/signals.ts';
import { deploy } from '../ci/src/deploy/deploy.ts';
import { describeOutcome, type Outcome } from '../ci/src/deploy/report.ts';
import { type Cluster, startCluster, type TestNamespace } from './support/cluster.ts';
import { appManifests, appName, imagesOf, kubeConfigOf, look } from './support/deploy.ts';
import { type Load, startLoad } from './support/deploy_load.ts';
import { whileBaking } from './support/diagnosis_scenarios/pods.ts';
import { pushMetered } from './support/metered_app.ts';
import { need } from './support/need.ts';
import { PATIENCE } from './support/patience.ts';

const path = resolve(import.meta.dirname, '../manifests/signals.yaml');
const signals = parseSignals(readFileSync(path, 'utf8'), path);

/** By title of the scenario. */
const sick: Record<string, Record<string, string>> = {
  'errors in two percent of the answers': { FAIL: '0.02' },
  'answers that take three times as long': { SLOW: '10' },
  'labels the wrong way round': { SWAP: '1' },
  'memory that grows until the limit': { LEAK: '5' },
};
/** `make trust` proves it with more, one after the other. */
const { TRUST } = process.env;
const sound = TRUST ? 40 : 1;
const tried = TRUST ? whileBaking : whileBaking.filter(({ title }) => title.startsWith('errors'));

describe.skipIf(!need('cluster')).concurrent('a release that bakes', () => {
  let cluster: Cluster;
  let kubeConfig: ReturnType<typeof kubeConfigOf>;
  let image: string;
  const namespaces: TestNamespace[] = [];
  const loads: Load[] = [];

  beforeAll(async () => {
    cluster = await startCluster();
    kubeConfig = kubeConfigOf(cluster.kubeconfig);
    image = (await pushMetered(cluster.images)).byDigest;
  });
  afterAll(async () => {
    await Promise.all(loads.map((load) => load.stop()));
    await Promise.all(namespaces.map((namespace) => namespace.remove()));
    await cluster?.stop();
  });

  function release(namespace: string, env: Record<string, string>, replicas = 1) {
    const variables = Object.entries(env).map(([name, value]) => ({ name, value }));
    const resources = { limits: { memory: '160Mi' } };
    return {
      kubeConfig,
      manifests: appManifests(namespace, { replicas, container: { env: variables, resources } }),
      image,
      signals,
    };
  }

  /** A namespace where a sound revision answers some fifty requests a second. */
  async function begin(replicas = 1): Promise<string> {
    const namespace = await cluster.namespace();
    namespaces.push(namespace);
    const first = await deploy(release(namespace.name, {}, replicas));
    expect(first, describeOutcome(first)).toMatchObject({ state: 'deployed' });
    const url = await cluster.serviceUrl(namespace.name, appName);
    loads.push(await startLoad(url, { path: '/predict' }));
    // What nobody has asked yet is nothing to compare with.
    const answered = async () => {
      const counts = [...(await (await fetch(`${url}/metrics`)).text()).matchAll(/^app_response_count\{.*\} (\d+)$/gm)];
      return counts.reduce((sum, [, count]) => sum + Number(count), 0);
    };
    await expect.poll(answered, { timeout: PATIENCE, interval: 500 }).toBeGreaterThan(1200);
    return namespace.name;
  }

  test.each(tried.map((scenario) => [scenario.title, scenario] as const))(
    'with %s is returned, with the figures as the reason',
    async (title, { says, cause }) => {
      const namespace = await begin();
      const before = (await look(kubeConfig, namespace)).deployment.spec?.template.spec;
      const started = performance.now();
      const outcome = await deploy({ ...release(namespace, sick[title]), bakeSeconds: 180 });
      if (outcome.state !== 'rolled back') throw new Error(describeOutcome(outcome));
      process.stderr.write(`${title}: ${outcome.verdict.headline} after ${outcome.secondsToVerdict} s\n`);
      expect(outcome.verdict).toMatchObject({ cause, headline: expect.stringMatching(says) });
      expect(outcome.secondsToVerdict).toBeLessThanOrEqual(180 + 60);
      expect(performance.now() - started).toBeLessThan(300_000);
      expect((await look(kubeConfig, namespace)).deployment.spec?.template.spec).toEqual(before);
    },
  );

  test('and starts with one pod shows a sick revision to one request in three at most, and takes it away', async () => {
    const namespace = await begin(2);
    const before = (await look(kubeConfig, namespace)).deployment.spec;
    const lines: string[] = [];
    const onProgress = (line: string) => lines.push(line);
    const outcome = await deploy({
      ...release(namespace, { FAIL: '0.2' }, 2),
      canarySeconds: 120,
      onProgress,
    });
    if (outcome.state !== 'rolled back') throw new Error(describeOutcome(outcome));
    expect(outcome.verdict.headline).toMatch(/answers with 5xx: [\d.]+ % of \d+, before 0\.0 % of/);
    expect(lines).toContain('one pod of the new revision takes its share of the requests, the others wait');
    expect(
      lines
        .slice(
          0,
          lines.findIndex((line) => line.startsWith('rolling back')),
        )
        .join('\n'),
    ).not.toContain('2 of 2 updated');
    expect((await look(kubeConfig, namespace)).deployment.spec).toEqual(before);
  });

  test('is asked a sample first, and is refused when too many of its answers differ, before any user meets it', async () => {
    const { name } = await cluster.namespace().then((made) => {
      namespaces.push(made);
      return made;
    });
    expect(await deploy(release(name, {}))).toMatchObject({ state: 'deployed' });
    const before = await look(kubeConfig, name);
    const sample = Array.from({ length: 60 }, (_, i) => ({ name: `text ${i}`, ask: { text: 'x'.repeat(i) } }));
    const refused = await deploy({ ...release(name, { SWAP: '1' }), sample, maxFlips: 0.1 });
    if (refused.state !== 'refused') throw new Error(describeOutcome(refused));
    expect(refused.error).toMatchObject({
      code: 'FLIPS',
      headline: expect.stringContaining(
        '60 of 60 answers differ (100.0 %) from those of the revision that serves, and 10 % may',
      ),
      evidence: expect.arrayContaining(['text 0: positive -> negative']),
    });
    const after = await look(kubeConfig, name);
    expect(after.deployment.spec).toEqual(before.deployment.spec);
    expect(after.pods.map(({ metadata }) => metadata?.name)).toEqual(before.pods.map(({ metadata }) => metadata?.name));

    const despite = { FLIPS: 'the labels are meant to be swapped' };
    const passed = await deploy({ ...release(name, { SWAP: '1' }), sample, maxFlips: 0.1, despite });
    expect(passed, describeOutcome(passed)).toMatchObject({
      state: 'deployed',
      despite,
      shadow: { asked: 60, flipped: 60 },
    });
    expect(describeOutcome(passed)).toContain('\n  | text 0: positive -> negative');
    // Other pods would answer as these do.
    expect(await deploy({ ...release(name, { SWAP: '1' }), sample })).not.toHaveProperty('shadow');
    const env = { SWAP: '1', NODE_OPTIONS: '--no-such-option' };
    const broken = await deploy({ ...release(name, env), sample, patience: { 'crash-loop': 0 } });
    const why = 'the new image does not start as a shadow: it ends with exit code 9';
    expect(broken, describeOutcome(broken)).toMatchObject({ state: 'rolled back', shadow: { why } });
  });

  if (TRUST) {
    test('and starts with one pod lets a sound one follow, by its own strategy', async () => {
      const namespace = await begin(2);
      const lines: string[] = [];
      const sound = {
        ...release(namespace, { ROUND: '1' }, 2),
        canarySeconds: 15,
        onProgress: (line: string) => lines.push(line),
      };
      const outcome = await deploy(sound);
      expect(outcome, describeOutcome(outcome)).toMatchObject({ state: 'deployed' });
      expect(lines.join('\n')).toMatch(/the first pod is not contradicted after \d+ s: the rest follows/);
      const { spec } = (await look(kubeConfig, namespace)).deployment;
      expect([spec?.paused, spec?.minReadySeconds, spec?.strategy?.rollingUpdate]).toEqual([
        undefined,
        undefined,
        { maxSurge: 1, maxUnavailable: 0 },
      ]);
    });
  }

  test(`${sound} sound ones in a row are left alone, and the report has the figures`, async () => {
    const namespace = await begin();
    const outcomes: Outcome[] = [];
    for (let round = 1; round <= sound; round++) {
      outcomes.push(await deploy({ ...release(namespace, { ROUND: String(round) }), bakeSeconds: 20 }));
    }
    for (const outcome of outcomes) {
      expect(outcome, describeOutcome(outcome)).toMatchObject({ state: 'deployed' });
      expect(describeOutcome(outcome)).toMatch(
        /watched for 2\d s and not contradicted \(restarts: 0, before 0; answers with 5xx: 0\.0 % of \d+/,
      );
    }
    // Nothing of this service counts words, so nothing is claimed about them.
    expect(describeOutcome(outcomes[0])).toContain(
      'unknown words: nothing yet, before nothing yet (too little traffic to tell)',
    );
    expect(imagesOf(await look(kubeConfig, namespace))).toEqual([image]);
  });
});

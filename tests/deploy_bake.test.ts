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
import { whileBaking } from './support/diagnosis_scenarios.ts';
import { pushMetered } from './support/metered_app.ts';
import { need } from './support/need.ts';

const path = resolve(import.meta.dirname, '../manifests/signals.yaml');
const signals = parseSignals(readFileSync(path, 'utf8'), path);

/** By title of the scenario. */
const sick: Record<string, Record<string, string>> = {
  'errors in two percent of the answers': { FAIL: '0.02' },
  'answers that take three times as long': { SLOW: '25' },
  'labels the wrong way round': { SWAP: '1' },
  'memory that grows until the limit': { LEAK: '5' },
};
/** `make trust` proves it with more, one after the other. */
const { TRUST } = process.env;
const sound = TRUST ? 40 : 1;
const tried = TRUST ? whileBaking : whileBaking.filter(({ title }) => /errors|labels/.test(title));

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

  function release(namespace: string, env: Record<string, string>) {
    const variables = Object.entries(env).map(([name, value]) => ({ name, value }));
    const resources = { limits: { memory: '160Mi' } };
    return {
      kubeConfig,
      manifests: appManifests(namespace, { replicas: 1, container: { env: variables, resources } }),
      image,
      signals,
    };
  }

  /** A namespace where a sound revision answers some fifty requests a second. */
  async function begin(): Promise<string> {
    const namespace = await cluster.namespace();
    namespaces.push(namespace);
    const first = await deploy(release(namespace.name, {}));
    expect(first, describeOutcome(first)).toMatchObject({ state: 'deployed' });
    loads.push(await startLoad(await cluster.serviceUrl(namespace.name, appName), { path: '/predict' }));
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

  test(`${sound} sound ones in a row are left alone, and the report has the figures`, async () => {
    const namespace = await begin();
    const outcomes: Outcome[] = [];
    for (let round = 1; round <= sound; round++) {
      outcomes.push(await deploy({ ...release(namespace, { ROUND: String(round) }), bakeSeconds: 20 }));
    }
    for (const outcome of outcomes) {
      expect(outcome, describeOutcome(outcome)).toMatchObject({ state: 'deployed' });
      expect(describeOutcome(outcome)).toMatch(
        /watched for 20 s and not contradicted \(restarts: 0, before 0; answers with 5xx: 0\.0 % of \d+/,
      );
    }
    // Nothing of this service counts words, so nothing is claimed about them.
    expect(describeOutcome(outcomes[0])).toContain(
      'unknown words: nothing yet, before nothing yet (too little traffic to tell)',
    );
    expect(imagesOf(await look(kubeConfig, namespace))).toEqual([image]);
  });
});

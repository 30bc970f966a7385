/** The studies' Indexed Job (manifests/experiments) on a real Kubernetes with a real MLflow, which its pods log to. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { type Api, apiOf } from './support/cluster/api.ts';
import { factsBeside } from './support/cluster/facts.ts';
import { type Cluster, startCluster, type TestNamespace } from './support/cluster.ts';
import { pushExperiments } from './support/experiments_image.ts';
import { need } from './support/need.ts';
import { run } from './support/process.ts';
import { type ReverseProxy, startProxy } from './support/proxy.ts';
import { sharedMlflow } from './support/shared.ts';
import { useSmallCorpus } from './support/small_corpus.ts';

const root = resolve(import.meta.dirname, '..');
const manifest = join(root, 'manifests/experiments/job.yaml');
const PODS = 3;

const settings = {
  ...{ experiment: 'an Indexed Job', seed: 1, folds: 3, bootstrap_samples: 20 },
  features: { tfidf: { char: null }, words: { word: { ngrams: [1, 1] }, char: null } },
  algorithms: {
    logistic_regression: { classifier: 'logistic_regression', model_building: { calibration: 'none' } },
    multinomial_naive_bayes: { classifier: 'multinomial_naive_bayes', settings: { alpha: 1 } },
  },
  studies: {
    compare: {
      grids: [{ algorithms: ['logistic_regression', 'multinomial_naive_bayes'], features: ['tfidf', 'words'] }],
    },
  },
};

describe.skipIf(!need('rig') || !need('mlflow'))('an Indexed Job', () => {
  let folder: string;
  let cluster: Cluster;
  let namespace: TestNamespace;
  let api: Api;
  let mlflow: ReverseProxy;
  let env: Record<string, string>;
  let image: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'experiments-job-'));
    cpSync(join(root, 'ml/testdata/params.yaml'), join(folder, 'params.yaml'));
    useSmallCorpus(folder);
    writeFileSync(join(folder, 'experiments.yaml'), stringify(settings));
    cluster = await startCluster();
    api = apiOf(cluster.kubeconfig);
    ({ env } = await sharedMlflow());
    mlflow = await startProxy(env.MLFLOW_TRACKING_URI, { host: factsBeside(cluster.kubeconfig)?.host });
    [namespace, { byDigest: image }] = await Promise.all([
      cluster.namespace(),
      pushExperiments(cluster.images, folder),
    ]);
  });
  afterAll(async () => {
    await namespace?.remove();
    await mlflow?.stop();
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('shares the cells of a study among its pods, one of which dies, and the command reads what they have done', async () => {
    const inNamespace = (group: string, rest: string) => `${group}/namespaces/${namespace.name}/${rest}`;
    const secret = { metadata: { name: 'mlflow' }, stringData: { env: `MLFLOW_TRACKING_URI=${mlflow.uri}\n` } };
    expect((await api('POST', inNamespace('/api/v1', 'secrets'), secret)).status).toBe(201);
    const made = await api('POST', inNamespace('/apis/batch/v1', 'jobs'), job());
    expect(made.status, made.body).toBe(201);

    const pods = inNamespace('/api/v1', 'pods');
    const first = await until('a pod runs', async () =>
      items((await api('GET', pods)).body).find(({ status }) => status.phase === 'Running'),
    );
    await api('DELETE', `${pods}/${first.metadata.name}?gracePeriodSeconds=0`);
    const ended = await until('the job has ended', async () => {
      const { status } = JSON.parse((await api('GET', inNamespace('/apis/batch/v1', 'jobs/experiments'))).body);
      return status.conditions?.some(({ type }: Condition) => /^(Complete|Failed)$/.test(type)) ? status : undefined;
    });
    expect(ended, await words(pods)).toMatchObject({ succeeded: PODS, completedIndexes: `0-${PODS - 1}` });

    const collected = await run(process.execPath, [join(root, 'ml/experiments/main.ts'), 'compare'], {
      cwd: folder,
      env: { ...process.env, ...env },
    });
    expect(collected.stderr).toBe('');
    expect(collected.stdout).toContain('4 cells were finished elsewhere: read back from MLflow');
    expect(collected.stdout).not.toMatch(/^ *\d+\/\d+ /m);
    const { rows } = JSON.parse(readFileSync(join(folder, 'reports/experiments/compare.json'), 'utf8'));
    expect(rows.length).toBe(4);
  });

  /** As docs/experiments.md makes it, for three pods that fit on a small node. */
  function job() {
    const text = readFileSync(manifest, 'utf8').replace(/set-by-the-command\.invalid\S+/, image);
    const wanted = parse(text);
    wanted.metadata.namespace = namespace.name;
    const [container] = wanted.spec.template.spec.containers;
    Object.assign(wanted.spec, { completions: PODS, parallelism: PODS });
    Object.assign(container.resources.requests, { cpu: '100m', memory: '128Mi' });
    container.env.find(({ name }: { name: string }) => name === 'EXPERIMENTS_SHARDS').value = String(PODS);
    return wanted;
  }

  /** What the pods have said last, for a failure that has to be understood. */
  async function words(pods: string): Promise<string> {
    const names = items((await api('GET', pods)).body).map(({ metadata }) => metadata.name);
    const logs = names.map(async (name) => `${name}: ${(await api('GET', `${pods}/${name}/log?tailLines=5`)).body}`);
    return (await Promise.all(logs)).join('\n');
  }
});

type Condition = { type: string };
type Pod = { metadata: { name: string }; status: { phase: string } };

const items = (body: string): Pod[] => JSON.parse(body).items;

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + 120_000; Date.now() < deadline; await sleep(100)) {
    const seen = await look();
    if (seen !== undefined) return seen;
  }
  throw new Error(`${what}: not within 120 s`);
}

/**
 * monitoring/kubernetes on a real Kubernetes: Prometheus with prometheus.kubernetes.yml finds the pods of the real service
 * by itself, follows a rolling update, and alerts when something goes wrong. An hour of the rules passes in a minute.
 */
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { deploy } from '../ci/src/deploy/deploy.ts';
import { type DeploymentManifest, isDeployment, type Manifest, readManifests } from '../ci/src/deploy/manifest.ts';
import { missingRights } from '../ci/src/deploy/rights.ts';
import type { Kubernetes } from '../ci/src/kubernetes/client.ts';
import { annotations, rows } from '../monitoring/grafana/panels.ts';
import { type Api, apiOf } from './support/cluster/api.ts';
import { factsBeside } from './support/cluster/facts.ts';
import { type Cluster, startCluster, type TestNamespace } from './support/cluster.ts';
import { kubeConfigOf } from './support/deploy.ts';
import { need } from './support/need.ts';
import { type Receiver, startReceiver } from './support/notifications.ts';
import { startPrometheusPod } from './support/prometheus_pod.ts';
import type { PromQL, Sample } from './support/promql.ts';
import { pushService } from './support/service_image.ts';
import { startTraffic, type Traffic } from './support/traffic.ts';

type V1Pod = InstanceType<Kubernetes['V1Pod']>;
type NetworkPolicy = { spec: { ingress?: { from?: object[]; ports?: { port: number }[] }[] } };

const folder = resolve(import.meta.dirname, '../manifests/app');
const TEXTS = ['a wonderful film', 'a dreadful bore', 'wonderful and moving', 'it is a dreadful mess'];
const TARGET_DOWN = 'ALERTS{alertname="SentimentTargetDown", alertstate="firing"}';

describe.skipIf(!need('rig') || !need('discovery') || !need('alertmanager'))('Prometheus inside the cluster', () => {
  let cluster: Cluster;
  let namespaces: TestNamespace[] = [];
  let watched: string;
  let monitoring: string;
  let api: Api;
  let images: string[];
  let receiver: Receiver;
  let prometheus: PromQL;
  let traffic: Traffic;

  beforeAll(async () => {
    cluster = await startCluster();
    api = apiOf(cluster.kubeconfig);
    receiver = await startReceiver(factsBeside(cluster.kubeconfig)?.host);
    namespaces = await Promise.all([cluster.namespace(), cluster.namespace()]);
    [watched, monitoring] = namespaces.map(({ name }) => name);
    const trainedAt = new Date(Date.now() - 86_400_000).toISOString();
    const pushed = await pushService(cluster.images, 'watched', { trainedAt });
    // Three names of one image: a pod that gets another name restarts its container.
    images = [pushed.byDigest, pushed.reference, `${pushed.reference}@${pushed.digest}`];
    const [started] = await Promise.all([
      startPrometheusPod(cluster, { watched, monitoring, webhook: receiver.url }),
      release('1'),
    ]);
    prometheus = started;
    const url = await cluster.serviceUrl(watched, 'sentiment');
    // The node learns of the Service shortly after its pods are ready.
    await vi.waitFor(() => fetch(url), { timeout: 20_000 });
    traffic = startTraffic(url, TEXTS);
  });
  afterAll(async () => {
    await traffic?.stop();
    await Promise.all(namespaces.map((namespace) => namespace.remove()));
    await cluster?.stop();
    await receiver?.stop();
  });

  /** The manifests of the project with this version of the model, under the commit `c<version>`. */
  async function release(version: string): Promise<void> {
    const wanted = await readManifests(folder);
    const manifests = wanted.map((object) =>
      quick(object, watched, { MODEL_VERSION: version, GIT_COMMIT: `c${version}` }),
    );
    const outcome = await deploy({ kubeConfig: kubeConfigOf(cluster.kubeconfig), manifests, image: images[0] });
    expect(outcome.state).toBe('deployed');
  }

  const list = async <T>(path: string): Promise<T[]> => JSON.parse((await api('GET', path)).body).items;
  /** Pods that are not being deleted. */
  const pods = async () => {
    const all = await list<V1Pod>(`/api/v1/namespaces/${watched}/pods`);
    return all.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  };
  async function change<T extends { metadata?: { resourceVersion?: string } }>(
    path: string,
    edit: (object: T) => void,
  ) {
    const object: T = JSON.parse((await api('GET', path)).body);
    edit(object);
    // Something else may have changed the object in the meantime.
    delete object.metadata?.resourceVersion;
    const { status, body } = await api('PUT', path, object);
    expect(status, body).toBe(200);
  }
  const setImage = (pod: string, image: string) =>
    change<V1Pod>(`/api/v1/namespaces/${watched}/pods/${pod}`, ({ spec }) => {
      for (const container of spec?.containers ?? []) container.image = image;
    });

  test('every pod is a target that is up, with its name, namespace, node and revision', async () => {
    const samples = await prometheus.queryUntil('up{job="sentiment"}', upAll(2));
    const expected = (await pods()).map(({ metadata, spec, status }) => ({
      __name__: 'up',
      job: 'sentiment',
      instance: `${status?.podIP}:9090`,
      namespace: watched,
      pod: metadata?.name,
      node: spec?.nodeName,
      revision: metadata?.labels?.['pod-template-hash'],
    }));
    expect(samples.map(({ metric }) => metric).sort(byPod)).toEqual(expected.sort(byPod));
    const [series] = await prometheus.query('model_info{version="1"}');
    expect(series.metric).not.toHaveProperty('replica');
  });

  test('Prometheus may read the pods of this namespace and nothing else', async () => {
    const kubeConfig = kubeConfigOf(cluster.kubeconfig);
    kubeConfig.addAuthenticator({
      isAuthProvider: () => true,
      async applyAuthentication(_user, options) {
        const user = `system:serviceaccount:${monitoring}:prometheus`;
        options.headers = { ...options.headers, 'Impersonate-User': user };
      },
    });
    const own = [{ group: '', resource: 'pods', verbs: ['get', 'list', 'watch'] }];
    expect(await missingRights(kubeConfig, watched, own)).toEqual([]);
    for (const other of [monitoring, 'default', ''])
      expect(await missingRights(kubeConfig, other, own)).toHaveLength(1);
    const beyond = ['secrets', 'configmaps', 'services', 'endpoints', 'pods/log', 'pods/exec'].map((resource) => ({
      group: '',
      resource,
      verbs: ['get', 'create'],
    }));
    beyond.push({ group: '', resource: 'pods', verbs: ['create', 'delete', 'patch'] });
    expect(await missingRights(kubeConfig, watched, beyond)).toHaveLength(beyond.length);
  });

  // The network of the tests' cluster enforces no policy.
  test('the NetworkPolicy of the service admits Prometheus', async () => {
    const [policy] = await list<NetworkPolicy>(`/apis/networking.k8s.io/v1/namespaces/${watched}/networkpolicies`);
    const open = policy.spec.ingress?.filter(({ from }) => from === undefined) ?? [];
    expect(open.flatMap(({ ports = [] }) => ports.map(({ port }) => port))).toEqual([8080, 9090]);
  });

  test('every query of the dashboard returns data, and its legend names the pod', async () => {
    const panels = rows.flatMap((row) => row.panels);
    const queries = [
      ...panels.flatMap((panel) => panel.queries),
      ...annotations.map(({ expr, title }) => ({ expr, legend: title })),
    ];
    // Feedback is off in these pods; tests/monitoring.test.ts asks its queries.
    for (const { expr, legend } of queries.filter((query) => !query.expr.includes('feedback'))) {
      const samples = await prometheus.queryUntil(
        expr,
        (found) => found.length > 0 && found.every(({ value }) => !Number.isNaN(value)),
      );
      // A line per process must say which process it is.
      if (legend.includes('{{instance}}'))
        expect(
          samples.every(({ metric }) => metric.pod?.startsWith('sentiment-')),
          expr,
        ).toBe(true);
    }
  });

  test('a rolling update replaces the targets, is marked, and raises no alert', async () => {
    await traffic.stop();
    const before = (await pods()).map(({ metadata }) => metadata?.name);
    await release('2');
    const samples = await prometheus.queryUntil(
      'up{job="sentiment"}',
      (found) => upAll(2)(found) && found.every(({ metric }) => !before.includes(metric.pod)),
    );
    expect(new Set(samples.map(({ metric }) => metric.revision)).size).toBe(1);
    expect(await prometheus.query(`max_over_time(${TARGET_DOWN}[5m])`)).toEqual([]);
    expect(receiver.notifications.filter(({ alertname }) => alertname === 'SentimentTargetDown')).toEqual([]);
    const [version, rollout] = annotations;
    const titled = async (expr: string, label: string) =>
      (await prometheus.query(`count by (${label}) (last_over_time((${expr})[5m:1s]))`))
        .map(({ metric }) => metric[label])
        .sort();
    expect(await titled(version.expr, 'version')).toEqual(['1', '2']);
    expect(await titled(rollout.expr, 'git_commit')).toEqual(['c1', 'c2']);
  });

  test('a rollout that stops halfway shows two models', async () => {
    await change<DeploymentManifest>(`/apis/apps/v1/namespaces/${watched}/deployments/sentiment`, ({ spec }) => {
      const [container] = spec?.template.spec?.containers ?? [];
      container.env = container.env?.map((each) => (each.name === 'MODEL_VERSION' ? { ...each, value: '3' } : each));
      container.readinessProbe = { httpGet: { path: '/never', port: 'http' } };
    });
    await prometheus.queryUntil('job_version:model_info:count{version="3"}', (found) => found.length === 1);
    await prometheus.queryUntil('ALERTS{alertname="SentimentTwoModels"}', ([sample]) => sample?.value === 1);
  });

  test('an alert names a pod that keeps restarting', async () => {
    const [{ metadata, status }] = (await pods()).filter(isStuck);
    const name = metadata?.name ?? '';
    const starts = `changes(process_start_time_seconds{pod="${name}"}[5m])`;
    for (let round = 1; round <= 3; round++) {
      await setImage(name, images[round % 3]);
      await prometheus.queryUntil(starts, ([sample]) => sample?.value === round);
    }
    const fired = await receiver.notified('SentimentRestarts', 'firing');
    expect(fired.labels).toMatchObject({
      pod: name,
      namespace: watched,
      node: 'node1',
      instance: `${status?.podIP}:9090`,
    });
  });

  test('a pod that cannot restart sends a page, which is resolved when the pod is removed', async () => {
    const [{ metadata }] = (await pods()).filter((pod) => !isStuck(pod));
    const name = metadata?.name ?? '';
    await setImage(name, images[0].replace(/[0-9a-f]{64}$/, '0'.repeat(64)));
    const fired = await receiver.notified('SentimentTargetDown', 'firing');
    expect(fired).toMatchObject({ receiver: 'page', labels: { pod: name, namespace: watched } });
    expect(fired.annotations.description).toContain(name);
    await api('DELETE', `/api/v1/namespaces/${watched}/pods/${name}`, {});
    await receiver.notified('SentimentTargetDown', 'resolved');
  });

  test('by now the rollout that stopped halfway has raised its alert', async () => {
    expect(await receiver.notified('SentimentTwoModels', 'firing')).toMatchObject({ receiver: 'ticket' });
  });
});

const upAll = (count: number) => (samples: Sample[]) =>
  samples.length === count && samples.every(({ value }) => value === 1);

const isStuck = ({ spec }: V1Pod) =>
  spec?.containers[0].env?.some(({ name, value }) => name === 'MODEL_VERSION' && value === '3');

const byPod = (a: { pod?: string }, b: { pod?: string }) => (a.pod ?? '').localeCompare(b.pod ?? '');

/** The object in the namespace, with a port on the node, and pods that come and go in seconds. */
function quick(object: Manifest, namespace: string, env: Record<string, string>): Manifest {
  const copy: Manifest = { ...structuredClone(object), metadata: { ...object.metadata, namespace } };
  if (copy.kind === 'Service') {
    const { spec } = copy as Manifest & { spec: object };
    return Object.assign(copy, { spec: { ...spec, allocateLoadBalancerNodePorts: true } });
  }
  if (!isDeployment(copy) || !copy.spec) return copy;
  copy.spec.minReadySeconds = 0;
  const [container] = copy.spec.template.spec?.containers ?? [];
  container.lifecycle = { preStop: { sleep: { seconds: 1 } } };
  const own: Record<string, string> = { ...env, DRAIN_SECONDS: '1' };
  const kept = container.env?.filter(({ name }) => !(name in own)) ?? [];
  container.env = [...kept, ...Object.entries(own).map(([name, value]) => ({ name, value }))];
  return copy;
}

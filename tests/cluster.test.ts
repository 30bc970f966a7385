import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, networkInterfaces, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Api, apiOf } from './support/cluster/api.ts';
import { credentials } from './support/cluster/facts.ts';
import { launchCluster } from './support/cluster/launch.ts';
import { type Cluster, push, startCluster, type TestNamespace } from './support/cluster.ts';
import { need } from './support/need.ts';
import { PATIENCE } from './support/patience.ts';
import { processesNaming, type Running, start } from './support/process.ts';

const root = resolve(import.meta.dirname, '..');
const patience = { timeout: PATIENCE, interval: 100 };

describe.skipIf(!need('rig'))('the Kubernetes of tests', () => {
  let cluster: Cluster;
  let api: Api;
  let namespace: TestNamespace;
  let seconds: number;
  beforeAll(async () => {
    const began = performance.now();
    cluster = await launchCluster();
    seconds = (performance.now() - began) / 1000;
    api = apiOf(cluster.kubeconfig);
  });
  afterAll(() => cluster?.stop());
  beforeEach(async () => {
    namespace = await cluster.namespace();
  });
  afterEach(() => namespace?.remove());

  const path = (rest: string) => `/api/v1/namespaces/${namespace.name}/${rest}`;
  const get = async (rest: string) => JSON.parse((await api('GET', path(rest))).body);
  async function create(rest: string, body: object): Promise<void> {
    const answer = await api('POST', path(rest), body);
    expect(answer, answer.body).toMatchObject({ status: 201 });
  }
  const run = (name: string, image: string, container: object = {}) =>
    create('pods', {
      metadata: { name, labels: { app: name } },
      spec: { restartPolicy: 'Never', containers: [{ name: 'app', image, ...container }] },
    });
  const stateOf = async (name: string) => (await get(`pods/${name}`)).status.containerStatuses?.[0];
  const messages = async (name: string): Promise<string> =>
    (await get(`events?fieldSelector=involvedObject.name=${name}`)).items
      .map((event: { message: string }) => event.message)
      .join('\n');

  test('is up within 15 seconds, on processors that are not shared with others', () => {
    expect(seconds).toBeLessThan(15 * Math.max(1, loadavg()[0] / availableParallelism()));
  });

  test('runs a pod of an image made here, which answers at the node port and whose log can be read', async () => {
    const image = await cluster.pushApp('v1');
    await run('app', image.byDigest);
    await create('services', {
      metadata: { name: 'app' },
      spec: { type: 'NodePort', selector: { app: 'app' }, ports: [{ port: 80, targetPort: 8080 }] },
    });
    const url = await cluster.serviceUrl(namespace.name, 'app');
    const answer = async () => (await fetch(url).catch(() => undefined))?.text();
    await expect.poll(answer, patience).toBe('v1 app\n');
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    expect((await api('GET', path('pods/app/log'))).body).toBe('listening on :8080\n');
    expect((await get('pods/app')).status.containerStatuses[0].imageID).toContain(image.digest);
  });

  test('the test app can crash, stay unready and run out of memory, and ends when told to', async () => {
    const image = async (what: string) => (await cluster.pushApp(what.toLowerCase(), { [what]: '1' })).reference;
    await run('crash', await image('CRASH'));
    await run('oom', await image('OOM'), { resources: { limits: { memory: '64Mi' } } });
    await run('unready', await image('NOT_READY'), {
      readinessProbe: { httpGet: { path: '/health/ready', port: 8080 }, periodSeconds: 1 },
    });
    const end = async (name: string) => (await stateOf(name))?.state?.terminated;
    await expect.poll(() => end('crash'), patience).toMatchObject({ exitCode: 3, reason: 'Error' });
    expect((await api('GET', path('pods/crash/log'))).body).toContain('the model file is damaged');
    await expect.poll(() => end('oom'), patience).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
    await expect.poll(() => messages('unready'), patience).toContain('HTTP probe failed with statuscode: 503');
    expect((await stateOf('unready')).ready).toBe(false);

    await create('pods/unready/eviction', { metadata: { name: 'unready' } });
    await expect.poll(async () => (await get('pods/unready')).code, patience).toBe(404);
  });

  test.each([
    ['open', 'not found'],
    ['password', '401 Unauthorized'],
    ['forbidden', '403 Forbidden'],
    ['busy', '429 Too Many Requests'],
    ['untrusted', 'x509: certificate signed by unknown authority'],
  ] as const)('an image that the %s registry refuses is reported as: %s', async (name, message) => {
    await run('app', `${cluster.registries()[name].host}/nowhere:v1`);
    await expect.poll(() => messages('app'), patience).toContain(message);
  });

  test('pulls under a host name of ECR from a registry with a password, as a node with a role does', async () => {
    const { password: registry } = cluster.registries();
    const layers = await cluster.appLayers();
    const image = { name: 'sentiment', tag: 'v1', layers, config: { Entrypoint: ['/app'] } };
    await expect(push({ host: registry.host }, image)).rejects.toThrow('401');
    await expect(push({ ...registry, password: 'another' }, image)).rejects.toThrow('401');
    const { digest } = await push(registry, image);

    const host = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
    cluster.serveAs(host, registry);
    await run('unknown', `${host}/sentiment@${digest}`);
    await expect.poll(() => messages('unknown'), patience).toContain('401 Unauthorized');
    cluster.serveAs(host, registry, credentials);
    await run('known', `${host}/sentiment@${digest}`);
    await expect.poll(async () => (await stateOf('known'))?.state?.running, patience).toBeDefined();
  });

  test('with KUBECONFIG_TEST the cluster named there is used, and stopping leaves it alone', async () => {
    const elsewhere = join(mkdtempSync(join(tmpdir(), 'kubeconfig-')), 'config');
    copyFileSync(cluster.kubeconfig, elsewhere);
    try {
      vi.stubEnv('KUBECONFIG_TEST', elsewhere);
      const given = await startCluster();
      await (await given.namespace()).remove();
      expect(() => given.registries()).toThrow('KUBECONFIG_TEST');
      vi.stubEnv('CI', '');
      vi.spyOn(process.stderr, 'write').mockReturnValueOnce(true);
      expect([need('cluster'), need('rig')]).toEqual([true, false]);
      await given.stop();

      vi.stubEnv('KUBECONFIG_TEST', cluster.kubeconfig);
      expect((await startCluster()).registries()).toEqual(cluster.registries());
      expect([need('cluster'), need('rig')]).toEqual([true, true]);
    } finally {
      vi.unstubAllEnvs();
      vi.restoreAllMocks();
      rmSync(join(elsewhere, '..'), { recursive: true });
    }
    expect((await api('GET', '/readyz')).body).toBe('ok');
  });

  describe('beside another', () => {
    let other: Running;
    let folder: string;
    let keeper: number;
    beforeEach(async () => {
      other = start(process.execPath, ['tests/support/cluster/main.ts'], { cwd: root });
      await other.prints('export KUBECONFIG=');
      folder = join(/KUBECONFIG=(.*)/.exec(other.output())![1], '..');
      keeper = Number(/sentiment-test-(\d+)/.exec(folder)![1]);
    });
    afterEach(() => other?.stop());

    /** Processes, folder, cgroups and network interface of the other cluster. */
    function left(): string[] {
      const cgroups = readdirSync('/sys/fs/cgroup').flatMap((name) => [name, `${name}/sentiment-test-${keeper}`]);
      return [
        ...processesNaming(folder)!,
        ...[folder].filter((path) => existsSync(path)),
        ...cgroups.filter((name) => name.endsWith(`-${keeper}`) && existsSync(`/sys/fs/cgroup/${name}`)),
        ...Object.keys(networkInterfaces()).filter((name) => name === `kube${keeper}`),
      ];
    }

    test('it is independent, and nothing is left of it when the process that started it is killed', async () => {
      expect(left()).toEqual(expect.arrayContaining([folder, `kube${keeper}`]));
      expect(left().length).toBeGreaterThan(10);
      other.child.kill('SIGKILL');
      await expect.poll(left, patience).toEqual([]);
      expect((await api('GET', '/readyz')).body).toBe('ok');
    });

    test('its processes end with its keeper, and the next cluster removes what is left', async () => {
      process.kill(keeper, 'SIGKILL');
      await expect.poll(() => processesNaming(folder), patience).toEqual([]);
      expect(left().length).toBeGreaterThan(0);
      await using next = await launchCluster();
      expect(left()).toEqual([]);
      expect(next.kubeconfig).not.toBe(cluster.kubeconfig);
    });
  });

  test('a second set-up does nothing and prints nothing', () => {
    const { status, stdout, stderr } = spawnSync('scripts/setup_cluster.sh', { cwd: root, encoding: 'utf8' });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('a set-up that cannot build says why and leaves nothing half built', () => {
    const folder = mkdtempSync(join(tmpdir(), 'setup-'));
    try {
      const go =
        '#!/bin/sh\n[ "$1" = env ] && echo go1.99 && exit\necho "dial tcp: lookup: no such host" >&2; exit 1\n';
      writeFileSync(join(folder, 'go'), go, { mode: 0o755 });
      const env = { ...process.env, BUILD: '1', XDG_CACHE_HOME: folder, PATH: `${folder}:${process.env.PATH}` };
      const { status, stderr } = spawnSync('scripts/setup_cluster.sh', { cwd: root, env, encoding: 'utf8' });
      expect({ status, stderr }).toMatchObject({
        status: 0,
        stderr: expect.stringMatching(/no such host\n\*\*\* no Kubernetes for tests/),
      });
      expect(readdirSync(join(folder, 'sentiment-pipeline')).sort()).toEqual(['cluster.lock', 'cluster.log']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

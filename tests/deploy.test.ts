/** The rolling update on a real Kubernetes with real pods: how it ends, and what it leaves behind. */
import { describe, expect, test } from 'vitest';
import { makeApplier } from '../ci/src/deploy/apply.ts';
import { deploy } from '../ci/src/deploy/deploy.ts';
import { describeDiagnosis, diagnose } from '../ci/src/deploy/diagnose.ts';
import { annotations, type Manifest } from '../ci/src/deploy/manifest.ts';
import { describeOutcome } from '../ci/src/deploy/report.ts';
import { apiOf } from './support/cluster/api.ts';
import {
  type AppOptions,
  appManifests,
  appName,
  type Bed,
  imagesOf,
  kubeConfigOf,
  look,
  quick,
  useCluster,
} from './support/deploy.ts';
import { startLoad } from './support/deploy_load.ts';
import { need } from './support/need.ts';

describe.skipIf(!need('rig'))('a rolling update', () => {
  let { cluster, kubeConfig, v1, v2, missing, makeNamespace } = {} as Bed;
  useCluster((bed) => {
    ({ cluster, kubeConfig, v1, v2, missing, makeNamespace } = bed);
  });

  async function deployed(namespace: string, image: string, options: AppOptions = quick): Promise<void> {
    const outcome = await deploy({ kubeConfig, manifests: appManifests(namespace, options), image });
    expect(outcome).toMatchObject({ state: 'deployed' });
  }

  async function get(path: string) {
    return JSON.parse((await apiOf(cluster.kubeconfig)('GET', path)).body);
  }

  test('ends as deployed, records the release as annotations, and changes nothing the second time', async () => {
    const namespace = await makeNamespace();
    const release = { kubeConfig, manifests: appManifests(namespace, quick), image: v1.byDigest };
    const lines: string[] = [];
    const facts = { commit: 'c0ffee', modelVersion: '7', onProgress: (line: string) => lines.push(line) };
    expect(await deploy({ ...release, ...facts })).toMatchObject({ state: 'deployed', image: v1.byDigest });
    expect(lines).toContainEqual('2 of 2 updated, 2 ready, 2 available');
    expect(lines.filter((line, i) => line === lines[i - 1])).toEqual([]);
    // What is in the way, in brackets, may come and go; each count only grows, until all are there.
    const counts = lines.flatMap((line) => {
      const found = /^(\d) of 2 updated, (\d) ready, (\d) available(?: \(|$)/.exec(line);
      return found ? [found.slice(1).map(Number)] : [];
    });
    const falls = counts.filter((now, i) => now.some((count, k) => count < (counts[i - 1]?.[k] ?? 0)));
    expect({ falls, end: counts.at(-1), last: lines.at(-1) }).toEqual({
      falls: [],
      end: [2, 2, 2],
      last: expect.stringMatching(/^healthy, and on record as the last good release: ReplicaSet app-/),
    });
    const { deployment, replicaSets } = await look(kubeConfig, namespace);
    expect(deployment.metadata?.annotations).toMatchObject({
      [annotations.changeCause]: `image ${v1.byDigest}, commit c0ffee, model 7`,
      [annotations.commit]: 'c0ffee',
      [annotations.modelVersion]: '7',
      [annotations.lastGood]: replicaSets[0].metadata?.name,
    });
    expect(await deploy({ ...release, ...facts })).toMatchObject({ state: 'unchanged' });
    // The same content from another commit runs no other pods.
    expect(await deploy({ ...release, commit: 'decade' })).toMatchObject({ state: 'unchanged' });
    expect(await diagnose({ kubeConfig, namespace, name: appName })).toMatchObject({ state: 'healthy' });
    expect((await look(kubeConfig, namespace)).replicaSets).toHaveLength(1);
  });

  test('is refused before anything is changed, with the reason', async () => {
    const namespace = await makeNamespace();
    const attempt = async (image: string, options: AppOptions, more = {}) => {
      const outcome = await deploy({ kubeConfig, manifests: appManifests(namespace, options), image, ...more });
      if (outcome.state !== 'refused') throw new Error(describeOutcome(outcome));
      return outcome.error.message;
    };
    const container = (part: object): AppOptions => ({ container: part });
    expect(await attempt(v1.reference, {})).toContain(`"${v1.reference}", which is not a reference by digest`);
    const env = [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } }];
    expect(await attempt(v1.byDigest, container({ env }))).toContain(
      'Secret keys does not exist (env KEY of container app)',
    );
    const from = container({ envFrom: [{ configMapRef: { name: 'settings' } }] });
    expect(await attempt(v1.byDigest, from)).toContain('ConfigMap settings does not exist (envFrom of container app)');
    const misspelt = container({ imagePulPolicy: 'Always' });
    expect(await attempt(v1.byDigest, misspelt)).toContain(
      'containers[name="app"].imagePulPolicy in Deployment app (UNKNOWN_FIELD)',
    );
    const port = container({ ports: [{ containerPort: 80_800 }] });
    expect(await attempt(v1.byDigest, port)).toContain('spec.template.spec.containers[0].ports[0].containerPort');
    const explainImage = async (reference: string) => ({
      reference,
      nearest: v2.byDigest,
      differences: [{ part: 'digest' as const, found: 'sha256:1', expected: 'sha256:2' }],
      evidence: [],
      isKnown: true,
    });
    expect(await attempt(v1.byDigest, {}, { explainImage })).toContain(`nearest that exists: ${v2.byDigest}`);
    const nobody = kubeConfigOf(cluster.kubeconfig);
    nobody.addAuthenticator({
      isAuthProvider: () => true,
      async applyAuthentication(_user: unknown, options: { headers?: object }) {
        options.headers = { ...options.headers, 'Impersonate-User': 'nobody' };
      },
    });
    expect(await attempt(v1.byDigest, {}, { kubeConfig: nobody })).toContain(
      'missing: get, list, watch, create, patch deployments.apps',
    );
    const stranger = kubeConfigOf(cluster.kubeconfig);
    stranger.users = stranger.users.map(({ name }) => ({ name, token: 'wrong' }));
    expect(await attempt(v1.byDigest, {}, { kubeConfig: stranger })).toContain('does not accept our credentials');
    expect((await get(`/apis/apps/v1/namespaces/${namespace}/deployments`)).items).toEqual([]);
  });

  test('is refused if a quota leaves no room for one more pod', async () => {
    const namespace = await makeNamespace();
    await deployed(namespace, v1.byDigest);
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'small', namespace } };
    await makeApplier(kubeConfig, 'test').apply({ ...quota, ...{ spec: { hard: { pods: '2' } } } });
    await expect
      .poll(async () => (await get(`/api/v1/namespaces/${namespace}/resourcequotas/small`)).status.used?.pods)
      .toBe('2');
    const outcome = await deploy({ kubeConfig, manifests: appManifests(namespace, quick), image: v2.byDigest });
    expect(describeOutcome(outcome)).toContain(
      'exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2',
    );
    expect(outcome.state).toBe('refused');
    expect(imagesOf(await look(kubeConfig, namespace))).toEqual([v1.byDigest]);
  });

  test('of a first release that fails reports that it cannot roll back, and leaves the pods', async () => {
    const namespace = await makeNamespace();
    const image = missing;
    const patience = { 'image-not-found': 20 };
    const outcome = await deploy({ kubeConfig, manifests: appManifests(namespace, quick), image, patience });
    if (outcome.state !== 'failed') throw new Error(describeOutcome(outcome));
    expect(outcome.verdict.cause).toBe('image-not-found');
    expect(outcome.secondsToVerdict).toBeGreaterThanOrEqual(patience['image-not-found']);
    expect(describeOutcome(outcome)).toContain('no healthy release is on record to roll back to');
    expect((await look(kubeConfig, namespace)).pods).toHaveLength(2);
    const found = await diagnose({ kubeConfig, namespace, name: appName });
    expect(found).toMatchObject({ state: 'unhealthy', verdict: { cause: 'image-not-found' } });
  });

  test('with a wrong account in the image name fails within 15 s and is rolled back within 30 s, without a failed request', async () => {
    const namespace = await makeNamespace();
    const host = (account: string) => `${account}.dkr.ecr.eu-central-1.amazonaws.com`;
    const [right, wrong] = ['123456789012', '210987654321'].map((account) => `${host(account)}/app@${v1.digest}`);
    cluster.serveAs(host('123456789012'), cluster.registries().open);
    cluster.serveAs(host('210987654321'), cluster.registries().forbidden);
    await deployed(namespace, right, {});
    const load = await startLoad(await cluster.serviceUrl(namespace, appName));
    const outcome = await deploy({ kubeConfig, manifests: appManifests(namespace), image: wrong });
    const { failures } = await load.stop();
    if (outcome.state !== 'rolled back') throw new Error(describeOutcome(outcome));
    const { verdict, returned, secondsToVerdict } = outcome;
    process.stderr.write(`verdict after ${secondsToVerdict} s, rolled back after another ${returned.seconds} s\n`);
    expect(failures).toEqual([]);
    expect(verdict).toMatchObject({ cause: 'image-forbidden', permanent: true });
    for (const part of [right, wrong, 'account 210987654321 instead of 123456789012']) {
      expect(describeOutcome(outcome)).toContain(part);
    }
    expect(secondsToVerdict).toBeLessThanOrEqual(15);
    expect(returned.seconds).toBeLessThanOrEqual(30);
    expect(returned.image).toBe(right);
    const after = await look(kubeConfig, namespace);
    expect(imagesOf(after)).toEqual([right]);
    expect(after.deployment.metadata?.annotations?.[annotations.lastFailure]).toContain('image-forbidden');
    const reasons = after.events.map(({ reason }) => reason);
    expect(reasons).toEqual(expect.arrayContaining(['RolloutFailed', 'RolledBack']));
  });

  test('waits for a pull that fails at first and then works', async () => {
    const namespace = await makeNamespace();
    const host = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
    const { open, busy } = cluster.registries();
    cluster.serveAs(host, busy);
    const lines: string[] = [];
    const outcome = await deploy({
      kubeConfig,
      manifests: appManifests(namespace, quick),
      image: `${host}/app@${v2.digest}`,
      onProgress: (line) => {
        lines.push(line);
        if (line.includes('cannot pull')) cluster.serveAs(host, open);
      },
    });
    expect(lines.join('\n')).toContain('cannot pull');
    expect(outcome).toMatchObject({ state: 'deployed' });
  });

  test('restores all objects of the last good release, and diagnose shows the reason', async () => {
    const namespace = await makeNamespace();
    await deployed(namespace, v1.byDigest);
    const changed = appManifests(namespace, quick).map((object) =>
      object.kind === 'Service' ? withPort(object, 9090) : object,
    );
    const image = v2.byDigest.replace(/[0-9a-f]{64}$/, '1'.repeat(64));
    const outcome = await deploy({ kubeConfig, manifests: changed, image });
    expect(outcome).toMatchObject({ state: 'rolled back', verdict: { cause: 'image-not-found' } });
    const service = await get(`/api/v1/namespaces/${namespace}/services/${appName}`);
    expect(service.spec.ports[0].targetPort).toBe(8080);
    const found = await diagnose({ kubeConfig, namespace, name: appName });
    expect(found).toMatchObject({ state: 'healthy' });
    expect(found.lastFailure).toMatchObject({ cause: 'image-not-found' });
    expect(describeDiagnosis(found)).toContain('the last rollout failed at ');
    // A success clears the reason.
    await deployed(namespace, v2.byDigest);
    const { deployment } = await look(kubeConfig, namespace);
    expect(deployment.metadata?.annotations?.[annotations.lastFailure]).toBeUndefined();
  });

  test('leaves the number of replicas to an autoscaler', async () => {
    const namespace = await makeNamespace();
    const autoscaler = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: appName, namespace },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: appName },
        minReplicas: 1,
        maxReplicas: 5,
      },
    };
    const manifests = [...appManifests(namespace, { ...quick, replicas: 1 }), autoscaler];
    expect(await deploy({ kubeConfig, manifests, image: v1.byDigest })).toMatchObject({ state: 'deployed' });
    const scale = async (replicas: number) => {
      const target = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: appName, namespace } };
      await makeApplier(kubeConfig, 'autoscaler').apply({ ...target, ...{ spec: { replicas } } });
    };
    for (const [image, replicas] of [
      [v2, 3],
      [v1, 2],
    ] as const) {
      await scale(replicas);
      expect(await deploy({ kubeConfig, manifests, image: image.byDigest })).toMatchObject({ state: 'deployed' });
      expect((await look(kubeConfig, namespace)).deployment.spec?.replicas).toBe(replicas);
    }
  });
});

function withPort(object: Manifest, targetPort: number): Manifest {
  const { spec, ...rest } = object as Manifest & { spec: { ports: object[] } };
  const ports = spec.ports.map((port) => ({ ...port, targetPort }));
  return Object.assign(rest, { spec: { ...spec, ports } });
}

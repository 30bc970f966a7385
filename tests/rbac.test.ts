/**
 * The files under manifests/ on a real Kubernetes, with the real service: the Role in cluster/ is enough to release app/
 * and to roll back, and allows nothing else.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseSignals } from '../ci/src/bake/signals.ts';
import { deploy } from '../ci/src/deploy/deploy.ts';
import { givenKubeConfig } from '../ci/src/deploy/kubeconfig.ts';
import { type DeploymentManifest, isDeployment, type Manifest, readManifests } from '../ci/src/deploy/manifest.ts';
import { describeOutcome } from '../ci/src/deploy/report.ts';
import { deployerRights, missingRights, type Right } from '../ci/src/deploy/rights.ts';
import { readNodeStates } from '../ci/src/kubernetes/nodes.ts';
import { noteExamination } from '../ci/src/release/model_note.ts';
import { type Api, apiOf } from './support/cluster/api.ts';
import { type Cluster, type PushedImage, startCluster, type TestNamespace } from './support/cluster.ts';
import { need } from './support/need.ts';
import { pushService } from './support/service_image.ts';

const folder = resolve(import.meta.dirname, '../manifests');

describe.skipIf(!need('cluster'))('a release with only the Role of manifests/cluster', () => {
  let cluster: Cluster;
  let namespace: TestNamespace;
  let administrator: Api;
  let release: ReturnType<typeof givenKubeConfig>;
  let manifests: Manifest[];
  let image: PushedImage;

  beforeAll(async () => {
    cluster = await startCluster();
    [namespace, image] = await Promise.all([cluster.namespace(), pushService(cluster.images, 'manifests')]);
    administrator = apiOf(cluster.kubeconfig);
    const wanted = await Promise.all(['cluster', 'app'].map((part) => readManifests(resolve(folder, part))));
    const [byAdministrator, byRelease] = wanted.map((objects) => objects.map((each) => moved(each, namespace.name)));
    manifests = byRelease;
    for (const object of byAdministrator) await set(administrator, object);
    release = asGroup(cluster.kubeconfig, 'sentiment-deployers');
  });
  afterAll(async () => {
    await namespace?.remove();
    await cluster?.stop();
  });

  test('has every right that a release checks before it starts', async () => {
    expect(await missingRights(release, namespace.name, deployerRights('sentiment'))).toEqual([]);
  });

  test('reads the state of a node with the right to list nodes, and reports that it is missing', async () => {
    const nodes: { metadata: { name: string } }[] = JSON.parse(
      (await administrator('GET', '/api/v1/nodes')).body,
    ).items;
    const { name } = nodes[0].metadata;
    const [seen] = await readNodeStates(release, [name]);
    expect(seen).toMatchObject({ name, state: 'there', ready: { type: 'Ready', status: 'True' } });
    expect(await readNodeStates(release, ['no-such-node'])).toEqual([{ name: 'no-such-node', state: 'gone' }]);
    const why = expect.stringMatching(/nodes .*is forbidden: User "release" cannot list resource "nodes"/);
    const stranger = asGroup(cluster.kubeconfig, 'strangers');
    expect(await readNodeStates(stranger, [name])).toEqual([{ name, state: 'unread', why }]);
  });

  test('meets a namespace that refuses every pod which asks for more than the profile `restricted` allows', async () => {
    const pod = (change: object, container: object = {}) => {
      const template = structuredClone(podOf(manifests));
      Object.assign(template.spec, change);
      Object.assign(template.spec.containers[0], { image: image.byDigest }, container);
      return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'tried' }, spec: template.spec };
    };
    const attempt = async (wanted: object) =>
      await administrator('POST', `/api/v1/namespaces/${namespace.name}/pods?dryRun=All`, wanted);
    const account = { serviceAccountName: 'default' };
    const plain = await attempt(pod(account));
    expect(plain.status, plain.body).toBe(201);
    for (const [change, container] of [
      [{ hostNetwork: true }],
      [{ volumes: [{ name: 'model-note', hostPath: { path: '/' } }] }],
      [{ securityContext: {} }],
      [{}, { securityContext: { privileged: true } }],
      [{}, { securityContext: { allowPrivilegeEscalation: false, capabilities: { add: ['NET_ADMIN'] } } }],
    ]) {
      const { status, body } = await attempt(pod({ ...account, ...change }, container));
      expect([status, body], JSON.stringify([change, container])).toEqual([
        403,
        expect.stringContaining('violates PodSecurity \\"restricted:v1.35\\"'),
      ]);
    }
    const jobs = await readManifests(resolve(folder, 'experiments'));
    expect(await attempt({ ...pod({}), spec: { ...podOf(jobs).spec, ...account } })).toMatchObject({ status: 201 });
  });

  test('deploys the service under the pod security rules of the namespace', async () => {
    const outcome = await deploy({ kubeConfig: release, manifests, image: image.byDigest, modelVersion: '1' });
    expect(outcome.state, describeOutcome(outcome)).toBe('deployed');
    const path = `/api/v1/namespaces/${namespace.name}/services/sentiment:http/proxy/predict`;
    const { status, body } = await administrator('POST', path, { text: 'a wonderful film' });
    expect([status, JSON.parse(body)]).toEqual([200, expect.objectContaining({ label: 'positive' })]);
  });

  test('changes nothing when it is run again', async () => {
    const outcome = await deploy({ kubeConfig: release, manifests, image: image.byDigest, modelVersion: '1' });
    expect(outcome.state, describeOutcome(outcome)).toBe('unchanged');
  });

  test('notes that the unchanged model was examined, where the pods have it as a file', async () => {
    const examined = { version: '1', examinedAt: '2026-11-03T04:23:00.000Z' };
    expect(await noteExamination({ kubeConfig: release, manifests }, examined)).toEqual([]);
    const path = `/api/v1/namespaces/${namespace.name}`;
    const written = JSON.parse((await administrator('GET', `${path}/configmaps/sentiment-model-note`)).body);
    expect(JSON.parse(written.data['note.json'])).toEqual({ version: '1', examined_at: examined.examinedAt });
    const pod = JSON.parse(
      (await administrator('GET', `/apis/apps/v1/namespaces/${namespace.name}/deployments/sentiment`)).body,
    ).spec.template.spec;
    expect(pod.volumes[0].configMap).toMatchObject({ name: written.metadata.name, optional: true });
  });

  test('asks the sample of both images before it changes anything, and leaves no pod of that behind', async () => {
    const ask = ['a wonderful film', 'dull and far too long', 'good'];
    const outcome = await deploy({
      kubeConfig: release,
      manifests: manifests.map((object) => (isDeployment(object) ? withTemplateNote(object) : object)),
      image: image.byDigest,
      modelVersion: '1',
      signals: parseSignals(readFileSync(resolve(folder, 'signals.yaml'), 'utf8'), 'signals.yaml'),
      sample: ask.map((text) => ({ name: text, ask: { text } })),
      // Refused whatever they answer: the pods of this Deployment take two minutes to end.
      maxFlips: -1,
    });
    expect(outcome, describeOutcome(outcome)).toMatchObject({ state: 'refused', error: { code: 'FLIPS' } });
    expect(describeOutcome(outcome)).toContain('0 of 3 answers differ (0.0 %) from those of the revision that serves');
    const { body } = await administrator('GET', `/api/v1/namespaces/${namespace.name}/pods?labelSelector=shadow-of`);
    const left = (JSON.parse(body).items as Manifest[]).filter(({ metadata }) => !metadata.deletionTimestamp);
    expect(left).toEqual([]);
  });

  test('rolls back if the image cannot be pulled, and records why', async () => {
    const wrong = image.byDigest.replace(/[0-9a-f]{64}$/, '0'.repeat(64));
    const outcome = await deploy({ kubeConfig: release, manifests, image: wrong, modelVersion: '2' });
    expect(outcome, describeOutcome(outcome)).toMatchObject({
      state: 'rolled back',
      returned: { image: image.byDigest },
    });
    const { body } = await administrator('GET', `/api/v1/namespaces/${namespace.name}/events`);
    const reasons = JSON.parse(body).items.map(({ reason }: { reason: string }) => reason);
    expect(reasons).toEqual(expect.arrayContaining(['RolloutFailed', 'RolledBack']));
  });

  test('has no other rights: no secrets, no deletion of Deployments, no shell in a pod, no rights for others, no other namespace', async () => {
    const beyond = [
      { group: '', resource: 'secrets', verbs: ['get', 'list', 'watch', 'create'] },
      { group: '', resource: 'configmaps', verbs: ['get', 'list', 'create'] },
      { group: '', resource: 'pods', verbs: ['get', 'create', 'delete', 'patch', 'update'] },
      { group: '', resource: 'services', name: 'other', verbs: ['get', 'create', 'patch', 'delete'] },
      { group: 'apps', resource: 'deployments', name: 'other', verbs: ['get', 'create', 'patch'] },
      { group: 'coordination.k8s.io', resource: 'leases', name: 'other', verbs: ['get', 'update'] },
      { group: '', resource: 'services/proxy', name: 'other:80', verbs: ['get'] },
      { group: '', resource: 'pods/exec', verbs: ['create', 'get'] },
      { group: '', resource: 'serviceaccounts/token', verbs: ['create'] },
      { group: 'apps', resource: 'deployments', verbs: ['delete'] },
      { group: 'apps', resource: 'daemonsets', verbs: ['create'] },
      { group: '', resource: 'nodes', verbs: ['watch', 'patch', 'delete'] },
      { group: 'rbac.authorization.k8s.io', resource: 'rolebindings', verbs: ['create', 'patch'] },
    ];
    const all = (rights: Right[]) =>
      rights.map(({ verbs, resource }) => expect.stringMatching(`^${verbs.join(', ')} ${resource}`));
    expect(await missingRights(release, namespace.name, beyond)).toEqual(all(beyond));
    const own = deployerRights('sentiment');
    expect(await missingRights(release, 'default', own)).toEqual(all(own));
  });
});

/** The administrator's configuration; every request impersonates a member of the group. */
function asGroup(kubeconfig: string, group: string): ReturnType<typeof givenKubeConfig> {
  const config = givenKubeConfig(readFileSync(kubeconfig, 'utf8'));
  config.addAuthenticator({
    isAuthProvider: () => true,
    async applyAuthentication(_user, options) {
      options.headers = { ...options.headers, 'Impersonate-User': 'release', 'Impersonate-Group': group };
    },
  });
  return config;
}

/** The pod template of the one object that has one. */
function podOf(manifests: Manifest[]) {
  type Templated = { spec: { template: { spec: Record<string, unknown> & { containers: object[] } } } };
  const found = manifests.filter(({ kind }) => kind === 'Deployment' || kind === 'Job');
  return (found[0] as unknown as Templated).spec.template;
}

/** The same object in another namespace; a cluster-wide object gets a name of its own. */
function moved(object: Manifest, namespace: string): Manifest {
  if (object.kind === 'Namespace') return { ...object, metadata: { ...object.metadata, name: namespace } };
  if (object.kind.startsWith('Cluster')) return renamed(object, namespace);
  return { ...object, metadata: { ...object.metadata, namespace } };
}

/** Other pods with the same image. */
function withTemplateNote(deployment: DeploymentManifest): DeploymentManifest {
  const copy = structuredClone(deployment);
  const { metadata } = copy.spec?.template ?? {};
  if (metadata) metadata.annotations = { ...metadata.annotations, round: '2' };
  return copy;
}

function renamed(object: Manifest, name: string): Manifest {
  const copy: Manifest & { roleRef?: { name: string } } = { ...object, metadata: { ...object.metadata, name } };
  if (copy.roleRef) copy.roleRef = { ...copy.roleRef, name };
  return copy;
}

async function set(administrator: Api, object: Manifest): Promise<void> {
  const { kind, apiVersion } = object;
  const { name, namespace } = object.metadata;
  const base = `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}`;
  const resource = `${kind.toLowerCase()}s`;
  const answer =
    kind === 'Namespace'
      ? await administrator('PUT', `${base}/${resource}/${name}`, object)
      : await administrator('POST', `${base}${namespace ? `/namespaces/${namespace}` : ''}/${resource}`, object);
  if (answer.status >= 300) throw new Error(`${kind} ${name}: ${answer.body}`);
}

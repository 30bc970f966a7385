/** Rolling updates of real pods under constant load: no request may fail. */
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deploy } from '../ci/src/deploy/deploy.ts';
import { type DeploymentManifest, isDeployment, type Manifest, readManifests } from '../ci/src/deploy/manifest.ts';
import { type Cluster, type PushedImage, startCluster, type TestNamespace } from './support/cluster.ts';
import { appManifests, kubeConfigOf, look } from './support/deploy.ts';
import { type Load, startLoad } from './support/deploy_load.ts';
import { need } from './support/need.ts';
import { pushService } from './support/service_image.ts';

/** tests/trust/updates.test.ts proves it with more, that bake and begin with one pod. */
const rounds = 6;

describe.skipIf(!need('cluster'))('rolling updates under load', () => {
  let cluster: Cluster;
  let images: PushedImage[];
  const namespaces: TestNamespace[] = [];

  async function makeNamespace(): Promise<string> {
    const namespace = await cluster.namespace();
    namespaces.push(namespace);
    return namespace.name;
  }

  beforeAll(async () => {
    cluster = await startCluster();
    images = [await cluster.pushApp('v1'), await cluster.pushApp('v2')];
  });
  afterAll(async () => {
    await Promise.all(namespaces.map((namespace) => namespace.remove()));
    await cluster?.stop();
  });

  test(`${rounds} in a row lose no request, on kept and on new connections`, async () => {
    const kubeConfig = kubeConfigOf(cluster.kubeconfig);
    const namespace = await makeNamespace();
    const release = { kubeConfig, manifests: appManifests(namespace) };
    expect(await deploy({ ...release, image: images[0].byDigest })).toMatchObject({ state: 'deployed' });
    const load = await startLoad(await cluster.serviceUrl(namespace, 'app'));
    for (let round = 1; round <= rounds; round++) {
      const image = images[round % 2].byDigest;
      expect(await deploy({ ...release, image, commit: `round ${round}` })).toMatchObject({ state: 'deployed', image });
    }
    await lostNone(load, `${rounds} updates of the test app`);
  });

  test('an update of the real service with the manifests of the project loses no request', async () => {
    const kubeConfig = kubeConfigOf(cluster.kubeconfig);
    const namespace = await makeNamespace();
    const { byDigest: image } = await pushService(cluster.images, 'load');
    const wanted = await readManifests(resolve(import.meta.dirname, '../manifests/app'));
    const manifests = wanted.map((object) => reachable({ ...object, metadata: { ...object.metadata, namespace } }));
    expect(await deploy({ kubeConfig, manifests, image })).toMatchObject({ state: 'deployed' });
    const question = { path: '/predict', body: { text: 'a wonderful film' } };
    const load = await startLoad(await cluster.serviceUrl(namespace, 'sentiment'), question);
    const next = manifests.map((object) => (isDeployment(object) ? withTemplateNote(object) : object));
    expect(await deploy({ kubeConfig, manifests: next, image })).toMatchObject({ state: 'deployed' });
    await lostNone(load, 'one update of the service');
    expect((await look(kubeConfig, namespace, 'sentiment')).replicaSets).toHaveLength(2);
  });
});

async function lostNone(load: Load, what: string): Promise<void> {
  const { kept, fresh, failures } = await load.stop();
  process.stderr.write(`${what}: ${kept + fresh} requests, ${failures.length} failed\n`);
  expect(failures).toEqual([]);
  // A load of few requests would prove nothing.
  expect(Math.min(kept, fresh)).toBeGreaterThan(500);
}

/** Replaces what a test cannot have: an AWS load balancer, and the two minutes that a pod serves on until it has noticed. */
function reachable(object: Manifest): Manifest {
  if (object.kind === 'Service') {
    const { spec } = object as Manifest & { spec: object };
    return Object.assign({ ...object }, { spec: { ...spec, allocateLoadBalancerNodePorts: true } });
  }
  if (!isDeployment(object)) return object;
  const copy = structuredClone(object);
  const [container] = copy.spec?.template.spec?.containers ?? [];
  expect(container.lifecycle?.preStop?.sleep?.seconds).toBeGreaterThan(3);
  container.lifecycle = { preStop: { sleep: { seconds: 3 } } };
  return copy;
}

/** Other pods with the same image. */
function withTemplateNote(deployment: DeploymentManifest): DeploymentManifest {
  const copy = structuredClone(deployment);
  const { metadata } = copy.spec?.template ?? {};
  if (metadata) metadata.annotations = { ...metadata.annotations, round: '2' };
  return copy;
}

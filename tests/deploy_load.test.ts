/** Rolling updates in a row under constant load, on real pods: not one request may fail. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deploy } from '../ci/src/deploy/deploy.ts';
import { type Cluster, type PushedImage, startCluster, type TestNamespace } from './support/cluster.ts';
import { appManifests, kubeConfigOf } from './support/deploy.ts';
import { startLoad } from './support/deploy_load.ts';
import { need } from './support/need.ts';

describe.skipIf(!need('cluster'))('rolling updates under load', () => {
  let cluster: Cluster;
  let namespace: TestNamespace;
  let images: PushedImage[];

  beforeAll(async () => {
    cluster = await startCluster();
    namespace = await cluster.namespace();
    images = [await cluster.pushApp('v1'), await cluster.pushApp('v2')];
  });
  afterAll(async () => {
    await namespace?.remove();
    await cluster?.stop();
  });

  test('twenty in a row lose no request, on kept connections and on new ones', async () => {
    const kubeConfig = kubeConfigOf(cluster.kubeconfig);
    const release = { kubeConfig, manifests: appManifests(namespace.name) };
    expect(await deploy({ ...release, image: images[0].byDigest })).toMatchObject({ state: 'deployed' });
    const load = await startLoad(await cluster.serviceUrl(namespace.name, 'app'));
    for (let round = 1; round <= 20; round++) {
      const image = images[round % 2].byDigest;
      expect(await deploy({ ...release, image, commit: `round ${round}` })).toMatchObject({ state: 'deployed', image });
    }
    const { kept, fresh, failures } = await load.stop();
    process.stderr.write(`20 rolling updates: ${kept + fresh} requests, ${failures.length} failed\n`);
    expect(failures).toEqual([]);
    // A load that hardly asked anything would prove nothing.
    expect(Math.min(kept, fresh)).toBeGreaterThan(1000);
  });
});

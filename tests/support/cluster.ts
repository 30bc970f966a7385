/**
 * A real Kubernetes with real pods for tests: the one that the run shares, or the cluster that KUBECONFIG_TEST names.
 *
 *     describe.skipIf(!need('cluster'))('a rollout', () => {
 *       let cluster: Cluster;
 *       beforeAll(async () => { cluster = await startCluster(); });
 *       afterAll(() => cluster.stop());
 */
import { type Cluster, clusterAt } from './cluster/launch.ts';
import { sharedKubeconfig } from './shared.ts';

export type { Image, Layer, PushedImage, Registry } from './cluster/image.ts';
export { layerOfFiles, push } from './cluster/image.ts';
export type { Cluster, TestNamespace } from './cluster/launch.ts';

/** Starts it if this is the first to ask, about ten seconds. Each test takes namespaces of its own and removes them. */
export async function startCluster(): Promise<Cluster> {
  return clusterAt(process.env.KUBECONFIG_TEST || (await sharedKubeconfig()), async () => {});
}

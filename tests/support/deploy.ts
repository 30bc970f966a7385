/** Releases of the cluster's test app, for tests of the rolling update. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll } from 'vitest';
import { givenKubeConfig } from '../../ci/src/deploy/kubeconfig.ts';
import type { DeploymentManifest, Manifest } from '../../ci/src/deploy/manifest.ts';
import { readSnapshot, type Snapshot } from '../../ci/src/kubernetes/snapshot.ts';
import { type Cluster, type PushedImage, startCluster, type TestNamespace } from './cluster.ts';

export const appName = 'app';

/** Pods that end at once: without load, no traffic has to move away first. */
export const quick: AppOptions = { container: { lifecycle: { preStop: { sleep: { seconds: 0 } } } } };

type KubeConfig = ReturnType<typeof givenKubeConfig>;

/** What tests of the rolling update share, from the first test of a `describe` to its last. */
export type Bed = {
  cluster: Cluster;
  kubeConfig: KubeConfig;
  /** Two versions of the test app. */
  v1: PushedImage;
  v2: PushedImage;
  /** By digest, of an image that no registry has. */
  missing: string;
  /** The name of a new namespace, which is removed at the end. */
  makeNamespace: () => Promise<string>;
};

/** To be called within `describe`: hands the bed over before the first test. */
export function useCluster(onStart: (bed: Bed) => void | Promise<void>): void {
  let cluster: Cluster | undefined;
  const namespaces: TestNamespace[] = [];
  beforeAll(async () => {
    const started = await startCluster();
    cluster = started;
    const [v1, v2] = await Promise.all([started.pushApp('v1'), started.pushApp('v2')]);
    await onStart({
      cluster: started,
      kubeConfig: kubeConfigOf(started.kubeconfig),
      v1,
      v2,
      missing: v1.byDigest.replace(/[0-9a-f]{64}$/, '0'.repeat(64)),
      async makeNamespace() {
        const namespace = await started.namespace();
        namespaces.push(namespace);
        return namespace.name;
      },
    });
  });
  afterAll(async () => {
    await Promise.all(namespaces.map((namespace) => namespace.remove()));
    await cluster?.stop();
  });
}

/** Unchecked: a test may want the server to refuse it. */
export type AppOptions = {
  container?: object;
  spec?: Partial<DeploymentManifest['spec']>;
  /** Of the pod template. */
  pod?: object;
  replicas?: number;
};

/** A Service with a node port and a Deployment of two pods, which keep serving for three seconds after SIGTERM. */
export function appManifests(namespace: string, { container, spec, pod, replicas = 2 }: AppOptions = {}): Manifest[] {
  const metadata = { name: appName, namespace };
  const labels = { app: appName };
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { type: 'NodePort', selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
  };
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      replicas,
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      progressDeadlineSeconds: 120,
      ...spec,
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 10,
          ...pod,
          containers: [
            {
              name: 'app',
              image: 'set-by-the-release.invalid/app',
              ports: [{ containerPort: 8080 }],
              readinessProbe: { httpGet: { path: '/health/ready', port: 8080 }, periodSeconds: 1 },
              lifecycle: { preStop: { sleep: { seconds: 3 } } },
              ...container,
            },
          ],
        },
      },
    },
  };
  return [service, deployment];
}

export function kubeConfigOf(path: string): KubeConfig {
  return givenKubeConfig(readFileSync(path, 'utf8'));
}

/** Reads the Deployment; fails if it does not exist. */
export async function look(kubeConfig: KubeConfig, namespace: string, name = appName): Promise<Snapshot> {
  const snapshot = await readSnapshot(kubeConfig, namespace, name);
  if (!snapshot) throw new Error(`there is no Deployment ${namespace}/${name}`);
  return snapshot;
}

/** The images of the template. */
export function imagesOf({ deployment }: Snapshot): (string | undefined)[] {
  return deployment.spec?.template.spec?.containers.map(({ image }) => image) ?? [];
}

/** A Deployment and all that belongs to it, kept up to date by watches. */
import type { CoreV1Event, KubeConfig, KubernetesObject, V1Deployment, V1Pod, V1ReplicaSet } from '#kubernetes';
import { kubernetes } from '../kubernetes.ts';
import { Follower, type Source } from './follower.ts';
import { nodeWatcher } from './nodes.ts';
import { nodesInQuestion, type Snapshot, selectorText, snapshotOf } from './snapshot.ts';

export type Live = {
  /** Undefined while there is no such Deployment, or before all has been read once. */
  snapshot: () => Snapshot | undefined;
  /** Resolves after the next change, or after `ms`. */
  changed: (ms: number) => Promise<void>;
  /** How often a watch had to be begun again, and the last reason. */
  interruptions: () => { count: number; last: string | undefined };
  stop: () => void;
};

export function watchDeployment(kubeConfig: KubeConfig, deployment: V1Deployment): Live {
  const { namespace = 'default', name } = deployment.metadata ?? {};
  const apps = kubeConfig.makeApiClient(kubernetes().AppsV1Api);
  const core = kubeConfig.makeApiClient(kubernetes().CoreV1Api);
  const byName = { fieldSelector: `metadata.name=${name}` };
  const byLabels = { labelSelector: selectorText(deployment.spec?.selector ?? {}) };
  const stopped = new AbortController();
  const lookOut = nodeWatcher(kubeConfig);
  const waiters = new Set<() => void>();
  let count = 0;
  let last: string | undefined;

  function follow<T extends KubernetesObject>(source: Source<T>): Follower<T> {
    return new Follower(kubeConfig, source, stopped.signal, {
      onChange: () => {
        for (const wake of waiters) wake();
      },
      onInterruption: (reason) => {
        count++;
        last = reason;
      },
    });
  }

  const deployments = follow<V1Deployment>({
    path: `/apis/apps/v1/namespaces/${namespace}/deployments`,
    selector: byName,
    list: () => apps.listNamespacedDeployment({ namespace, ...byName }),
  });
  const replicaSets = follow<V1ReplicaSet>({
    path: `/apis/apps/v1/namespaces/${namespace}/replicasets`,
    selector: byLabels,
    list: () => apps.listNamespacedReplicaSet({ namespace, ...byLabels }),
  });
  const pods = follow<V1Pod>({
    path: `/api/v1/namespaces/${namespace}/pods`,
    selector: byLabels,
    list: () => core.listNamespacedPod({ namespace, ...byLabels }),
  });
  const events = follow<CoreV1Event>({
    path: `/api/v1/namespaces/${namespace}/events`,
    selector: {},
    list: () => core.listNamespacedEvent({ namespace }),
  });

  return {
    snapshot() {
      const [found] = deployments.objects.values();
      if (!found || ![deployments, replicaSets, pods, events].every((follower) => follower.isListed)) return undefined;
      const material = {
        replicaSets: [...replicaSets.objects.values()],
        pods: [...pods.objects.values()],
        events: [...events.objects.values()],
      };
      const snapshot = snapshotOf(found, material, new Date());
      return { ...snapshot, nodes: lookOut(nodesInQuestion(snapshot)) };
    },
    changed(ms) {
      return new Promise((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          waiters.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        waiters.add(wake);
      });
    },
    interruptions: () => ({ count, last }),
    stop() {
      stopped.abort();
      for (const wake of waiters) wake();
    },
  };
}

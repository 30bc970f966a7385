/** How far a rollout is, as figures and as one line. */
import type { V1Pod } from '#kubernetes';
import { isObserved, isOwnedBy, isReady, newRevision, type Snapshot } from './snapshot.ts';

export type Progress = {
  /** Replicas wanted. */
  wanted: number;
  /** Of the new revision. */
  updated: number;
  ready: number;
  /** Ready for minReadySeconds. */
  available: number;
  /** Pods of other revisions that may still serve, those that are ending among them. */
  old: number;
  /** The new revision has all its replicas available, and nothing but pods that are ending is left of others. */
  hasSettled: boolean;
  /** Settled, and nothing is left of others: the new revision alone serves. */
  isDone: boolean;
};

// How long after the end of its grace period a pod may still be listed as ready before it counts as lost with its node.
const lostAfterMs = 30_000;

export function progressOf(snapshot: Snapshot): Progress {
  const { deployment } = snapshot;
  const revision = newRevision(snapshot);
  const wanted = deployment.spec?.replicas ?? 1;
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = deployment.status ?? {};
  const set = revision?.replicaSet;
  const { readyReplicas: ready = 0, availableReplicas: available = 0 } = set?.status ?? {};
  const others = set ? snapshot.pods.filter((pod) => !isOwnedBy(pod, [set])) : [];
  const old = others.filter((pod) => mayServe(pod, snapshot.now)).length;
  // The Deployment's own counts, which its controller writes together with observedGeneration.
  const updated = isObserved(deployment) ? updatedReplicas : 0;
  const hasSettled =
    set !== undefined &&
    updated === wanted &&
    replicas === wanted &&
    availableReplicas === wanted &&
    available >= wanted;
  return { wanted, updated, ready, available, old, hasSettled, isDone: hasSettled && old === 0 };
}

/** `2 of 3 updated, 1 ready, 1 available; 2 old pods left` */
export function progressLine({ wanted, updated, ready, available, old }: Progress): string {
  const left = old === 0 ? '' : `; ${old} old ${old === 1 ? 'pod' : 'pods'} left`;
  return `${updated} of ${wanted} updated, ${ready} ready, ${available} available${left}`;
}

/**
 * One that is ending serves on, for balancers that have not heard of it, until it stops being ready. One that never was
 * ready (the revision that failed) serves nobody, nor does one whose end is long overdue: its node has gone.
 */
function mayServe(pod: V1Pod, now: Date): boolean {
  const end = pod.metadata?.deletionTimestamp;
  if (end === undefined) return true;
  return isReady(pod) && now.getTime() - end.getTime() <= lostAfterMs;
}

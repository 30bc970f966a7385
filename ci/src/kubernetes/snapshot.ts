/**
 * One look at a Deployment and everything that belongs to it, and how far its rollout is. Every decision (is it done, why does
 * it fail) is a function of a snapshot alone, so that recordings can test it.
 */
import type {
  CoreV1Event,
  KubeConfig,
  KubernetesObject,
  V1Deployment,
  V1LabelSelector,
  V1Pod,
  V1ReplicaSet,
} from '#kubernetes';
import { ifFound, withRetries } from './api_error.ts';
import { kubernetes } from './client.ts';
import { type NodeState, readNodeStates } from './nodes.ts';

/** Only what the Deployment owns: its ReplicaSets, their pods, and events about any of these. Times are Dates. */
export type Snapshot = {
  now: Date;
  deployment: V1Deployment;
  replicaSets: V1ReplicaSet[];
  pods: V1Pod[];
  events: CoreV1Event[];
  /** The nodes on which a pod of the new revision is not ready. */
  nodes?: NodeState[];
};

/** The contents of a namespace, not yet sorted by owner. */
export type Material = { replicaSets: V1ReplicaSet[]; pods: V1Pod[]; events: CoreV1Event[] };

export type Revision = {
  /** The value of the annotation deployment.kubernetes.io/revision. */
  number: string;
  replicaSet: V1ReplicaSet;
  /** Without pods that are being deleted. */
  pods: V1Pod[];
  /** About the ReplicaSet or one of these pods. */
  events: CoreV1Event[];
};

export type Progress = {
  /** Replicas wanted. */
  wanted: number;
  /** Of the new revision. */
  updated: number;
  ready: number;
  /** Ready for minReadySeconds. */
  available: number;
  /** Pods of other revisions that may still serve, including those that are terminating. */
  old: number;
  /** The new revision has all its replicas available, and other revisions have only terminating pods. */
  hasSettled: boolean;
  /** Settled, other revisions have no pods, and it is not empty: only the new revision serves. */
  isDone: boolean;
};

// How long after the end of its grace period a ready pod may stay listed before it counts as lost with its node.
const lostAfterMs = 30_000;

export const revisionAnnotation = 'deployment.kubernetes.io/revision';

/** Retries for `seconds`. Undefined if the Deployment does not exist. Throws any other error of the client. */
export function readSnapshot(
  kubeConfig: KubeConfig,
  namespace: string,
  name: string,
  seconds?: number,
): Promise<Snapshot | undefined> {
  return withRetries(() => readOnce(kubeConfig, namespace, name), seconds);
}

async function readOnce(kubeConfig: KubeConfig, namespace: string, name: string): Promise<Snapshot | undefined> {
  const apps = kubeConfig.makeApiClient(kubernetes().AppsV1Api);
  const core = kubeConfig.makeApiClient(kubernetes().CoreV1Api);
  const deployment = await ifFound(apps.readNamespacedDeployment({ namespace, name }));
  if (!deployment) return undefined;
  const labelSelector = selectorText(deployment.spec?.selector ?? {});
  const [replicaSets, pods, events] = await Promise.all([
    apps.listNamespacedReplicaSet({ namespace, labelSelector }),
    core.listNamespacedPod({ namespace, labelSelector }),
    core.listNamespacedEvent({ namespace }),
  ]);
  const material = { replicaSets: replicaSets.items, pods: pods.items, events: events.items };
  const snapshot = snapshotOf(deployment, material, new Date());
  return { ...snapshot, nodes: await readNodeStates(kubeConfig, nodesInQuestion(snapshot)) };
}

/** Keeps what the Deployment owns. Labels are not enough: two Deployments may share them. */
export function snapshotOf(deployment: V1Deployment, material: Material, now: Date): Snapshot {
  const replicaSets = material.replicaSets.filter((set) => isOwnedBy(set, [deployment]));
  const pods = material.pods.filter((pod) => isOwnedBy(pod, replicaSets));
  const uids = new Set([deployment, ...replicaSets, ...pods].map((object) => object.metadata?.uid));
  const events = material.events
    .filter((event) => uids.has(event.involvedObject.uid))
    .sort((a, b) => eventTime(a).getTime() - eventTime(b).getTime());
  return { now, deployment, replicaSets, pods, events };
}

/**
 * The revision of the Deployment's current template. Undefined until the controller has seen that template
 * (metadata.generation against status.observedGeneration): until then the annotation names the old revision.
 */
export function newRevision(snapshot: Snapshot): Revision | undefined {
  const { deployment, replicaSets } = snapshot;
  const number = deployment.metadata?.annotations?.[revisionAnnotation];
  if (!isObserved(deployment) || number === undefined) return undefined;
  const replicaSet = replicaSets.find((set) => set.metadata?.annotations?.[revisionAnnotation] === number);
  if (!replicaSet) return undefined;
  const pods = snapshot.pods.filter((pod) => isOwnedBy(pod, [replicaSet]) && !pod.metadata?.deletionTimestamp);
  const uids = new Set([replicaSet, ...pods].map((object) => object.metadata?.uid));
  const events = snapshot.events.filter((event) => uids.has(event.involvedObject.uid));
  return { number, replicaSet, pods, events };
}

/**
 * The snapshot without the events and conditions from before the apply: a revision that is tried again has the same
 * ReplicaSet, and Kubernetes keeps the events of its first failure for an hour.
 */
export function withoutOldNews(snapshot: Snapshot, before: Snapshot | undefined): Snapshot {
  const { deployment } = snapshot;
  // The apply changed nothing: a failure that is already there is this rollout's own.
  if (!before || before.deployment.metadata?.generation === deployment.metadata?.generation) return snapshot;
  const oldEvents = new Set(before.events.map(({ metadata }) => `${metadata.uid} ${metadata.resourceVersion}`));
  const events = snapshot.events.filter(
    ({ metadata }) => !oldEvents.has(`${metadata.uid} ${metadata.resourceVersion}`),
  );
  const oldFailures = (before.deployment.status?.conditions ?? []).filter(isFailure);
  const conditions = deployment.status?.conditions?.filter(
    (condition) =>
      !oldFailures.some(
        (old) =>
          old.type === condition.type &&
          old.reason === condition.reason &&
          old.lastUpdateTime?.getTime() === condition.lastUpdateTime?.getTime(),
      ),
  );
  return { ...snapshot, events, deployment: { ...deployment, status: { ...deployment.status, conditions } } };
}

function isFailure({ type, status }: { type: string; status: string }): boolean {
  return (type === 'Progressing' && status === 'False') || (type === 'ReplicaFailure' && status === 'True');
}

/** Names of the nodes with a pod of the new revision that is not ready: the node may be the reason. */
export function nodesInQuestion(snapshot: Snapshot): string[] {
  const unready = newRevision(snapshot)?.pods.filter((pod) => !isReady(pod)) ?? [];
  return [...new Set(unready.flatMap(({ spec }) => spec?.nodeName ?? []))];
}

export function isReady(pod: V1Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

export function isObserved(deployment: V1Deployment): boolean {
  return (deployment.status?.observedGeneration ?? 0) >= (deployment.metadata?.generation ?? 1);
}

/** When it was last seen: the field differs between the old and the new events API. */
export function eventTime(event: CoreV1Event): Date {
  const { series, lastTimestamp, eventTime, firstTimestamp, metadata } = event;
  const time = series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? firstTimestamp ?? metadata.creationTimestamp;
  // The client leaves a MicroTime (eventTime, lastObservedTime) as a string.
  return new Date(time ?? 0);
}

export function isOwnedBy(object: KubernetesObject, owners: KubernetesObject[]): boolean {
  const uids = owners.map((owner) => owner.metadata?.uid);
  return object.metadata?.ownerReferences?.some((reference) => uids.includes(reference.uid)) ?? false;
}

/** A label selector in the form of a list request. https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/ */
export function selectorText(selector: V1LabelSelector): string {
  const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
  });
  return [...labels, ...expressions].join(',');
}

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
  return { wanted, updated, ready, available, old, hasSettled, isDone: hasSettled && old === 0 && wanted > 0 };
}

/** `2 of 3 updated, 1 ready, 1 available; 2 old pods left` */
export function progressLine({ wanted, updated, ready, available, old }: Progress): string {
  const left = old === 0 ? '' : `; ${old} old ${old === 1 ? 'pod' : 'pods'} left`;
  return `${updated} of ${wanted} updated, ${ready} ready, ${available} available${left}`;
}

/** It is being deleted, within its time: what it holds will be free. */
export function isEnding({ metadata }: V1Pod, now: Date): boolean {
  const end = metadata?.deletionTimestamp;
  return end !== undefined && now.getTime() - end.getTime() <= lostAfterMs;
}

/**
 * A terminating pod keeps serving load balancers that have not noticed yet, until it is no longer ready. A pod that never was
 * ready (of a failed revision) serves nobody; neither does a pod long past its end, because its node has gone.
 */
function mayServe(pod: V1Pod, now: Date): boolean {
  return pod.metadata?.deletionTimestamp === undefined || (isReady(pod) && isEnding(pod, now));
}

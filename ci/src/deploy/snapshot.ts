/**
 * One look at a Deployment and all that belongs to it. What decides (is it done, why does it fail) is a function of a
 * snapshot alone, so that it can be tried on recordings.
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
import { kubernetes } from '../kubernetes.ts';
import { isNotFound } from './api_error.ts';
import { type NodeState, readNodeStates } from './nodes.ts';

/** Only what that Deployment owns: its ReplicaSets, their pods, and events about any of these. Times are Dates. */
export type Snapshot = {
  now: Date;
  deployment: V1Deployment;
  replicaSets: V1ReplicaSet[];
  pods: V1Pod[];
  events: CoreV1Event[];
  /** Those on which a pod of the new revision is not ready. */
  nodes?: NodeState[];
};

/** What a namespace holds, not yet sorted by owner. */
export type Material = { replicaSets: V1ReplicaSet[]; pods: V1Pod[]; events: CoreV1Event[] };

export type Revision = {
  /** As the annotation deployment.kubernetes.io/revision counts them. */
  number: string;
  replicaSet: V1ReplicaSet;
  /** Those that are not being deleted. */
  pods: V1Pod[];
  /** About the ReplicaSet or one of these pods. */
  events: CoreV1Event[];
};

export const revisionAnnotation = 'deployment.kubernetes.io/revision';

/** Undefined where there is no such Deployment. Throws what the client throws otherwise. */
export async function readSnapshot(
  kubeConfig: KubeConfig,
  namespace: string,
  name: string,
): Promise<Snapshot | undefined> {
  const apps = kubeConfig.makeApiClient(kubernetes().AppsV1Api);
  const core = kubeConfig.makeApiClient(kubernetes().CoreV1Api);
  let deployment: V1Deployment;
  try {
    deployment = await apps.readNamespacedDeployment({ namespace, name });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
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

/** Keeps what the Deployment owns. Labels alone would not do: two Deployments may share them. */
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
 * The revision that the Deployment's present template makes. Undefined until the controller has seen that template
 * (metadata.generation against status.observedGeneration): the revision annotation is the old one until then.
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

/** Names of the nodes that may be why a pod of the new revision is not ready. */
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

/** When it was last seen: the field differs between the old events API and the new. */
export function eventTime(event: CoreV1Event): Date {
  const { series, lastTimestamp, eventTime, firstTimestamp, metadata } = event;
  const time = series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? firstTimestamp ?? metadata.creationTimestamp;
  // the client leaves a MicroTime (eventTime, lastObservedTime) the string that it came as
  return new Date(time ?? 0);
}

export function isOwnedBy(object: KubernetesObject, owners: KubernetesObject[]): boolean {
  const uids = owners.map((owner) => owner.metadata?.uid);
  return object.metadata?.ownerReferences?.some((reference) => uids.includes(reference.uid)) ?? false;
}

/** A label selector as the query of a list takes it. https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/ */
export function selectorText(selector: V1LabelSelector): string {
  const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
  });
  return [...labels, ...expressions].join(',');
}

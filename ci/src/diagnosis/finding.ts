/**
 * What is wrong with a rollout: a finding is what a snapshot shows, a verdict is the finding that ends the rollout. Also the
 * views of a revision's pods and events that the detectors share.
 */
import type { CoreV1Event, V1Container, V1ContainerStatus, V1Pod, V1ReplicaSet } from '#kubernetes';
import { eventTime, type Revision, revisionAnnotation, type Snapshot } from '../kubernetes/snapshot.ts';
import { type Cause, causes, codeOf, runbookPage } from './causes.ts';

export type Verdict = {
  cause: Cause;
  /** `ROLLOUT_` and the cause, as printed. */
  code: string;
  /** One sentence: the Deployment, what is wrong, the offending value. */
  headline: string;
  /** What was seen, in the cluster's own words where it has any; one line each, secrets redacted. */
  evidence: string[];
  /** The command to type, or the value to change. */
  next: string;
  /** `docs/runbook/<cause>.md`. */
  runbook: string;
  /** Waiting longer would not have helped. */
  permanent: boolean;
  /** Where `explain` looks. */
  subject: Subject;
};

/** Where the fault was seen; parts that do not apply are missing (a quota leaves no pod). */
export type Subject = {
  pod?: string;
  container?: string;
  image?: string;
  node?: string;
  reference?: Reference;
  /** Of an HTTP probe. */
  probe?: { port: string; path: string };
};

/** An object that the pod template names, and a key in it. */
export type Reference = { kind: NamedKind; name: string; key?: string };

export type NamedKind = 'ConfigMap' | 'Secret' | 'ServiceAccount';

export type Finding = Omit<Verdict, 'code' | 'runbook' | 'permanent'> & {
  /** It cannot heal, though other faults of the same cause may. By default the table of causes decides. */
  permanent?: boolean;
  /** How often the cluster itself has tried, where it counts. */
  attempts?: number;
  /** Seconds on top of the cause's patience, such as a probe's own time. */
  extraSeconds?: number;
  /** The cluster is already fixing it (a node is coming), so only the deadline ends the wait. */
  isHandled?: boolean;
  /** It ends when another pod of the Deployment has ended, whose room it needs. */
  needsRoom?: boolean;
  /** Another stage of the same fault has a patience of its own. */
  stage?: string;
  /** Everything else known about the same pod is stale. */
  outdates?: boolean;
};

export function isPermanent({ cause, permanent }: Finding): boolean {
  return permanent ?? causes[cause].patience === 'cannot heal';
}

export function verdictOf(finding: Finding): Verdict {
  const { cause, headline, evidence, next, subject } = finding;
  const permanent = isPermanent(finding);
  return { cause, code: codeOf(cause), headline, evidence, next, runbook: runbookPage(cause), permanent, subject };
}

/** What detectors look at: the new revision of one Deployment. */
export type RolloutView = {
  snapshot: Snapshot;
  revision: Revision;
  /** `namespace/name`. */
  deployment: string;
  /** `-n namespace`, for commands. */
  flag: string;
  name: string;
  containers: ContainerView[];
};

/** One container of one pod of the new revision. Status is missing until the kubelet has seen the pod. */
export type ContainerView = {
  pod: V1Pod;
  podName: string;
  name: string;
  isInit: boolean;
  spec: V1Container;
  status?: V1ContainerStatus;
  /** About this container, oldest first. */
  events: CoreV1Event[];
};

export function viewOf(snapshot: Snapshot, revision: Revision): RolloutView {
  const { name = '', namespace = 'default' } = snapshot.deployment.metadata ?? {};
  const containers = revision.pods
    .filter((pod) => pod.status?.phase !== 'Failed')
    .flatMap((pod) => containersOf(pod, revision));
  return { snapshot, revision, deployment: `${namespace}/${name}`, flag: `-n ${namespace}`, name, containers };
}

function containersOf(pod: V1Pod, revision: Revision): ContainerView[] {
  const events = eventsOf(pod, revision);
  const view = (spec: V1Container, isInit: boolean): ContainerView => {
    const statuses = (isInit ? pod.status?.initContainerStatuses : pod.status?.containerStatuses) ?? [];
    const status = statuses.find(({ name }) => name === spec.name);
    const about = events.filter(
      ({ involvedObject }) => !involvedObject.fieldPath || involvedObject.fieldPath.includes(`{${spec.name}}`),
    );
    return { pod, podName: pod.metadata?.name ?? '', name: spec.name, isInit, spec, status, events: about };
  };
  const inits = (pod.spec?.initContainers ?? []).map((spec) => view(spec, true));
  return [...inits, ...(pod.spec?.containers ?? []).map((spec) => view(spec, false))];
}

/** The newest older ReplicaSet that serves, or else the newest older one. */
export function previousReplicaSet({ snapshot, revision }: RolloutView): V1ReplicaSet | undefined {
  const number = (set: V1ReplicaSet) => Number(set.metadata?.annotations?.[revisionAnnotation] ?? 0);
  return snapshot.replicaSets
    .filter((set) => set.metadata?.uid !== revision.replicaSet.metadata?.uid)
    .sort((a, b) => Number(isServing(b)) - Number(isServing(a)) || number(b) - number(a))[0];
}

export function isServing(set: V1ReplicaSet | undefined): boolean {
  return (set?.status?.readyReplicas ?? 0) > 0;
}

export function specIn(set: V1ReplicaSet | undefined, container: string): V1Container | undefined {
  return set?.spec?.template?.spec?.containers.find(({ name }) => name === container);
}

export function subjectOf({ podName, name, spec, pod }: ContainerView): Subject {
  return { pod: podName, container: name, image: spec.image, node: pod.spec?.nodeName };
}

/** "container web", "init container migrate" */
export function labelOf({ isInit, name }: ContainerView): string {
  return `${isInit ? 'init ' : ''}container ${name}`;
}

/** Of all containers that have one, init containers first. */
export function statusesOf({ status }: V1Pod): V1ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

export function eventsOf(pod: V1Pod, revision: Revision): CoreV1Event[] {
  return revision.events.filter(({ involvedObject }) => involvedObject.uid === pod.metadata?.uid);
}

/** The newest event with this reason and text. */
export function lastEvent(events: CoreV1Event[], reason: string, text = /^/): CoreV1Event | undefined {
  const matching = events.filter((event) => event.reason === reason && text.test(event.message ?? ''));
  return matching.reduce<CoreV1Event | undefined>(
    (latest, event) => (latest && eventTime(latest) > eventTime(event) ? latest : event),
    undefined,
  );
}

export function eventCount(event: CoreV1Event | undefined): number {
  return event?.series?.count ?? event?.count ?? 1;
}

/** How often the cluster reported it: a random name in the message makes each attempt an event of its own. */
export function timesReported(events: CoreV1Event[], reason: string, text = /^/): number {
  return events
    .filter((event) => event.reason === reason && text.test(event.message ?? ''))
    .reduce((sum, event) => sum + eventCount(event), 0);
}

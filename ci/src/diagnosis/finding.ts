/** What the detectors find in a snapshot, before time has its say; and the small views of a pod that they share. */
import type { CoreV1Event, V1Container, V1ContainerStatus, V1Pod } from '#kubernetes';
import { eventTime, type Revision, type Snapshot } from '../deploy/snapshot.ts';
import { redact } from './redact.ts';
import { type Cause, codeOf, runbookPage, type Subject, type Verdict } from './verdict.ts';

export type Finding = {
  cause: Cause;
  headline: string;
  evidence: string[];
  next: string;
  subject: Subject;
  /** Cannot heal by itself: told at first sight. */
  permanent: boolean;
  /** How often the cluster itself has tried; left out where it does not count. */
  attempts?: number;
  /** Seconds on top of the cause's patience, such as a probe's own span. */
  extraSeconds?: number;
  /** Something is already being done about it (a node is on its way): only the deadline ends the wait. */
  isHandled?: boolean;
  /** What else is seen of the same pod is from before, and no longer counts. */
  outdates?: boolean;
};

/** What a detector looks at. */
export type Scene = {
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

/** Undefined until the controller has made the new revision. */
export function sceneOf(snapshot: Snapshot, revision: Revision): Scene {
  const { name = '', namespace = 'default' } = snapshot.deployment.metadata ?? {};
  const containers = revision.pods
    .filter((pod) => pod.status?.phase !== 'Failed')
    .flatMap((pod) => viewsOf(pod, revision));
  return { snapshot, revision, deployment: `${namespace}/${name}`, flag: `-n ${namespace}`, name, containers };
}

function viewsOf(pod: V1Pod, revision: Revision): ContainerView[] {
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

/** "container web", "init container migrate" */
export function labelOf({ isInit, name }: ContainerView): string {
  return `${isInit ? 'init ' : ''}container ${name}`;
}

export function eventsOf(pod: V1Pod, revision: Revision): CoreV1Event[] {
  return revision.events.filter(({ involvedObject }) => involvedObject.uid === pod.metadata?.uid);
}

/** The newest event that says so. */
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

/** How often it was said, in whatever words: a passing name in the message makes each attempt an event of its own. */
export function timesSaid(events: CoreV1Event[], reason: string, text = /^/): number {
  return events
    .filter((event) => event.reason === reason && text.test(event.message ?? ''))
    .reduce((sum, event) => sum + eventCount(event), 0);
}

/** One line of the cluster's own words, at most `length` characters, without secrets. */
export function quote(text: string | undefined, length = 400): string {
  const line = redact((text ?? '').replace(/\s+/g, ' ').trim());
  return line.length > length ? `${line.slice(0, length)}...` : line;
}

export function verdictOf(finding: Finding): Verdict {
  const { cause, headline, evidence, next, subject, permanent } = finding;
  return { cause, code: codeOf(cause), headline, evidence, next, runbook: runbookPage(cause), permanent, subject };
}

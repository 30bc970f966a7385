/** Faults in the Deployment's own status: its deadline, a pause, a ReplicaSet that cannot be created. */
import type { V1Pod } from '#kubernetes';
import { conditionWords, type NodeState } from '../kubernetes/nodes.ts';
import { isObserved, newRevision, type Snapshot } from '../kubernetes/snapshot.ts';
import { refusal } from './creation.ts';
import type { Finding } from './finding.ts';
import { quote } from './text.ts';

/** Undefined while the Deployment's own deadline (spec.progressDeadlineSeconds) has not passed. */
export function deadlineFinding(snapshot: Snapshot): Finding | undefined {
  const { deployment } = snapshot;
  const condition = deployment.status?.conditions?.find(({ type }) => type === 'Progressing');
  if (condition?.reason !== 'ProgressDeadlineExceeded' || !isObserved(deployment)) return undefined;
  const revision = newRevision(snapshot);
  const replicaSet = revision?.replicaSet.metadata?.name;
  // a condition that names another ReplicaSet remains from the previous rollout
  if (replicaSet && /ReplicaSet "/.test(condition.message ?? '') && !condition.message?.includes(`"${replicaSet}"`))
    return undefined;
  const { minReadySeconds = 0, progressDeadlineSeconds = 600, replicas = 1 } = deployment.spec ?? {};
  const { updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = deployment.status ?? {};
  const ready = revision?.replicaSet.status?.readyReplicas ?? 0;
  const tooLong = minReadySeconds * 2 > progressDeadlineSeconds;
  // The condition lags behind pods that have just become ready.
  if (ready >= replicas && replicas > 0 && !tooLong) return undefined;
  return {
    cause: 'deadline',
    headline: `Deployment ${nameOf(snapshot)} made no progress for ${progressDeadlineSeconds} s (spec.progressDeadlineSeconds), ${ready} of ${replicas} new pods are ready`,
    evidence: [
      `condition Progressing: "${quote(condition.message)}"`,
      `old and new together: ${replicas} wanted, ${readyReplicas} ready, ${availableReplicas} available; new: ${updatedReplicas}`,
      ...(revision?.pods.slice(0, 3) ?? []).map(podState),
      ...(snapshot.nodes ?? []).flatMap(nodeState),
    ],
    next: tooLong
      ? `minReadySeconds is ${minReadySeconds}, progressDeadlineSeconds ${progressDeadlineSeconds}: raise progressDeadlineSeconds`
      : `kubectl ${flagOf(snapshot)} describe deployment,replicaset,pods; if the pods only need more time, raise spec.progressDeadlineSeconds`,
    subject: {},
  };
}

/** A healthy node is no evidence; a node that cannot be read is. */
function nodeState(node: NodeState): string[] {
  if (node.state === 'unread') return [`the state of node ${node.name} cannot be read: ${quote(node.why, 200)}`];
  if (node.state === 'gone') return [`node ${node.name} is gone`];
  return node.ready && node.ready.status !== 'True' ? [`node ${node.name}: ${conditionWords(node.ready)}`] : [];
}

/** "pod x: Running, containers with unready status: [app], its readiness probe starts after 300 s" */
function podState({ metadata, spec, status }: V1Pod): string {
  const condition = status?.conditions?.find(({ type, status }) => type === 'Ready' && status !== 'True');
  const delays = (spec?.containers ?? []).map(({ readinessProbe }) => readinessProbe?.initialDelaySeconds ?? 0);
  const delay = Math.max(0, ...delays);
  const parts = [
    status?.phase,
    condition && quote(condition.message ?? condition.reason),
    delay > 0 && `its readiness probe starts after ${delay} s`,
  ];
  return `pod ${metadata?.name}: ${parts.filter(Boolean).join(', ')}`;
}

/** A paused Deployment accepts a new template but does not roll it out. */
export function pausedFinding(snapshot: Snapshot): Finding | undefined {
  if (!snapshot.deployment.spec?.paused) return undefined;
  const headline = `Deployment ${nameOf(snapshot)} is paused (spec.paused), so no rollout proceeds`;
  const next = `kubectl ${flagOf(snapshot)} rollout resume deployment/${snapshot.deployment.metadata?.name}`;
  return { cause: 'deadline', headline, evidence: [], next, subject: {} };
}

/** The controller could not create the ReplicaSet, because of a quota on their number or a webhook. */
export function replicaSetError(snapshot: Snapshot): Finding[] {
  const condition = snapshot.deployment.status?.conditions?.find(({ type }) => type === 'Progressing');
  if (condition?.reason !== 'ReplicaSetCreateError') return [];
  return [{ ...refusal(condition.message ?? '', nameOf(snapshot), 'its new ReplicaSet is'), permanent: false }];
}

function nameOf({ deployment }: Snapshot): string {
  return `${deployment.metadata?.namespace ?? 'default'}/${deployment.metadata?.name ?? ''}`;
}

function flagOf({ deployment }: Snapshot): string {
  return `-n ${deployment.metadata?.namespace ?? 'default'}`;
}

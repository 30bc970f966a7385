/** Pods that fail because of their node: it is not ready, cannot create a sandbox, or evicts them. */
import type { V1Pod } from '#kubernetes';
import { conditionWords, type NodeState } from '../kubernetes/nodes.ts';
import { isReady } from '../kubernetes/snapshot.ts';
import { eventsOf, type Finding, lastEvent, type RolloutView, statusesOf, timesReported } from './finding.ts';
import { quote } from './text.ts';

export function nodeFindings(rollout: RolloutView): Finding[] {
  return [
    ...rollout.revision.pods.flatMap((pod) => [...sandbox(rollout, pod), ...lost(rollout, pod)]),
    ...evicted(rollout),
  ];
}

/** The node cannot create the pod's sandbox or network (on EKS: no free address in the subnet). */
function sandbox(rollout: RolloutView, pod: V1Pod): Finding[] {
  const statuses = statusesOf(pod);
  if (statuses.some(({ state, lastState }) => state?.running || state?.terminated || lastState?.terminated)) return [];
  const event = lastEvent(eventsOf(pod, rollout.revision), 'FailedCreatePodSandBox');
  if (
    !event ||
    statuses.some(
      ({ state }) =>
        state?.waiting && state.waiting.reason !== 'ContainerCreating' && state.waiting.reason !== 'PodInitializing',
    )
  )
    return [];
  const name = pod.metadata?.name ?? '';
  const node = pod.spec?.nodeName ?? '(unknown)';
  const isAddress = /assign an IP address/i.test(event.message ?? '');
  const finding: Finding = {
    cause: 'node-trouble',
    headline: `Deployment ${rollout.deployment}: node ${node} cannot set up pod ${name}: ${isAddress ? 'it has no free IP address' : 'its sandbox fails'}`,
    evidence: [`pod ${name}: "${quote(event.message)}"`],
    next: isAddress
      ? 'free addresses in the subnet of the node (aws ec2 describe-subnets, AvailableIpAddressCount), or turn on prefix delegation of the VPC CNI'
      : `kubectl describe node ${node}; if other pods fail there too: kubectl drain ${node} --ignore-daemonsets`,
    subject: { pod: name, node },
    attempts: timesReported(eventsOf(pod, rollout.revision), 'FailedCreatePodSandBox'),
  };
  return [finding];
}

/** No kubelet starts the pod or reports on it. */
function lost(rollout: RolloutView, pod: V1Pod): Finding[] {
  const node = pod.spec?.nodeName;
  if (node === undefined || isReady(pod) || pod.status?.phase === 'Failed') return [];
  const name = pod.metadata?.name ?? '';
  const state = rollout.snapshot.nodes?.find((each) => each.name === node);
  const found = (fields: Pick<Finding, 'headline' | 'evidence'> & Partial<Finding>): Finding[] => [
    {
      cause: 'node-trouble',
      next: `kubectl describe node ${node}; if it does not come back: kubectl delete node ${node}, its node group creates a new one`,
      subject: { pod: name, node },
      ...fields,
      headline: `Deployment ${rollout.deployment}: ${fields.headline}`,
    },
  ];
  if (state?.state === 'gone') {
    const headline = `node ${node} of pod ${name} is gone`;
    const evidence = [`pod ${name} is still bound to ${node}; the cluster deletes such pods and creates others`];
    return found({ headline, evidence, isHandled: true });
  }
  if (state?.state === 'there' && state.ready && state.ready.status !== 'True') {
    const headline = `node ${node} of pod ${name} is not ready: ${quote(state.ready.message, 200).replace(/\.$/, '') || state.ready.reason}`;
    return found({ headline, evidence: [`node ${node}: ${conditionWords(state.ready)}`], outdates: true });
  }
  const event = lastEvent(eventsOf(pod, rollout.revision), 'NodeNotReady');
  if (pod.status?.reason === 'NodeLost' || (event && !hasRecovered(state))) {
    const evidence = [`pod ${name}: "${quote(pod.status?.message ?? event?.message) || 'Node is not ready'}"`];
    return found({ headline: `node ${node} of pod ${name} is not ready`, evidence });
  }
  const boundAt = silentSince(rollout, pod);
  if (!boundAt) return [];
  const headline = `node ${node} does not pick up pod ${name}`;
  const evidence = [
    `pod ${name}: bound to ${node} at ${boundAt.toISOString()}, and its kubelet has not reported on it`,
  ];
  return found({ headline, evidence });
}

/** It has recovered; the old event stays for an hour. */
function hasRecovered(state: NodeState | undefined): boolean {
  return state?.state === 'there' && state.ready?.status === 'True';
}

// A kubelet reports on a pod within a second or two after it was bound, whatever work remains.
const silenceMs = 10_000;

/** When the pod was bound to a node whose kubelet has not reported on it. This needs no right to read nodes. */
function silentSince({ snapshot }: RolloutView, pod: V1Pod): Date | undefined {
  if (pod.status?.startTime || pod.status?.containerStatuses) return undefined;
  const bound = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'True');
  const at = bound?.lastTransitionTime;
  return at && snapshot.now.getTime() - at.getTime() >= silenceMs ? at : undefined;
}

/** Pods that a node evicted or rejected. Each is replaced, so one means little; two of a revision are a pattern. */
function evicted(rollout: RolloutView): Finding[] {
  const failed = rollout.revision.pods.filter(({ status }) => status?.phase === 'Failed' && status.reason);
  const last = failed.at(-1);
  if (!last) return [];
  const node = last.spec?.nodeName ?? '(unknown)';
  const finding: Finding = {
    cause: 'node-trouble',
    headline: `Deployment ${rollout.deployment}: a node evicted or rejected ${failed.length} of its new pods (${last.status?.reason}): ${quote(last.status?.message, 200)}`,
    evidence: failed
      .slice(-3)
      .map(({ metadata, status }) => `pod ${metadata?.name}: ${status?.reason}: "${quote(status?.message)}"`),
    next: `kubectl describe node ${node} (Conditions, Allocated resources); set resources.requests to what the service really uses`,
    // each is another pod with the same fault
    subject: { node },
    attempts: failed.length,
  };
  return [finding];
}

/** Pods whose node fails them: it is not ready, makes no sandbox, throws them out. */
import type { V1Pod } from '#kubernetes';
import { conditionWords, type NodeState } from '../deploy/nodes.ts';
import { isReady } from '../deploy/snapshot.ts';
import { eventsOf, type Finding, lastEvent, quote, type Scene, timesSaid } from './finding.ts';

export function nodeFindings(scene: Scene): Finding[] {
  return [...scene.revision.pods.flatMap((pod) => [...sandbox(scene, pod), ...lost(scene, pod)]), ...thrownOut(scene)];
}

/** The node has the pod but cannot make its network or its sandbox (on EKS: no free address in the subnet). */
function sandbox(scene: Scene, pod: V1Pod): Finding[] {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  if (statuses.some(({ state, lastState }) => state?.running || state?.terminated || lastState?.terminated)) return [];
  const event = lastEvent(eventsOf(pod, scene.revision), 'FailedCreatePodSandBox');
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
    headline: `Deployment ${scene.deployment}: node ${node} cannot set up pod ${name}: ${isAddress ? 'it has no free address' : 'its sandbox fails'}`,
    evidence: [`pod ${name}: "${quote(event.message)}"`],
    next: isAddress
      ? 'free addresses in the subnet of the node (aws ec2 describe-subnets, AvailableIpAddressCount), or turn on prefix delegation of the VPC CNI'
      : `kubectl describe node ${node}; if other pods fail there too: kubectl drain ${node} --ignore-daemonsets`,
    subject: { pod: name, node },
    permanent: false,
    attempts: timesSaid(eventsOf(pod, scene.revision), 'FailedCreatePodSandBox'),
  };
  return [finding];
}

/** Nobody is there to start the pod, or to say how it fares. */
function lost(scene: Scene, pod: V1Pod): Finding[] {
  const node = pod.spec?.nodeName;
  if (node === undefined || isReady(pod) || pod.status?.phase === 'Failed') return [];
  const name = pod.metadata?.name ?? '';
  const state = scene.snapshot.nodes?.find((each) => each.name === node);
  const found = (fields: Pick<Finding, 'headline' | 'evidence'> & Partial<Finding>): Finding[] => [
    {
      cause: 'node-trouble',
      next: `kubectl describe node ${node}; if it does not come back: kubectl delete node ${node}, its group makes a new one`,
      subject: { pod: name, node },
      permanent: false,
      ...fields,
      headline: `Deployment ${scene.deployment}: ${fields.headline}`,
    },
  ];
  if (state?.state === 'gone') {
    const headline = `node ${node} of pod ${name} is gone`;
    const evidence = [`pod ${name} is still bound to ${node}; the cluster deletes such pods and makes others`];
    return found({ headline, evidence, isHandled: true });
  }
  if (state?.state === 'there' && state.ready && state.ready.status !== 'True') {
    const headline = `node ${node} of pod ${name} is not ready: ${quote(state.ready.message, 200).replace(/\.$/, '') || state.ready.reason}`;
    return found({ headline, evidence: [`node ${node}: ${conditionWords(state.ready)}`], outdates: true });
  }
  const event = lastEvent(eventsOf(pod, scene.revision), 'NodeNotReady');
  if (pod.status?.reason === 'NodeLost' || (event && !isSound(state))) {
    const evidence = [`pod ${name}: "${quote(pod.status?.message ?? event?.message) || 'Node is not ready'}"`];
    return found({ headline: `node ${node} of pod ${name} is not ready`, evidence });
  }
  const boundAt = silentSince(scene, pod);
  if (!boundAt) return [];
  const headline = `node ${node} does not take up pod ${name}`;
  const evidence = [`pod ${name}: bound to ${node} at ${boundAt.toISOString()}, and its kubelet says nothing about it`];
  return found({ headline, evidence });
}

/** It blipped, and the event of that stays for an hour. */
function isSound(state: NodeState | undefined): boolean {
  return state?.state === 'there' && state.ready?.status === 'True';
}

// A kubelet reports on a pod within a second or two of its being bound, whatever it has still to do for it.
const silenceMs = 10_000;

/** When the pod was bound to a node whose kubelet has not reported on it. Seen without any right to look at nodes. */
function silentSince({ snapshot }: Scene, pod: V1Pod): Date | undefined {
  if (pod.status?.startTime || pod.status?.containerStatuses) return undefined;
  const bound = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'True');
  const at = bound?.lastTransitionTime;
  return at && snapshot.now.getTime() - at.getTime() >= silenceMs ? at : undefined;
}

/** Pods that a node has thrown out or refused. Each is replaced, so one alone says little: two of a revision are a pattern. */
function thrownOut(scene: Scene): Finding[] {
  const failed = scene.revision.pods.filter(({ status }) => status?.phase === 'Failed' && status.reason);
  const last = failed.at(-1);
  if (!last) return [];
  const node = last.spec?.nodeName ?? '(unknown)';
  const finding: Finding = {
    cause: 'node-trouble',
    headline: `Deployment ${scene.deployment}: ${failed.length} of its new pods thrown out by their node (${last.status?.reason}): ${quote(last.status?.message, 200)}`,
    evidence: failed
      .slice(-3)
      .map(({ metadata, status }) => `pod ${metadata?.name}: ${status?.reason}: "${quote(status?.message)}"`),
    next: `kubectl describe node ${node} (Conditions, Allocated resources); set resources.requests to what the service really uses`,
    // each is another pod: the fault is the same
    subject: { node },
    permanent: false,
    attempts: failed.length,
  };
  return [finding];
}

/** Pods that find no node, or whose node fails them. */
import type { V1Pod } from '#kubernetes';
import { eventCount, eventsOf, type Finding, lastEvent, quote, type Scene } from './finding.ts';

export function placementFindings(scene: Scene): Finding[] {
  return [
    ...scene.revision.pods.flatMap((pod) => [
      ...unschedulable(scene, pod),
      ...sandbox(scene, pod),
      ...nodeLost(scene, pod),
    ]),
    ...thrownOut(scene),
  ];
}

function unschedulable(scene: Scene, pod: V1Pod): Finding[] {
  const condition = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (!condition || (condition.reason !== 'Unschedulable' && condition.reason !== 'SchedulingGated')) return [];
  const events = eventsOf(pod, scene.revision);
  const name = pod.metadata?.name ?? '';
  const words = condition.message ?? lastEvent(events, 'FailedScheduling')?.message ?? '';
  const evidence = [`pod ${name}: "${quote(words)}"`];
  const claim = /persistentvolumeclaim "([^"]+)" (?:is being deleted|not found)/.exec(words)?.[1];
  if (claim !== undefined) {
    const finding: Finding = {
      cause: 'volume-mount',
      headline: `Deployment ${scene.deployment}: there is no PersistentVolumeClaim "${claim}", which its pods need`,
      evidence,
      next: `kubectl ${scene.flag} get pvc; create "${claim}" or correct the name in the pod template`,
      subject: { pod: name },
      permanent: false,
    };
    return [finding];
  }
  // Karpenter and the cluster autoscaler say when a node is on its way; then it is only a matter of time
  const coming = lastEvent(events, 'Nominated') ?? lastEvent(events, 'TriggeredScaleUp');
  const refused = lastEvent(events, 'NotTriggerScaleUp');
  if (coming) evidence.push(`${coming.reason}: "${quote(coming.message)}"`);
  else if (refused) evidence.push(`${refused.reason}: "${quote(refused.message)}"`);
  const finding: Finding = {
    cause: 'unschedulable',
    headline: `Deployment ${scene.deployment}: no node takes pod ${name}: ${quote(schedulerReason(words), 200)}`,
    evidence,
    next: schedulingAdvice(words),
    subject: { pod: name },
    permanent: false,
    isHandled: coming !== undefined,
  };
  return [finding];
}

/** "0/2 nodes are available: 1 Insufficient cpu, 1 Too many pods. preemption: ..." without the last part. */
function schedulerReason(words: string): string {
  return words.replace(/\. (preemption:|no new claims).*$/s, '') || 'the scheduler gives no reason';
}

function schedulingAdvice(words: string): string {
  const why = schedulerReason(words);
  if (/Insufficient/.test(why))
    return 'lower resources.requests in the pod template to what a node has free, or add a node (eksctl scale nodegroup)';
  if (/Too many pods/.test(why)) return 'add a node, or let nodes hold more pods (VPC CNI prefix delegation)';
  if (/taint/.test(why))
    return "kubectl get nodes -o custom-columns='NAME:.metadata.name,TAINTS:.spec.taints'; tolerate the taint or remove it";
  if (/affinity|selector/.test(why))
    return "kubectl get nodes --show-labels, and compare with the pod template's nodeSelector and affinity";
  if (/topology spread/.test(why))
    return 'add nodes in the zones that lack one, or set whenUnsatisfiable: ScheduleAnyway';
  return `kubectl get nodes -o wide; the scheduler's sentence says what each node lacks`;
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
    attempts: eventCount(event),
  };
  return [finding];
}

function nodeLost(scene: Scene, pod: V1Pod): Finding[] {
  const isLost =
    pod.status?.reason === 'NodeLost' || lastEvent(eventsOf(pod, scene.revision), 'NodeNotReady') !== undefined;
  const isReady = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  if (!isLost || isReady) return [];
  const name = pod.metadata?.name ?? '';
  const node = pod.spec?.nodeName ?? '(unknown)';
  const finding: Finding = {
    cause: 'node-trouble',
    headline: `Deployment ${scene.deployment}: node ${node} of pod ${name} is not ready`,
    evidence: [`pod ${name}: "${quote(pod.status?.message) || 'Node is not ready'}"`],
    next: `kubectl describe node ${node}; if it does not come back: kubectl delete node ${node}, its group makes a new one`,
    subject: { pod: name, node },
    permanent: false,
  };
  return [finding];
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

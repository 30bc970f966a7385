/** Pods that the scheduler cannot place on a node. */
import type { V1Pod } from '#kubernetes';
import { eventsOf, type Finding, lastEvent, type RolloutView } from './finding.ts';
import { quote } from './text.ts';

export function schedulingFindings(rollout: RolloutView): Finding[] {
  return rollout.revision.pods.flatMap((pod) => unschedulable(rollout, pod));
}

function unschedulable(rollout: RolloutView, pod: V1Pod): Finding[] {
  const condition = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (!condition || (condition.reason !== 'Unschedulable' && condition.reason !== 'SchedulingGated')) return [];
  const events = eventsOf(pod, rollout.revision);
  const name = pod.metadata?.name ?? '';
  const words = condition.message ?? lastEvent(events, 'FailedScheduling')?.message ?? '';
  const evidence = [`pod ${name}: "${quote(words)}"`];
  const claim = /persistentvolumeclaim "([^"]+)" (?:is being deleted|not found)/.exec(words)?.[1];
  if (claim !== undefined) {
    const finding: Finding = {
      cause: 'volume-mount',
      headline: `Deployment ${rollout.deployment}: there is no PersistentVolumeClaim "${claim}", which its pods need`,
      evidence,
      next: `kubectl ${rollout.flag} get pvc; create "${claim}" or correct the name in the pod template`,
      subject: { pod: name },
    };
    return [finding];
  }
  // Karpenter and the cluster autoscaler announce a new node; then it is only a matter of time
  const coming = lastEvent(events, 'Nominated') ?? lastEvent(events, 'TriggeredScaleUp');
  const refused = lastEvent(events, 'NotTriggerScaleUp');
  // A node that has just come is tainted until it is ready.
  const isStarting =
    /untolerated taint \{(node\.kubernetes\.io\/not-ready|node\.cloudprovider\.kubernetes\.io\/uninitialized|karpenter\.sh\/unregistered)/.test(
      words,
    );
  if (coming) evidence.push(`${coming.reason}: "${quote(coming.message)}"`);
  else if (refused) evidence.push(`${refused.reason}: "${quote(refused.message)}"`);
  const finding: Finding = {
    cause: 'unschedulable',
    headline: `Deployment ${rollout.deployment}: no node can run pod ${name}: ${quote(schedulerReason(words), 200)}`,
    evidence,
    next: schedulingAdvice(words),
    subject: { pod: name },
    isHandled: coming !== undefined || isStarting,
    needsRoom: /Insufficient|Too many pods|free ports/.test(words),
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
  return `kubectl get nodes -o wide; the scheduler's message says what each node lacks`;
}

/**
 * Which nodes may run a pod: its nodeSelector, its required node affinity, and the nodes' taints. What a node has free is left
 * to the scheduler.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/
 */
import type { V1Node, V1NodeSelectorRequirement, V1PodSpec, V1Taint, V1Toleration } from '#kubernetes';

export function mayRunOn(pod: V1PodSpec | undefined, node: V1Node): boolean {
  const labels = node.metadata?.labels ?? {};
  const isSelected = Object.entries(pod?.nodeSelector ?? {}).every(([label, value]) => labels[label] === value);
  const terms = pod?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const isNear =
    terms === undefined ||
    terms.some(({ matchExpressions = [], matchFields = [] }) => {
      // A term without any requirement matches no node.
      if (matchExpressions.length + matchFields.length === 0) return false;
      const names = { 'metadata.name': node.metadata?.name ?? '' };
      return matchExpressions.every((each) => holds(each, labels)) && matchFields.every((each) => holds(each, names));
    });
  const isTolerated = (node.spec?.taints ?? []).filter(isLasting).every((taint) => tolerates(pod?.tolerations, taint));
  return isSelected && isNear && isTolerated;
}

function holds({ key, operator, values = [] }: V1NodeSelectorRequirement, labels: Record<string, string>): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return Number(value) > Number(values[0]);
    case 'Lt':
      return Number(value) < Number(values[0]);
    default:
      return false;
  }
}

/** The cluster's own taints come and go with a node's condition. */
function isLasting({ key, effect }: V1Taint): boolean {
  return effect !== 'PreferNoSchedule' && !key.startsWith('node.kubernetes.io/');
}

function tolerates(tolerations: V1Toleration[] = [], taint: V1Taint): boolean {
  return tolerations.some(
    ({ key, operator = 'Equal', value = '', effect }) =>
      (!effect || effect === taint.effect) &&
      (key === undefined || key === '' ? operator === 'Exists' : key === taint.key) &&
      (operator === 'Exists' || value === (taint.value ?? '')),
  );
}

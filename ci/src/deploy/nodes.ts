/**
 * What the nodes say of themselves. A pod whose node dies before it was started gets no event and no condition: only the
 * node tells.
 */
import type { KubeConfig, V1NodeCondition } from '#kubernetes';
import { kubernetes } from '../kubernetes.ts';
import { describeError } from './api_error.ts';
import { withTimeout } from './retry.ts';

export type NodeState =
  /** `ready` is its condition of that name, which a node that was just made does not have. */
  | { name: string; state: 'there'; ready?: V1NodeCondition }
  | { name: string; state: 'gone' }
  /** Nodes belong to no namespace: whoever deploys to one may be forbidden to look (manifests/cluster/3-...). */
  | { name: string; state: 'unread'; why: string };

const answerMs = 3000;
const betweenMs = 5000;

/** Never throws. Asks for each by the right to list, which is the one that explaining a full cluster needs as well. */
export async function readNodeStates(kubeConfig: KubeConfig, names: string[]): Promise<NodeState[]> {
  const core = kubeConfig.makeApiClient(kubernetes().CoreV1Api);
  return await Promise.all(
    names.map(async (name): Promise<NodeState> => {
      try {
        const list = core.listNode({ fieldSelector: `metadata.name=${name}` });
        const [node] = (await withTimeout(list, answerMs)).items;
        if (!node) return { name, state: 'gone' };
        return { name, state: 'there', ready: node.status?.conditions?.find(({ type }) => type === 'Ready') };
      } catch (error) {
        return { name, state: 'unread', why: describeError(error) };
      }
    }),
  );
}

/** Answers at once what was seen last, and looks again every five seconds: a rollout must not wait for it. */
export function nodeLookout(kubeConfig: KubeConfig): (names: string[]) => NodeState[] {
  let known: NodeState[] = [];
  let nextAt = 0;
  return (names) => {
    if (names.length > 0 && Date.now() >= nextAt) {
      nextAt = Date.now() + betweenMs;
      readNodeStates(kubeConfig, names).then((states) => {
        known = states;
      });
    }
    return known.filter(({ name }) => names.includes(name));
  };
}

/** `Ready is Unknown since 2026-11-24T17:03:12.000Z (NodeStatusUnknown): Kubelet stopped posting node status.` */
export function conditionWords({ type, status, reason, message, lastTransitionTime }: V1NodeCondition): string {
  const since = lastTransitionTime ? ` since ${lastTransitionTime.toISOString()}` : '';
  return `${type} is ${status}${since}${reason ? ` (${reason})` : ''}${message ? `: ${message}` : ''}`;
}

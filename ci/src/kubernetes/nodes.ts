/**
 * The nodes' own state. A pod whose node dies before the pod starts gets no event and no condition: only the node tells.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig, V1NodeCondition, V1PodSpec } from '#kubernetes';
import { PipelineError } from '../errors.ts';
import { withTimeout } from '../timeout.ts';
import { clusterError, describeError } from './api_error.ts';
import { kubernetes } from './client.ts';
import { mayRunOn } from './placement.ts';

export type NodeState =
  /** `ready` is its condition of that name, which a new node does not have yet. */
  | { name: string; state: 'there'; ready?: V1NodeCondition }
  | { name: string; state: 'gone' }
  /** Nodes belong to no namespace, so a deployer may lack the right to list them. */
  | { name: string; state: 'unread'; why: string };

const answerMs = 3000;
const betweenMs = 5000;
const startingMs = 500;

/** Never throws. Reads each node by the right to list, which explaining a full cluster needs as well. */
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

/** A function that returns the last known states at once and reads again every five seconds: a rollout must not wait for it. */
export function nodeWatcher(kubeConfig: KubeConfig): (names: string[]) => NodeState[] {
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

/** Architectures of the nodes that may run the pod, each once: amd64, arm64. Throws as clusterError. */
export async function nodeArchitectures(kubeConfig: KubeConfig, pod?: V1PodSpec): Promise<string[]> {
  try {
    const { items } = await kubeConfig.makeApiClient(kubernetes().CoreV1Api).listNode();
    const fitting = items.filter((node) => mayRunOn(pod, node));
    return [...new Set(fitting.flatMap(({ status }) => status?.nodeInfo?.architecture ?? []))].sort();
  } catch (error) {
    throw clusterError(kubeConfig, error);
  }
}

/** Waits until a new cluster has a ready node. Throws CLUSTER_NOT_READY after `timeoutMs`. */
export async function waitForNode(kubeConfig: KubeConfig, timeoutMs = 180_000): Promise<void> {
  const core = kubeConfig.makeApiClient(kubernetes().CoreV1Api);
  const end = Date.now() + timeoutMs;
  let seen = 'it has no node yet';
  while (Date.now() < end) {
    try {
      const { items } = await core.listNode();
      const conditions = items.flatMap(({ status }) => status?.conditions ?? []).filter(({ type }) => type === 'Ready');
      if (conditions.some(({ status }) => status === 'True')) return;
      seen = conditions[0]?.message ?? seen;
    } catch (error) {
      seen = describeError(error);
    }
    await sleep(startingMs);
  }
  const server = kubeConfig.getCurrentCluster()?.server;
  const next = "read the cluster's own log";
  throw new PipelineError('CLUSTER_NOT_READY', `${server} has no ready node after ${timeoutMs / 1000} s`, {
    evidence: [seen],
    next,
  });
}

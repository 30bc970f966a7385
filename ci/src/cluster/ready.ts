/** A cluster that has just been started takes requests before it can run anything. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '#kubernetes';
import { PipelineError } from '../errors.ts';
import { kubernetes } from '../kubernetes.ts';

/** Milliseconds between two looks. */
const INTERVAL = 500;

/** Waits until a node is ready. Throws CLUSTER_NOT_READY after `patience` milliseconds. */
export async function nodeIsReady(kubeConfig: KubeConfig, patience = 180_000): Promise<void> {
  const core = kubeConfig.makeApiClient(kubernetes().CoreV1Api);
  const end = Date.now() + patience;
  let seen = 'it has no node yet';
  while (Date.now() < end) {
    try {
      const { items } = await core.listNode();
      const conditions = items.flatMap(({ status }) => status?.conditions ?? []).filter(({ type }) => type === 'Ready');
      if (conditions.some(({ status }) => status === 'True')) return;
      seen = conditions[0]?.message ?? seen;
    } catch (error) {
      seen = error instanceof Error ? error.message.split('\n')[0] : String(error);
    }
    await sleep(INTERVAL);
  }
  const server = kubeConfig.getCurrentCluster()?.server;
  throw new PipelineError('CLUSTER_NOT_READY', `${server} has no ready node after ${patience / 1000} s`, {
    evidence: [seen],
    next: 'see its own log',
  });
}

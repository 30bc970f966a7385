/** What the nodes can run. */
import type { KubeConfig } from '#kubernetes';
import { kubernetes } from '../kubernetes.ts';
import { clusterError } from './sign_in.ts';

/** Architectures of all nodes, each once: amd64, arm64. Throws as clusterError. */
export async function nodeArchitectures(kubeConfig: KubeConfig): Promise<string[]> {
  try {
    const { items } = await kubeConfig.makeApiClient(kubernetes().CoreV1Api).listNode();
    return [...new Set(items.flatMap(({ status }) => status?.nodeInfo?.architecture ?? []))].sort();
  } catch (error) {
    throw clusterError(kubeConfig, error);
  }
}

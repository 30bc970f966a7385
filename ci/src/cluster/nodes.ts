/** What the nodes can run. */
import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node';
import { clusterError } from './sign_in.ts';

/** Architectures of all nodes, each once: amd64, arm64. Throws as clusterError. */
export async function nodeArchitectures(kubeConfig: KubeConfig): Promise<string[]> {
  try {
    const { items } = await kubeConfig.makeApiClient(CoreV1Api).listNode();
    return [...new Set(items.flatMap(({ status }) => status?.nodeInfo?.architecture ?? []))].sort();
  } catch (error) {
    throw clusterError(kubeConfig, error);
  }
}

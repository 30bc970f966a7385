/** What a namespace holds before a scenario begins, and what is put there past the deployer. */

import type { Manifest } from '../../ci/src/deploy/manifest.ts';
import { apiOf } from './cluster/api.ts';
import type { Cluster } from './cluster.ts';
import type { Scenario } from './diagnosis_scenarios.ts';

/** A ResourceQuota "team" with these hard limits; a level of Pod Security; ConfigMaps by name. */
export async function post(
  { kubeconfig }: Cluster,
  namespace: string,
  { quota, podSecurity, configMap = {} }: Pick<Scenario, 'quota' | 'podSecurity' | 'configMap'>,
): Promise<void> {
  const api = apiOf(kubeconfig);
  const path = `/api/v1/namespaces/${namespace}`;
  if (quota) await made(api('POST', `${path}/resourcequotas`, { metadata: { name: 'team' }, spec: { hard: quota } }));
  for (const [name, data] of Object.entries(configMap))
    await made(api('POST', `${path}/configmaps`, { metadata: { name }, data }));
  if (podSecurity) {
    const labels = { 'pod-security.kubernetes.io/enforce': podSecurity };
    await made(api('PUT', path, { metadata: { name: namespace, labels } }));
  }
}

/** As kubectl would, without any of the deployer's checks. */
export async function applyByHand({ kubeconfig }: Cluster, namespace: string, manifests: Manifest[]): Promise<void> {
  const deployment = manifests.find(({ kind }) => kind === 'Deployment');
  await made(apiOf(kubeconfig)('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, deployment));
}

async function made(answer: Promise<{ status: number; body: string }>): Promise<void> {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(body);
}

/** What a namespace holds before a scenario begins, and what is put there past the deployer. */

import type { Manifest } from '../../ci/src/deploy/manifest.ts';
import { type Api, apiOf } from './cluster/api.ts';
import type { Cluster } from './cluster.ts';
import type { Scenario } from './diagnosis_scenarios.ts';

/** A ResourceQuota "team" with these hard limits; a level of Pod Security; ConfigMaps by name; a policy against pods of the host's network. */
export async function post(
  { kubeconfig }: Cluster,
  namespace: string,
  {
    quota,
    podSecurity,
    configMap = {},
    hasPolicy,
  }: Pick<Scenario, 'quota' | 'podSecurity' | 'configMap' | 'hasPolicy'>,
): Promise<void> {
  const api = apiOf(kubeconfig);
  const path = `/api/v1/namespaces/${namespace}`;
  if (quota) await made(api('POST', `${path}/resourcequotas`, { metadata: { name: 'team' }, spec: { hard: quota } }));
  for (const [name, data] of Object.entries(configMap))
    await made(api('POST', `${path}/configmaps`, { metadata: { name }, data }));
  if (hasPolicy) await forbidHostNetwork(api, namespace);
  if (podSecurity) {
    const labels = { 'pod-security.kubernetes.io/enforce': podSecurity };
    await made(api('PUT', path, { metadata: { name: namespace, labels } }));
  }
}

/** https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/ */
async function forbidHostNetwork(api: Api, namespace: string): Promise<void> {
  const path = '/apis/admissionregistration.k8s.io/v1';
  const metadata = { name: `no-host-network-${namespace}` };
  const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }];
  const validations = [
    { expression: '!has(object.spec.hostNetwork) || !object.spec.hostNetwork', message: 'no host network here' },
  ];
  const matchLabels = { 'kubernetes.io/metadata.name': namespace };
  const binding = {
    policyName: metadata.name,
    validationActions: ['Deny'],
    matchResources: { namespaceSelector: { matchLabels } },
  };
  const policy = { matchConstraints: { resourceRules }, validations };
  await made(api('POST', `${path}/validatingadmissionpolicies`, { metadata, spec: policy }));
  await made(api('POST', `${path}/validatingadmissionpolicybindings`, { metadata, spec: binding }));
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

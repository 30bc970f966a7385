/** Objects that exist before a scenario begins, and Deployments applied without the deployer. */

import type { Manifest } from '../../ci/src/deploy/manifest.ts';
import type { Webhook } from './admission_webhook.ts';
import { type Api, apiOf } from './cluster/api.ts';
import type { Cluster } from './cluster.ts';
import type { Scenario, WebhookUse } from './diagnosis_scenarios/scenario.ts';

type Objects = Pick<Scenario, 'quota' | 'podSecurity' | 'configMap' | 'hasPolicy' | 'webhook'>;

/**
 * A ResourceQuota "team" with these hard limits; a level of Pod Security; ConfigMaps by name; a policy or a webhook against
 * pods of the host's network.
 */
export async function createObjects(
  { kubeconfig }: Cluster,
  namespace: string,
  { quota, podSecurity, configMap = {}, hasPolicy, webhook }: Objects,
  server: Webhook,
): Promise<void> {
  const api = apiOf(kubeconfig);
  const path = `/api/v1/namespaces/${namespace}`;
  if (quota) await made(api('POST', `${path}/resourcequotas`, { metadata: { name: 'team' }, spec: { hard: quota } }));
  for (const [name, data] of Object.entries(configMap))
    await made(api('POST', `${path}/configmaps`, { metadata: { name }, data }));
  if (hasPolicy) await forbidHostNetwork(api, namespace);
  if (webhook) await register(api, namespace, webhook, server);
  if (podSecurity) {
    const labels = { 'pod-security.kubernetes.io/enforce': podSecurity };
    await made(api('PUT', path, { metadata: { name: namespace, labels } }));
  }
}

/** Deletes what belongs to no namespace. */
export async function deleteClusterObjects({ kubeconfig }: Cluster, namespace: string): Promise<void> {
  const api = apiOf(kubeconfig);
  for (const kind of [
    'validatingadmissionpolicybindings',
    'validatingadmissionpolicies',
    'validatingwebhookconfigurations',
  ])
    await api('DELETE', `${admission}/${kind}/${nameIn(namespace)}`);
}

const admission = '/apis/admissionregistration.k8s.io/v1';
const nameIn = (namespace: string) => `no-host-network-${namespace}`;

/** Checks only the release that should fail: the previous one must pass, also when it is rolled back to. */
async function register(api: Api, namespace: string, webhook: WebhookUse, server: Webhook): Promise<void> {
  const { of, answers } = webhook;
  const pod = of === 'pods' ? 'object.spec' : 'object.spec.template.spec';
  const apiGroups = of === 'pods' ? [''] : ['apps'];
  const url = answers ? server.url : server.deadUrl;
  const configuration = {
    name: 'no-host-network.webhook.test',
    clientConfig: { url, caBundle: server.caBundle },
    rules: [{ apiGroups, apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: [of] }],
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    matchConditions: [{ name: 'host-network', expression: `has(${pod}.hostNetwork) && ${pod}.hostNetwork` }],
    failurePolicy: 'Fail',
    sideEffects: 'None',
    timeoutSeconds: 5,
    admissionReviewVersions: ['v1'],
  };
  const metadata = { name: nameIn(namespace) };
  await made(api('POST', `${admission}/validatingwebhookconfigurations`, { metadata, webhooks: [configuration] }));
}

/** https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/ */
async function forbidHostNetwork(api: Api, namespace: string): Promise<void> {
  const metadata = { name: nameIn(namespace) };
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
  await made(api('POST', `${admission}/validatingadmissionpolicies`, { metadata, spec: policy }));
  await made(api('POST', `${admission}/validatingadmissionpolicybindings`, { metadata, spec: binding }));
}

/** As kubectl does, without the deployer's checks. */
export async function applyByHand({ kubeconfig }: Cluster, namespace: string, manifests: Manifest[]): Promise<void> {
  const deployment = manifests.find(({ kind }) => kind === 'Deployment');
  await made(apiOf(kubeconfig)('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, deployment));
}

async function made(answer: Promise<{ status: number; body: string }>): Promise<void> {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(body);
}

/** Who we are to the cluster, and what a deployer must be allowed to do there: asked before anything is changed. */
import type { KubeConfig } from '#kubernetes';
import { PipelineError } from '../errors.ts';
import { clusterError, withRetries } from '../kubernetes/api_error.ts';
import { kubernetes } from '../kubernetes/client.ts';
import { lockName } from './lock.ts';
import { recordName } from './record.ts';

export type SignedIn = { username: string; groups: string[] };

export type Right = {
  group: string;
  resource: string;
  subresource?: string;
  /** For this one object only. */
  name?: string;
  verbs: string[];
};

/**
 * In the Deployment's namespace. The rights to apply the other objects of a release (get, create, patch) come on top; the
 * dry-run checks those. Three more rights are useful but not required: `create` and `patch` on the pod `<deployment>-preflight`
 * to try the pod template beforehand, `get` on ConfigMaps and Secrets to check the references to them, `list nodes` to say what is wrong with a node.
 */
export function deployerRights(deployment: string): Right[] {
  return [
    { group: 'apps', resource: 'deployments', name: deployment, verbs: ['get', 'list', 'watch', 'create', 'patch'] },
    { group: 'apps', resource: 'replicasets', verbs: ['list', 'watch'] },
    { group: '', resource: 'pods', verbs: ['list', 'watch'] },
    { group: '', resource: 'events', verbs: ['list', 'watch', 'create'] },
    // The record of the last good release (record.ts), and the lock.
    { group: '', resource: 'configmaps', name: recordName(deployment), verbs: ['get', 'create', 'patch'] },
    { group: 'coordination.k8s.io', resource: 'leases', name: lockName(deployment), verbs: ['get', 'update'] },
    { group: 'coordination.k8s.io', resource: 'leases', verbs: ['create'] },
  ];
}

/** Our user name and groups as the API server sees them. Throws CLUSTER_401, CLUSTER_403, CLUSTER_UNREACHABLE, CLUSTER. */
export async function signedIn(kubeConfig: KubeConfig): Promise<SignedIn> {
  const api = kubeConfig.makeApiClient(kubernetes().AuthenticationV1Api);
  try {
    const { status } = await api.createSelfSubjectReview({
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    });
    return { username: status?.userInfo?.username ?? '', groups: status?.userInfo?.groups ?? [] };
  } catch (error) {
    throw clusterError(kubeConfig, error);
  }
}

/** The missing rights, one line per resource: `get, list deployments.apps`. Throws what the client throws, including a 401. */
export async function missingRights(kubeConfig: KubeConfig, namespace: string, rights: Right[]): Promise<string[]> {
  const api = kubeConfig.makeApiClient(kubernetes().AuthorizationV1Api);
  const lines = await Promise.all(
    rights.map(async ({ verbs, ...resource }) => {
      const answers = await Promise.all(
        verbs.map(async (verb) => {
          const body = { spec: { resourceAttributes: { namespace, ...resource, verb } } };
          const answer = await withRetries(() => api.createSelfSubjectAccessReview({ body }), 20);
          return answer.status?.allowed ?? false;
        }),
      );
      const denied = verbs.filter((_, index) => !answers[index]);
      return denied.length > 0 ? [`${denied.join(', ')} ${title(resource)}`] : [];
    }),
  );
  return lines.flat();
}

/** Throws NO_RIGHTS, and as clusterError. */
export async function checkRights(kubeConfig: KubeConfig, namespace: string, deployment: string): Promise<void> {
  let missing: string[];
  try {
    missing = await missingRights(kubeConfig, namespace, deployerRights(deployment));
  } catch (cause) {
    throw clusterError(kubeConfig, cause);
  }
  if (missing.length === 0) return;
  const next = 'ask an administrator for a Role with these rights, and check whom its RoleBinding names';
  const evidence = missing.map((right) => `missing: ${right}`);
  throw new PipelineError('NO_RIGHTS', `this user may not deploy to namespace ${namespace}`, { evidence, next });
}

function title({ group, resource, subresource, name }: Omit<Right, 'verbs'>): string {
  return `${resource}${subresource ? `/${subresource}` : ''}${group && `.${group}`}${name ? ` ${name}` : ''}`;
}

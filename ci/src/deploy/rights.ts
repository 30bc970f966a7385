/** What a deployer must be allowed to do, asked of the cluster before anything is changed. */
import type { KubeConfig } from '#kubernetes';
import { kubernetes } from '../kubernetes.ts';
import { patiently } from './retry.ts';

export type Right = {
  group: string;
  resource: string;
  /** Of one object alone. */
  name?: string;
  verbs: string[];
};

/**
 * In the Deployment's namespace. The rights to apply the other objects of a release (get, create, patch) come on top;
 * the dry-run asks for those. Without `create pods` the pod template is not tried beforehand, and without `get` on
 * ConfigMaps and Secrets the references to them are not; without `list` on nodes a verdict does not say what is wrong with
 * one: none of these is required.
 */
export const deployerRights = (record: string): Right[] => [
  { group: 'apps', resource: 'deployments', verbs: ['get', 'list', 'watch', 'create', 'patch'] },
  { group: 'apps', resource: 'replicasets', verbs: ['list', 'watch'] },
  { group: '', resource: 'pods', verbs: ['list', 'watch'] },
  { group: '', resource: 'events', verbs: ['list', 'watch', 'create'] },
  // The record of the last good release (record.ts), and the lock.
  { group: '', resource: 'configmaps', name: record, verbs: ['get', 'create', 'patch'] },
  { group: 'coordination.k8s.io', resource: 'leases', verbs: ['get', 'create', 'update'] },
];

/** The missing ones, one line a resource: `get, list deployments.apps`. Throws what the client throws, 401 among it. */
export async function missingRights(kubeConfig: KubeConfig, namespace: string, rights: Right[]): Promise<string[]> {
  const api = kubeConfig.makeApiClient(kubernetes().AuthorizationV1Api);
  const lines = await Promise.all(
    rights.map(async ({ verbs, ...resource }) => {
      const answers = await Promise.all(
        verbs.map(async (verb) => {
          const body = { spec: { resourceAttributes: { namespace, ...resource, verb } } };
          return (await patiently(() => api.createSelfSubjectAccessReview({ body }))).status?.allowed ?? false;
        }),
      );
      const denied = verbs.filter((_, index) => !answers[index]);
      return denied.length > 0 ? [`${denied.join(', ')} ${title(resource)}`] : [];
    }),
  );
  return lines.flat();
}

function title({ group, resource, name }: Omit<Right, 'verbs'>): string {
  return `${resource}${group && `.${group}`}${name ? ` ${name}` : ''}`;
}

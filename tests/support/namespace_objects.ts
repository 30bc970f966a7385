/** Every object of a namespace that a release may change, to compare before and after. */
import { annotations, type Manifest } from '../../ci/src/deploy/manifest.ts';
import type { Api } from './cluster/api.ts';

const kindsOf = {
  '/api/v1': ['services', 'configmaps', 'serviceaccounts', 'secrets', 'persistentvolumeclaims', 'resourcequotas'],
  '/apis/apps/v1': ['deployments'],
  '/apis/networking.k8s.io/v1': ['networkpolicies'],
  '/apis/autoscaling/v2': ['horizontalpodautoscalers'],
  '/apis/policy/v1': ['poddisruptionbudgets'],
};

/** By kind and name, without what only the cluster writes. */
export async function objectsIn(api: Api, namespace: string): Promise<Record<string, object>> {
  const found: Record<string, object> = {};
  for (const [group, kinds] of Object.entries(kindsOf)) {
    for (const kind of kinds) {
      const { items } = JSON.parse((await api('GET', `${group}/namespaces/${namespace}/${kind}`)).body);
      for (const item of items as Manifest[]) {
        const { name } = item.metadata;
        // Written by the deployer itself, or by a controller.
        if (kind === 'configmaps' && /-last-good$|kube-root-ca/.test(name)) continue;
        found[`${kind} ${name}`] = content(item);
      }
    }
  }
  return found;
}

/** Without what the cluster counts, and without the deployer's notes about the failure. */
function content({ metadata, ...rest }: Manifest): object {
  const { name, labels, annotations: all = {}, ownerReferences, finalizers } = metadata;
  const notes = new Set<string>([annotations.lastGood, annotations.lastFailure, annotations.despite]);
  const kept = Object.entries(all).filter(([note]) => !notes.has(note) && note !== 'deployment.kubernetes.io/revision');
  const { status: _, ...body } = rest as { status?: object };
  return { ...body, metadata: { name, labels, annotations: Object.fromEntries(kept), ownerReferences, finalizers } };
}

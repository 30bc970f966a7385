/**
 * Server-side apply: the deployer sends what it wants; the server merges it and remembers who owns each field.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
import type { KubeConfig, V1Deployment } from '#kubernetes';
import { withRetries } from '../kubernetes/api_error.ts';
import { kubernetes } from '../kubernetes/client.ts';
import type { DeploymentManifest, Manifest } from './manifest.ts';

export type Applier = {
  /** Returns the object as the server now has it. */
  apply: (object: Manifest) => Promise<Manifest>;
  /** Returns the object as the server would store it, without changing anything. */
  dryRun: (object: Manifest) => Promise<Manifest>;
};

/**
 * Wins conflicts with other field managers (force): the release decides about its fields. Retries without an answer; throws
 * what the client throws.
 */
export function makeApplier(kubeConfig: KubeConfig, fieldManager: string): Applier {
  const api = kubernetes().KubernetesObjectApi.makeApiClient(kubeConfig);
  const patch = (object: Manifest, dryRun: 'All' | undefined) =>
    withRetries(() =>
      // The client fills in a missing namespace, so it gets a copy.
      api.patch(
        structuredClone(object),
        undefined,
        dryRun,
        fieldManager,
        true,
        kubernetes().PatchStrategy.ServerSideApply,
      ),
    );
  return { apply: (object) => patch(object, undefined), dryRun: (object) => patch(object, 'All') };
}

/**
 * Paths in `wanted` that are missing from the server's answer because it does not know them. The client drops fields outside
 * its model before sending, so the server's own strict validation never sees a misspelt one.
 */
export function droppedFields(wanted: unknown, answer: unknown, path = ''): string[] {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(answer)) return isEmpty(wanted) ? [] : [path];
    return wanted.flatMap((item, index) => droppedFields(item, partner(item, index, answer), `${path}[${index}]`));
  }
  if (typeof wanted !== 'object' || wanted === null) return [];
  if (typeof answer !== 'object' || answer === null) return isEmpty(wanted) ? [] : [path];
  const known = new Map(Object.entries(answer));
  return Object.entries(wanted).flatMap(([key, value]) => {
    const inner = path === '' ? key : `${path}.${key}`;
    if (known.get(key) !== undefined) return droppedFields(value, known.get(key), inner);
    return isEmpty(value) ? [] : [inner];
  });
}

/**
 * The Deployment to apply if an autoscaler owns the number of replicas: without that number. Leaving out a field that only we
 * own would reset it to its default (1), so another field manager first takes over the current number, as the page about
 * server-side apply describes ("Transferring ownership"). A first deployment keeps its number.
 */
export async function leaveReplicas(
  kubeConfig: KubeConfig,
  fieldManager: string,
  wanted: DeploymentManifest,
  live: V1Deployment | undefined,
): Promise<DeploymentManifest> {
  if (live?.spec?.replicas === undefined || wanted.spec === undefined) return wanted;
  if (ownsReplicas(live, fieldManager)) {
    const { name, namespace } = wanted.metadata;
    const transferred = {
      apiVersion: wanted.apiVersion,
      kind: wanted.kind,
      metadata: { name, namespace },
      spec: { replicas: live.spec.replicas },
    };
    await makeApplier(kubeConfig, `${fieldManager}-replicas`).apply(transferred);
  }
  const { replicas: _, ...spec } = wanted.spec;
  return { ...wanted, spec };
}

function ownsReplicas(live: V1Deployment, fieldManager: string): boolean {
  const entry = live.metadata?.managedFields?.find(
    ({ manager, operation }) => manager === fieldManager && operation === 'Apply',
  );
  const fields = entry?.fieldsV1 as { 'f:spec'?: Record<string, unknown> } | undefined;
  return fields?.['f:spec']?.['f:replicas'] !== undefined;
}

/** The server may return a merged list in another order, so items with a name are compared by name. */
function partner(item: unknown, index: number, answer: unknown[]): unknown {
  const name = nameOf(item);
  return name === undefined ? answer[index] : answer.find((other) => nameOf(other) === name);
}

function nameOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'name' in value ? value.name : undefined;
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '' || value === false || value === 0) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

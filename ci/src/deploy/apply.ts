/**
 * Server-side apply: the deployer sends what it wants; the server merges it and remembers who owns each field.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
import type { KubeConfig, V1Deployment } from '#kubernetes';
import { withRetries } from '../kubernetes/api_error.ts';
import { type Manifest, objectsOf } from '../kubernetes/objects.ts';
import type { DeploymentManifest } from './manifest.ts';

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
  const objects = objectsOf(kubeConfig);
  return {
    apply: (object) => withRetries(() => objects.apply(object, { fieldManager })),
    dryRun: (object) => withRetries(() => objects.apply(object, { fieldManager, dryRun: true })),
  };
}

/** The fields that the server's schema does not have, from its refusal of an apply. */
export function undeclaredFields(message: string): string[] {
  return message.split('\n').flatMap((line) => {
    const end = line.indexOf(': field not declared in schema');
    if (end < 0) return [];
    const path = line.slice(line.lastIndexOf(' ', end - 1) + 1, end);
    return [path.replace(/^\./, '')];
  });
}

/** What makes an item of a list the same item: https://kubernetes.io/docs/reference/kubernetes-api/ ("patch merge key"). */
const mergeKeys = new Map([
  ['volumeMounts', ['mountPath']],
  ['volumeDevices', ['devicePath']],
  ['ports', ['containerPort', 'port', 'protocol']],
  ['hostAliases', ['ip']],
  ['topologySpreadConstraints', ['topologyKey', 'whenUnsatisfiable']],
  ['ownerReferences', ['uid']],
]);

// What the server fills in for a key that the manifest leaves out.
const keyDefaults: Record<string, unknown> = { protocol: 'TCP', whenUnsatisfiable: 'DoNotSchedule' };

/** Paths in `wanted` that are missing from the server's answer: a webhook took them out. */
export function droppedFields(wanted: unknown, answer: unknown, path = ''): string[] {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(answer)) return isEmpty(wanted) ? [] : [path];
    const keys = mergeKeys.get(path.slice(path.lastIndexOf('.') + 1)) ?? ['name'];
    return wanted.flatMap((item, index) =>
      droppedFields(item, partner(item, index, answer, keys), `${path}[${index}]`),
    );
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

/** The same item of the server's list, whose order may differ. */
function partner(item: unknown, index: number, answer: unknown[], keys: string[]): unknown {
  const id = identity(item, keys);
  return id === undefined ? answer[index] : answer.find((other) => identity(other, keys) === id);
}

/** Undefined for a plain value, and for an item that has none of the keys. */
function identity(item: unknown, keys: string[]): string | undefined {
  if (typeof item !== 'object' || item === null || !keys.some((key) => key in item)) return undefined;
  const values: Record<string, unknown> = { ...keyDefaults, ...item };
  return JSON.stringify(keys.map((key) => values[key] ?? null));
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '' || value === false || value === 0) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
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

/**
 * One pod of the new revision first: it takes its share of the Service's requests beside all old pods, is compared with them on
 * the same minutes, and then the rest follows or it goes away. The Deployment's own pause holds the others back, so nothing but
 * the Deployment is needed.
 * https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pausing-and-resuming-a-deployment
 */
import type { KubeConfig, V1Deployment } from '#kubernetes';
import { makeApplier } from './apply.ts';
import type { DeploymentManifest } from './manifest.ts';

/** A manager of its own: whoever pauses for another reason is not overruled. */
export function canaryManager(fieldManager: string): string {
  return `${fieldManager}-canary`;
}

// Until the first pod counts as available no second one comes, and by then the Deployment is paused.
const holdSeconds = 30;

/** The same pods, one more at a time and none less. */
export function oneFirst(deployment: DeploymentManifest): DeploymentManifest {
  const { spec } = deployment;
  if (!spec) return deployment;
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
  const minReadySeconds = Math.max(spec.minReadySeconds ?? 0, holdSeconds);
  return { ...deployment, spec: { ...spec, strategy, minReadySeconds } };
}

/** Returns the Deployment as the server has it. */
export async function setPaused(
  kubeConfig: KubeConfig,
  fieldManager: string,
  { apiVersion, kind, metadata: { name, namespace } }: DeploymentManifest,
  isPaused: boolean,
): Promise<V1Deployment> {
  const object = { apiVersion, kind, metadata: { name, namespace } };
  // Without the field, what this manager alone owns is removed.
  const wanted = isPaused ? { ...object, spec: { paused: true } } : object;
  return await makeApplier(kubeConfig, canaryManager(fieldManager)).apply(wanted);
}

/** Whether it is paused by a canary whose deployer was killed, and by nobody else. */
export function isPausedByCanary(deployment: V1Deployment | undefined, fieldManager: string): boolean {
  const owners = (deployment?.metadata?.managedFields ?? []).filter(({ fieldsV1 }) => {
    const fields = fieldsV1 as { 'f:spec'?: Record<string, unknown> } | undefined;
    return fields?.['f:spec']?.['f:paused'] !== undefined;
  });
  return owners.length > 0 && owners.every(({ manager }) => manager === canaryManager(fieldManager));
}

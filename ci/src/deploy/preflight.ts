/** The checks before anything is changed. Each throws a PipelineError: the deployment is refused. */
import type { KubeConfig, V1Deployment, V1PodSpec, V1PodTemplateSpec } from '#kubernetes';
import { judgeAdmission } from '../diagnosis/creation.ts';
import { architectureAdvice } from '../diagnosis/image.ts';
import { PipelineError } from '../errors.ts';
import type { ExplainImage } from '../image_name.ts';
import {
  apiError,
  describeError,
  isDeniedByRbac,
  isForbidden,
  isNotFound,
  withRetries,
} from '../kubernetes/api_error.ts';
import { kubernetes } from '../kubernetes/client.ts';
import type { Objects } from '../kubernetes/objects.ts';
import { type Applier, droppedFields, undeclaredFields } from './apply.ts';
import type { Manifest, Release } from './manifest.ts';

/** An object that the pod template names. */
export type Reference = {
  kind: 'ConfigMap' | 'Secret' | 'PersistentVolumeClaim' | 'ServiceAccount';
  name: string;
  /** Of a ConfigMap or Secret; undefined: the whole object. */
  key?: string;
  /** Where the template names it. */
  from: string;
};

/** Throws NAMESPACE if the namespace does not exist and the release does not contain it. */
export async function ensureNamespace(kubeConfig: KubeConfig, applier: Applier, release: Release): Promise<void> {
  const { namespace, objects } = release;
  const core = kubeConfig.makeApiClient(kubernetes().CoreV1Api);
  try {
    await withRetries(() => core.readNamespace({ name: namespace }));
    return;
  } catch (error) {
    // Without the right to read it, continue: the dry-run finds a missing namespace.
    if (isForbidden(error)) return;
    if (!isNotFound(error)) throw error;
  }
  const own = objects.find(({ kind, metadata }) => kind === 'Namespace' && metadata.name === namespace);
  const next = `have an administrator create it: kubectl create namespace ${namespace}; or add it to the manifests`;
  if (!own) throw new PipelineError('NAMESPACE', `the namespace ${namespace} does not exist`, { next });
  try {
    await applier.apply(own);
  } catch (cause) {
    const headline = `the namespace ${namespace} cannot be created: ${describeError(cause)}`;
    throw new PipelineError('NAMESPACE', headline, { next, cause });
  }
}

/**
 * Throws IMAGE_NOT_FOUND if the registry is known not to hold the image, IMAGE_ARCHITECTURE if no node that may run its pods
 * can run it. A registry that does not let us look is no reason to refuse.
 */
export async function checkImage(image: string, explainImage: ExplainImage, pod: V1PodSpec | undefined): Promise<void> {
  const { differences, nearest, evidence, next, isKnown } = await explainImage(image, pod);
  const architecture = differences.find(({ part }) => part === 'architecture');
  if (architecture) {
    const { found, expected } = architecture;
    const headline = `${image} is built for ${found}, and the nodes that may run its pods are ${expected}`;
    throw new PipelineError('IMAGE_ARCHITECTURE', headline, { evidence, next: next ?? architectureAdvice });
  }
  if (differences.length === 0 || !isKnown) return;
  const parts = differences.map(
    ({ part, found, expected }) => `${part}: the image name has "${found}", the registry has "${expected}"`,
  );
  throw new PipelineError('IMAGE_NOT_FOUND', `the registry does not have ${image}`, {
    evidence: [...(nearest ? [`nearest that exists: ${nearest}`] : []), ...parts, ...evidence],
    next: next ?? 'publish the image, or deploy one that exists',
  });
}

/**
 * Throws NOTHING_RUNS for a Deployment that would start no pod of this release: nothing would show that it can run. `wanted` is
 * the dry run's answer; a canary whose deployer was killed leaves a pause of our own, which the release ends.
 */
export function checkThatItRuns(
  { namespace, name }: Release,
  wanted: V1Deployment | undefined,
  isOurPause: boolean,
): void {
  const target = `kubectl -n ${namespace}`;
  const { replicas = 1, paused } = wanted?.spec ?? {};
  const refuse = (why: string, next: string) => {
    throw new PipelineError('NOTHING_RUNS', `${why}, so nothing would show that this release can run`, { next });
  };
  if (paused && !isOurPause)
    refuse(`Deployment ${namespace}/${name} is paused`, `${target} rollout resume deployment/${name}`);
  if (replicas === 0)
    refuse(
      `Deployment ${namespace}/${name} has 0 replicas`,
      `${target} scale deployment/${name} --replicas=1, then deploy`,
    );
}

/** Throws MISSING_REFERENCE for an object that is neither in the cluster nor in the release. Skips objects that we may not read. */
export async function checkReferences(
  kubeConfig: KubeConfig,
  { namespace, objects, deployment }: Release,
): Promise<void> {
  const api = kubernetes().KubernetesObjectApi.makeApiClient(kubeConfig);
  const missing = await Promise.all(referencesOf(deployment.spec?.template.spec).map(whyMissing));
  const evidence = missing.filter((line) => line !== undefined);
  if (evidence.length === 0) return;
  const headline = `the pods of ${namespace}/${deployment.metadata?.name} would wait for objects that do not exist`;
  const next = 'create them in the namespace, or correct the name in the manifest';
  throw new PipelineError('MISSING_REFERENCE', headline, { evidence, next });

  async function whyMissing({ kind, name, key, from }: Reference): Promise<string | undefined> {
    const own = objects.find((object) => object.kind === kind && object.metadata.name === name);
    const header = { apiVersion: 'v1', kind, metadata: { name, namespace } };
    try {
      const found = own ?? (await withRetries(() => api.read(header)));
      if (key === undefined || keysOf(found).includes(key)) return undefined;
      return `${kind} ${name} has no key "${key}" (${from})`;
    } catch (error) {
      if (isNotFound(error)) return `${kind} ${name} does not exist (${from})`;
      if (isForbidden(error)) return undefined;
      throw error;
    }
  }
}

/**
 * The object as the cluster would store it, and what admission took out of it. Throws NOT_ADMITTED and UNKNOWN_FIELD.
 */
export async function dryRun(
  applier: Applier,
  { namespace, name }: Release,
  object: Manifest,
): Promise<{ preview: Manifest; dropped: string[] }> {
  const title = `${object.kind} ${object.metadata.name}`;
  const preview = await applier.dryRun(object).catch((cause) => {
    // Without an answer, the server has not refused the object.
    const api = apiError(cause);
    if (!api) throw cause;
    const unknown = undeclaredFields(api.message);
    if (unknown.length > 0) {
      const next =
        'look for a misspelt name or wrong indentation, or for a field that this version of Kubernetes lacks';
      throw new PipelineError('UNKNOWN_FIELD', `unknown field ${unknown.join(', ')} in ${title}`, { next, cause });
    }
    const what = object.kind === 'Deployment' ? 'it is' : `${title} is`;
    throw notAdmitted(cause, `${namespace}/${name}`, what, {
      headline: `the cluster does not admit ${title}`,
      next: isDeniedByRbac(cause) ? 'ask an administrator to apply it or to grant the right' : 'correct the manifest',
    });
  });
  return { preview, dropped: object.kind === 'Secret' ? [] : droppedFields(object, preview) };
}

/** The objects that name no namespace get this one, unless their kind belongs to none. */
export async function inNamespace(
  objects: Objects,
  manifests: Manifest[],
  namespace: string | undefined,
): Promise<Manifest[]> {
  if (namespace === undefined) return manifests;
  return await Promise.all(
    manifests.map(async (object) => {
      const isGiven = object.metadata.namespace !== undefined || !(await objects.isNamespaced(object));
      return isGiven ? object : { ...object, metadata: { ...object.metadata, namespace } };
    }),
  );
}

/**
 * Dry-runs one pod of the template: quotas, admission webhooks and pod security check pods only when they are created, after
 * the rollout has begun. Has a fixed name, so that a Role can allow this one pod. Passes without that right. Throws NOT_ADMITTED.
 */
export async function dryRunPod(applier: Applier, release: Release, template: V1PodTemplateSpec): Promise<void> {
  const { namespace, name, objects } = release;
  const account = template.spec?.serviceAccountName;
  const isOwnAccount = objects.some(({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name === account);
  const { labels, annotations } = template.metadata ?? {};
  const metadata = { name: `${name}-preflight`, namespace, labels, annotations };
  try {
    await applier.dryRun({ apiVersion: 'v1', kind: 'Pod', metadata, ...{ spec: template.spec } });
  } catch (cause) {
    if (!apiError(cause) || isDeniedByRbac(cause)) return;
    // The release contains the account, which has not been applied yet.
    if (
      isOwnAccount &&
      /service account .{0,300} not found|error looking up service account/.test(describeError(cause))
    )
      return;
    throw notAdmitted(cause, `${namespace}/${name}`, 'its pods are', {
      headline: `the cluster admits no pod of ${namespace}/${name}`,
      next: 'fix what the message names: the cluster would refuse every pod of this release',
    });
  }
}

/** In the words of the diagnosis, if it knows that kind of refusal. */
function notAdmitted(
  cause: unknown,
  name: string,
  what: string,
  otherwise: { headline: string; next: string },
): PipelineError {
  const evidence = [describeError(cause)];
  const api = isDeniedByRbac(cause) ? undefined : apiError(cause);
  const verdict = api && judgeAdmission(api, name, what);
  if (!verdict) return new PipelineError('NOT_ADMITTED', otherwise.headline, { evidence, next: otherwise.next, cause });
  const next = `${verdict.next}\n  more: ${verdict.runbook}`;
  return new PipelineError('NOT_ADMITTED', verdict.headline, { evidence, next, cause });
}

function keysOf(object: object): string[] {
  const { data, binaryData, stringData } = object as Record<'data' | 'binaryData' | 'stringData', object | undefined>;
  return [data, binaryData, stringData].flatMap((part) => Object.keys(part ?? {}));
}

/** Everything that must exist before a pod can start; optional references are left out. */
export function referencesOf(spec: V1PodSpec | undefined): Reference[] {
  if (!spec) return [];
  return [...fromContainers(spec), ...fromVolumes(spec), ...fromAccount(spec)];
}

function fromContainers(spec: V1PodSpec): Reference[] {
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  return containers.flatMap((container) => {
    const variables = (container.env ?? []).flatMap(({ name, valueFrom }) => {
      const from = `env ${name} of container ${container.name}`;
      return [
        ...required('ConfigMap', valueFrom?.configMapKeyRef, from),
        ...required('Secret', valueFrom?.secretKeyRef, from),
      ];
    });
    const groups = (container.envFrom ?? []).flatMap(({ configMapRef, secretRef }) => {
      const from = `envFrom of container ${container.name}`;
      return [...required('ConfigMap', configMapRef, from), ...required('Secret', secretRef, from)];
    });
    return [...variables, ...groups];
  });
}

function fromVolumes(spec: V1PodSpec): Reference[] {
  return (spec.volumes ?? []).flatMap(({ name, configMap, secret, projected, persistentVolumeClaim }) => {
    const from = `volume ${name}`;
    const projections = (projected?.sources ?? []).flatMap((source) => [
      ...required('ConfigMap', source.configMap, from),
      ...required('Secret', source.secret, from),
    ]);
    return [
      ...required('ConfigMap', configMap, from),
      ...required('Secret', secret && { name: secret.secretName, optional: secret.optional }, from),
      ...required('PersistentVolumeClaim', persistentVolumeClaim && { name: persistentVolumeClaim.claimName }, from),
      ...projections,
    ];
  });
}

function fromAccount({ serviceAccountName }: V1PodSpec): Reference[] {
  return required(
    'ServiceAccount',
    serviceAccountName ? { name: serviceAccountName } : undefined,
    'serviceAccountName',
  );
}

function required(
  kind: Reference['kind'],
  reference: { name?: string; key?: string; optional?: boolean } | undefined,
  from: string,
): Reference[] {
  if (!reference?.name || reference.optional) return [];
  return [{ kind, name: reference.name, from, ...(reference.key ? { key: reference.key } : {}) }];
}

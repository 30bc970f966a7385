/** What is looked at before anything is changed. Each check throws a PipelineError: the deployment is refused. */
import type { KubeConfig, V1Deployment, V1PodTemplateSpec } from '#kubernetes';
import { judgeAdmission } from '../diagnosis/creation.ts';
import { PipelineError } from '../errors.ts';
import type { ExplainImage } from '../image/explanation.ts';
import { kubernetes } from '../kubernetes.ts';
import { apiError, describeError, isDeniedByRbac, isForbidden, isNotFound } from './api_error.ts';
import { type Applier, droppedFields } from './apply.ts';
import type { Manifest, Release } from './manifest.ts';
import { type Reference, referencesOf } from './references.ts';
import { patiently } from './retry.ts';

/** Throws NAMESPACE where there is none and the release brings none along. */
export async function ensureNamespace(kubeConfig: KubeConfig, applier: Applier, release: Release): Promise<void> {
  const { namespace, objects } = release;
  const core = kubeConfig.makeApiClient(kubernetes().CoreV1Api);
  try {
    await patiently(() => core.readNamespace({ name: namespace }));
    return;
  } catch (error) {
    // Who may not look goes on: a missing namespace shows in the dry-run.
    if (isForbidden(error)) return;
    if (!isNotFound(error)) throw error;
  }
  const own = objects.find(({ kind, metadata }) => kind === 'Namespace' && metadata.name === namespace);
  const next = 'have an administrator apply manifests/cluster first';
  if (!own) throw new PipelineError('NAMESPACE', `there is no namespace ${namespace}`, { next });
  try {
    await applier.apply(own);
  } catch (cause) {
    const headline = `the namespace ${namespace} cannot be made: ${describeError(cause)}`;
    throw new PipelineError('NAMESPACE', headline, { next, cause });
  }
}

/** Throws IMAGE_NOT_FOUND where the registry is known not to hold the image. */
export async function checkImage(image: string, explainImage: ExplainImage): Promise<void> {
  const { differences, nearest, evidence, next } = await explainImage(image);
  if (differences.length === 0) return;
  const parts = differences.map(
    ({ part, found, expected }) => `${part}: "${found}" is asked for, "${expected}" is there`,
  );
  throw new PipelineError('IMAGE_NOT_FOUND', `the registry does not hold ${image}`, {
    evidence: [...(nearest ? [`nearest that exists: ${nearest}`] : []), ...parts, ...evidence],
    next: next ?? 'publish the image, or deploy one that is there',
  });
}

/** Throws MISSING_REFERENCE for what is neither in the cluster nor in the release. What may not be read is let pass. */
export async function checkReferences(
  kubeConfig: KubeConfig,
  { namespace, objects, deployment }: Release,
): Promise<void> {
  const api = kubernetes().KubernetesObjectApi.makeApiClient(kubeConfig);
  const missing = await Promise.all(podReferences(deployment).map(whyMissing));
  const evidence = missing.filter((line) => line !== undefined);
  if (evidence.length === 0) return;
  const headline = `the pods of ${namespace}/${deployment.metadata?.name} would wait for what is not there`;
  const next = 'create it in the namespace, or mend the name in the manifest';
  throw new PipelineError('MISSING_REFERENCE', headline, { evidence, next });

  async function whyMissing({ kind, name, key, from }: Reference): Promise<string | undefined> {
    const own = objects.find((object) => object.kind === kind && object.metadata.name === name);
    const header = { apiVersion: 'v1', kind, metadata: { name, namespace } };
    try {
      const found = own ?? (await patiently(() => api.read(header)));
      if (key === undefined || keysOf(found).includes(key)) return undefined;
      return `${kind} ${name} has no key "${key}" (${from})`;
    } catch (error) {
      if (isNotFound(error)) return `${kind} ${name} does not exist (${from})`;
      if (isForbidden(error)) return undefined;
      throw error;
    }
  }
}

/** The objects as they would be. Throws NOT_ADMITTED and UNKNOWN_FIELD. */
export async function dryRun(applier: Applier, { namespace, name }: Release, objects: Manifest[]): Promise<Manifest[]> {
  return await Promise.all(
    objects.map(async (object) => {
      const title = `${object.kind} ${object.metadata.name}`;
      const answer = await applier.dryRun(object).catch((cause) => {
        // Without an answer it is no refusal of the object.
        if (!apiError(cause)) throw cause;
        const what = object.kind === 'Deployment' ? 'it is' : `${title} is`;
        throw notAdmitted(cause, `${namespace}/${name}`, what, {
          headline: `the cluster does not admit ${title}`,
          next: isDeniedByRbac(cause) ? 'have an administrator apply it or grant the right' : 'mend the manifest',
        });
      });
      const dropped = object.kind === 'Secret' ? [] : droppedFields(object, answer);
      if (dropped.length === 0) return answer;
      const next = 'look for a misspelt name or a wrong indentation';
      throw new PipelineError('UNKNOWN_FIELD', `Kubernetes knows no field ${dropped.join(', ')} in ${title}`, { next });
    }),
  );
}

/**
 * Tries one pod of the template: quotas, admission webhooks and pod security speak only when pods are made, which is
 * after the rollout began. Needs the right to create pods, and passes without it. Throws NOT_ADMITTED.
 */
export async function dryRunPod(kubeConfig: KubeConfig, release: Release, template: V1PodTemplateSpec): Promise<void> {
  const { namespace, name, objects } = release;
  const core = kubeConfig.makeApiClient(kubernetes().CoreV1Api);
  const account = template.spec?.serviceAccountName;
  const isOwnAccount = objects.some(({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name === account);
  const metadata = { ...template.metadata, generateName: `${name}-preflight-`, name: undefined, namespace };
  try {
    await patiently(() =>
      core.createNamespacedPod({ namespace, body: { metadata, spec: template.spec }, dryRun: 'All' }),
    );
  } catch (cause) {
    if (!apiError(cause) || isDeniedByRbac(cause)) return;
    // The release itself brings the account along, but nothing of it is there yet.
    if (isOwnAccount && /service account .* not found|error looking up service account/.test(describeError(cause)))
      return;
    throw notAdmitted(cause, `${namespace}/${name}`, 'its pods are', {
      headline: `the cluster admits no pod of ${namespace}/${name}`,
      next: 'mend what the message names: the cluster would refuse every pod of this release',
    });
  }
}

/** In the words of the diagnosis, where it knows that kind of refusal. */
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

function podReferences(deployment: V1Deployment): Reference[] {
  const spec = deployment.spec?.template.spec;
  return spec ? referencesOf(spec) : [];
}

function keysOf(object: object): string[] {
  const { data, binaryData, stringData } = object as Record<'data' | 'binaryData' | 'stringData', object | undefined>;
  return [data, binaryData, stringData].flatMap((part) => Object.keys(part ?? {}));
}

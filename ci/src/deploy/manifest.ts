/** The Kubernetes objects of a release: read from a folder, completed with the image and the release's annotations. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import type { V1Deployment } from '#kubernetes';
import { PipelineError } from '../errors.ts';
import type { Manifest } from '../kubernetes/objects.ts';

export type { Manifest } from '../kubernetes/objects.ts';

export type DeploymentManifest = V1Deployment & Manifest;

/** What a release adds to the manifests; files never contain it. */
export type ReleaseFacts = {
  /** The Deployment that is followed; default: the manifests' only one. Others are applied and not followed. */
  name?: string;
  /** By digest: `registry/repository@sha256:...`. */
  image: string;
  /** The container that runs it; default: the Deployment's only one. */
  container?: string;
  commit?: string;
  modelVersion?: string;
};

export type Release = {
  namespace: string;
  name: string;
  /** In the order in which they are applied, the Deployment included. */
  objects: Manifest[];
  deployment: DeploymentManifest;
};

/** Prefix of our own annotations, and the owner of the fields that are applied. */
export const ours = 'explained-rollout';

export const annotations = {
  changeCause: 'kubernetes.io/change-cause',
  commit: `${ours}/commit`,
  modelVersion: `${ours}/model-version`,
  /** The ReplicaSet of the last good revision. */
  lastGood: `${ours}/last-good-replicaset`,
  /** Why the last rollout failed, as JSON; cleared by the next that succeeds. */
  lastFailure: `${ours}/last-failure`,
  /** Refusals that the last good release passed, and why. */
  despite: `${ours}/despite`,
} as const;

// Dependencies come first: a pod is refused while its ServiceAccount or namespace is missing, and gets the gate of a balancer
// only if that is there before it.
const order = [
  'Namespace',
  'ResourceQuota',
  'LimitRange',
  'PriorityClass',
  'ServiceAccount',
  'Role',
  'RoleBinding',
  'Secret',
  'ConfigMap',
  'PersistentVolumeClaim',
  'Service',
  'Ingress',
  'Deployment',
  'HorizontalPodAutoscaler',
  'PodDisruptionBudget',
  'NetworkPolicy',
];

/**
 * All objects of the *.yaml and *.yml files directly inside the folder, or what kubectl makes of its kustomization. Throws
 * MANIFEST.
 */
export async function readManifests(folder: string): Promise<Manifest[]> {
  const names = (await readdir(folder)).filter((name) => /\.ya?ml$/.test(name)).sort();
  const kustomization = names.find((name) => /^kustomization\.ya?ml$/.test(name));
  if (kustomization) return parseManifests(await kustomized(folder), join(folder, kustomization));
  const files = await Promise.all(
    names.map(async (name) => parseManifests(await readFile(join(folder, name), 'utf8'), join(folder, name))),
  );
  return files.flat();
}

/** By the cluster's own client, so that it is built as the people of this cluster build it. */
async function kustomized(folder: string): Promise<string> {
  const next = `build it and give the result: kubectl kustomize ${folder} >built/all.yaml, then --manifests built`;
  try {
    const { stdout } = await promisify(execFile)('kubectl', ['kustomize', folder], { maxBuffer: 64 * 2 ** 20 });
    return stdout;
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n')[0] : '';
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing)
      throw wrong(`${folder} has a kustomization, and kubectl, which builds it, is not installed here`, next);
    throw wrong(
      `kubectl cannot build the kustomization of ${folder}: ${said}`,
      'correct it; kubectl kustomize shows the same',
    );
  }
}

/** `source` is named in errors. A List stands for its items. Throws MANIFEST. */
export function parseManifests(text: string, source: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [fault] = document.errors ?? [];
    if (fault) throw wrong(`${source} is not YAML: ${fault.message.split('\n')[0]}`, 'correct the file');
    const value: unknown = document.toJS();
    return value === null ? [] : objectsIn(value, source);
  });
}

function objectsIn(value: unknown, source: string): Manifest[] {
  const { apiVersion, kind, items } = Object(value) as Partial<Record<'apiVersion' | 'kind' | 'items', unknown>>;
  if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items))
    return items.flatMap((item) => objectsIn(item, source));
  if (kind === 'Kustomization' && /^kustomize\.config\.k8s\.io\/|^undefined$/.test(String(apiVersion))) {
    const next = 'build it and give the result: kubectl kustomize FOLDER >built/all.yaml';
    throw wrong(`${source} is a kustomization, which says how to make objects and is none`, next);
  }
  if (isManifest(value)) return [value];
  const next = 'give each object its apiVersion, kind and metadata.name';
  throw wrong(`${source} contains something that is not a Kubernetes object`, next);
}

/** The Deployment of that name, or the only one. Throws MANIFEST. */
export function deploymentOf(manifests: Manifest[], name?: string): DeploymentManifest {
  const all = manifests.filter(isDeployment);
  const found = name === undefined ? all : all.filter((object) => object.metadata.name === name);
  if (found.length === 1) return found[0];
  const names = all.map((object) => object.metadata.name).join(', ') || 'none';
  if (name !== undefined)
    throw wrong(`the manifests hold ${found.length} Deployments called "${name}" (all: ${names})`, 'correct the name');
  throw wrong(`the manifests hold ${all.length} Deployments (${names}), expected one`, 'name the one to follow');
}

/** Where a release goes. Throws MANIFEST, also if its Deployment names another namespace than the caller. */
export function targetOf(manifests: Manifest[], given: { name?: string; namespace?: string }): Target {
  const { name, namespace } = deploymentOf(manifests, given.name).metadata;
  if (given.namespace === undefined) return { name, namespace: namespace ?? 'default' };
  if (namespace === undefined || namespace === given.namespace) return { name, namespace: given.namespace };
  const headline = `Deployment ${name} is for namespace ${namespace}, and the release for namespace ${given.namespace}`;
  throw wrong(headline, 'leave the namespace out of the manifests, or give the same one');
}

export type Target = { name: string; namespace: string };

/** Adds the release's facts to a copy of the objects. Throws MANIFEST, IMAGE_NOT_BY_DIGEST. */
export function prepareRelease(manifests: Manifest[], facts: ReleaseFacts): Release {
  // One copy per object: a part that two objects share (a YAML alias) must not change in both.
  const objects = manifests.map((object) => structuredClone(object)).sort((a, b) => rank(a) - rank(b));
  const deployment = deploymentOf(objects, facts.name);
  if (!/^[^@\s]+@sha256:[0-9a-f]{64}$/.test(facts.image)) {
    const next = 'use what the publish step printed: registry/repository@sha256:<64 hexadecimal digits>';
    const headline = `the image to deploy is "${facts.image}", which is not a reference by digest`;
    throw new PipelineError('IMAGE_NOT_BY_DIGEST', headline, { next });
  }
  const { name, namespace = 'default' } = deployment.metadata;
  deployment.metadata.namespace = namespace;
  releasedContainer(deployment, facts.container).image = facts.image;
  deployment.metadata.annotations = { ...deployment.metadata.annotations, ...releaseAnnotations(facts) };
  return { namespace, name, objects, deployment };
}

/** The container whose image is released. Throws MANIFEST. */
export function releasedContainer(deployment: V1Deployment, name: string | undefined) {
  const containers = deployment.spec?.template.spec?.containers ?? [];
  const found = name === undefined ? containers : containers.filter((container) => container.name === name);
  if (found.length === 1) return found[0];
  const names = containers.map((container) => container.name).join(', ') || 'none';
  const which = name === undefined ? 'no container was named' : `no container is called "${name}"`;
  throw wrong(
    `${which}, and the containers of Deployment ${deployment.metadata?.name} are: ${names}`,
    'name the container to release',
  );
}

function releaseAnnotations({ image, commit, modelVersion }: ReleaseFacts): Record<string, string> {
  const parts = [
    `image ${image}`,
    ...(commit ? [`commit ${commit}`] : []),
    ...(modelVersion ? [`model ${modelVersion}`] : []),
  ];
  return {
    [annotations.changeCause]: parts.join(', '),
    ...(commit ? { [annotations.commit]: commit } : {}),
    ...(modelVersion ? { [annotations.modelVersion]: modelVersion } : {}),
  };
}

function rank(object: Manifest): number {
  const index = order.indexOf(object.kind);
  return index === -1 ? order.length : index;
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false;
  const { apiVersion, kind, metadata } = value as Partial<Record<'apiVersion' | 'kind' | 'metadata', unknown>>;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return false;
  return typeof metadata === 'object' && metadata !== null && 'name' in metadata && typeof metadata.name === 'string';
}

/** The server checks its contents, in the dry-run before the start. */
export function isDeployment(object: Manifest): object is DeploymentManifest {
  return object.apiVersion === 'apps/v1' && object.kind === 'Deployment';
}

/** The Deployment that is followed. */
export function isReleased({ name }: Pick<Release, 'name'>, object: Manifest): object is DeploymentManifest {
  return isDeployment(object) && object.metadata.name === name;
}

function wrong(headline: string, next: string): PipelineError {
  return new PipelineError('MANIFEST', headline, { next });
}

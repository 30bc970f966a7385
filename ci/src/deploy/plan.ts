/** All that is looked at before the start, and what follows from it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { KubeConfig, V1Deployment } from '#kubernetes';
import { kubernetes } from '../kubernetes.ts';
import { isForbidden } from './api_error.ts';
import { type Applier, makeApplier } from './apply.ts';
import type { DeployOptions } from './deploy.ts';
import { type DeploymentManifest, isDeployment, type Manifest, prepareRelease, type Release } from './manifest.ts';
import { checkImage, checkReferences, dryRun, dryRunPod, ensureNamespace } from './preflight.ts';
import { progressOf } from './progress.ts';
import { adopt, type GoodRelease, makeRecords, type Records } from './record.ts';
import { patiently } from './retry.ts';
import { isObserved, newRevision, readSnapshot, type Snapshot } from './snapshot.ts';

export type Plan = {
  options: DeployOptions & { onProgress: (line: string) => void };
  fieldManager: string;
  release: Release;
  applier: Applier;
  records: Records;
  /** An autoscaler owns the number of replicas. */
  isAutoscaled: boolean;
  /** Before the start; undefined on the first deployment. */
  before: Snapshot | undefined;
  /** What the record said. */
  recorded: GoodRelease | undefined;
  /** What to return to: what serves now, if it is whole, else the record. */
  good: GoodRelease | undefined;
  /** The objects as the dry-run gave them, in the release's order: with the versions from before. */
  previews: Manifest[];
};

/** `lock` is taken once the namespace is there. Throws PipelineErrors: the deployment is refused. */
export async function planRelease(options: Plan['options'], lock: () => Promise<void>): Promise<Plan> {
  const { kubeConfig, manifests, explainImage, fieldManager = 'sentiment-deployer' } = options;
  if (typeof manifests === 'string') throw new TypeError('planRelease takes objects');
  const release = prepareRelease(manifests, options);
  const { namespace, name } = release;
  const applier = makeApplier(kubeConfig, fieldManager);
  const records = makeRecords(kubeConfig, namespace, name, fieldManager);
  if (explainImage) await checkImage(options.image, explainImage);
  await ensureNamespace(kubeConfig, applier, release);
  await lock();

  const [before, recorded, isAutoscaled] = await Promise.all([
    readObserved(kubeConfig, release),
    records.read(),
    hasAutoscaler(kubeConfig, release),
    checkReferences(kubeConfig, release),
  ]);
  const shown = release.objects.map((object) =>
    isDeployment(object) && isAutoscaled ? withReplicas(object, before?.deployment) : object,
  );
  const previews = await dryRun(applier, release, shown);
  await tryPod();
  const good = serving(before, recorded);
  return { options, fieldManager, release, applier, records, isAutoscaled, before, recorded, good, previews };

  /** Where no pod is made before an old one ends, a quota may be used up now and free then. */
  async function tryPod(): Promise<void> {
    const deployment = previews.find(isDeployment);
    const surge = deployment?.spec?.strategy?.rollingUpdate?.maxSurge;
    const isSettled = !before || progressOf(before).isDone;
    const isNew = !isDeepStrictEqual(deployment?.spec?.template, before?.deployment.spec?.template);
    if (!deployment?.spec || !surge || surge === '0%' || !isSettled || !isNew) return;
    await dryRunPod(kubeConfig, release, deployment.spec.template);
  }
}

/** A run that ended a moment ago wrote an annotation: its controller is given the time to see it. */
async function readObserved(kubeConfig: KubeConfig, { namespace, name }: Release): Promise<Snapshot | undefined> {
  for (const end = Date.now() + 5000; ; await sleep(100)) {
    const snapshot = await patiently(() => readSnapshot(kubeConfig, namespace, name));
    if (!snapshot || isObserved(snapshot.deployment) || Date.now() > end) return snapshot;
  }
}

/** What serves now is as good as a record of it, whoever deployed it. */
function serving(before: Snapshot | undefined, recorded: GoodRelease | undefined): GoodRelease | undefined {
  if (!before || !progressOf(before).isDone) return recorded;
  const replicaSet = newRevision(before)?.replicaSet.metadata?.name;
  if (replicaSet === undefined || replicaSet === recorded?.replicaSet) return recorded;
  return adopt(before.deployment, replicaSet);
}

function withReplicas(wanted: DeploymentManifest, live: V1Deployment | undefined): DeploymentManifest {
  const replicas = live?.spec?.replicas;
  return replicas === undefined || !wanted.spec ? wanted : { ...wanted, spec: { ...wanted.spec, replicas } };
}

async function hasAutoscaler(kubeConfig: KubeConfig, { namespace, name, objects }: Release): Promise<boolean> {
  const isOurs = (target: { kind?: string; name?: string } | undefined) =>
    target?.kind === 'Deployment' && target.name === name;
  const own = objects.filter(({ kind }) => kind === 'HorizontalPodAutoscaler');
  if (own.some((object) => isOurs(scaleTarget(object)))) return true;
  try {
    const api = kubeConfig.makeApiClient(kubernetes().AutoscalingV2Api);
    const { items } = await patiently(() => api.listNamespacedHorizontalPodAutoscaler({ namespace }));
    return items.some(({ spec }) => isOurs(spec?.scaleTargetRef));
  } catch (error) {
    if (isForbidden(error)) return false;
    throw error;
  }
}

function scaleTarget(object: Manifest): { kind?: string; name?: string } | undefined {
  const { spec } = object as { spec?: { scaleTargetRef?: { kind?: string; name?: string } } };
  return spec?.scaleTargetRef;
}

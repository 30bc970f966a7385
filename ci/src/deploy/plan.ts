/** Everything that is checked before the start, and what the rollout needs to know from it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { KubeConfig, V1Deployment } from '#kubernetes';
import type { ExplainImage } from '../image_name.ts';
import { isForbidden, withRetries } from '../kubernetes/api_error.ts';
import { kubernetes } from '../kubernetes/client.ts';
import { isObserved, newRevision, progressOf, readSnapshot, type Snapshot } from '../kubernetes/snapshot.ts';
import { type Applier, makeApplier } from './apply.ts';
import {
  type DeploymentManifest,
  isDeployment,
  type Manifest,
  prepareRelease,
  type Release,
  type ReleaseFacts,
} from './manifest.ts';
import { checkImage, checkReferences, dryRun, dryRunPod, ensureNamespace } from './preflight.ts';
import { adopt, type GoodRelease, makeRecords, type Records } from './record.ts';
import type { RolloutSettings } from './settings.ts';

export type RolloutOptions = ReleaseFacts &
  RolloutSettings & {
    kubeConfig: KubeConfig;
    /** Default `sentiment-deployer`. Use the same one in each run, or fields are left behind that nobody owns. */
    fieldManager?: string;
    /** What the registry really holds: checked before the start, and again when a pull fails. */
    explainImage?: ExplainImage;
    /** Called with one line for each step and each change. */
    onProgress: (line: string) => void;
  };

export type Plan = {
  options: RolloutOptions;
  fieldManager: string;
  release: Release;
  applier: Applier;
  records: Records;
  /** An autoscaler owns the number of replicas. */
  isAutoscaled: boolean;
  /** The state before the start; undefined for the first deployment. */
  before: Snapshot | undefined;
  /** The last good release on record. */
  recorded: GoodRelease | undefined;
  /** The release to roll back to: the one that serves now if it is complete, otherwise the record. */
  good: GoodRelease | undefined;
  /** The dry-run's answers in the release's order, with the resource versions before the apply. */
  previews: Manifest[];
};

/** Calls `lock` as soon as the namespace exists. Throws PipelineErrors: the deployment is refused. */
export async function planRelease(
  manifests: Manifest[],
  options: RolloutOptions,
  lock: () => Promise<void>,
): Promise<Plan> {
  const { kubeConfig, explainImage, fieldManager = 'sentiment-deployer' } = options;
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

  /** Skipped if no pod is created before an old one ends: a quota that is used up now is free by then. */
  async function tryPod(): Promise<void> {
    const deployment = previews.find(isDeployment);
    const surge = deployment?.spec?.strategy?.rollingUpdate?.maxSurge;
    const isSettled = !before || progressOf(before).isDone;
    const isNew = !isDeepStrictEqual(deployment?.spec?.template, before?.deployment.spec?.template);
    if (!deployment?.spec || !surge || surge === '0%' || !isSettled || !isNew) return;
    await dryRunPod(kubeConfig, release, deployment.spec.template);
  }
}

/** Waits until the controller has seen the annotation that a run which ended a moment ago may have written. */
async function readObserved(kubeConfig: KubeConfig, { namespace, name }: Release): Promise<Snapshot | undefined> {
  for (const end = Date.now() + 5000; ; await sleep(100)) {
    const snapshot = await readSnapshot(kubeConfig, namespace, name);
    if (!snapshot || isObserved(snapshot.deployment) || Date.now() > end) return snapshot;
  }
}

/** What serves now counts as good, whoever deployed it. */
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
    const { items } = await withRetries(() => api.listNamespacedHorizontalPodAutoscaler({ namespace }));
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

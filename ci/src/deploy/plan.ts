/** Everything that is checked before the start, and what the rollout needs to know from it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { KubeConfig, V1Deployment } from '#kubernetes';
import type { Comparison } from '../bake/compare.ts';
import type { Question } from '../bake/sample.ts';
import type { SignalTable } from '../bake/signals.ts';
import { PipelineError } from '../errors.ts';
import type { ExplainImage } from '../image_name.ts';
import { isForbidden, withRetries } from '../kubernetes/api_error.ts';
import { kubernetes } from '../kubernetes/client.ts';
import { type Objects, objectsOf } from '../kubernetes/objects.ts';
import { isObserved, newRevision, progressOf, readSnapshot, type Snapshot } from '../kubernetes/snapshot.ts';
import { type Applier, makeApplier } from './apply.ts';
import { isPausedByCanary } from './canary.ts';
import { type Kept, keepBefore } from './keep.ts';
import {
  type DeploymentManifest,
  isReleased,
  type Manifest,
  ours,
  prepareRelease,
  type Release,
  type ReleaseFacts,
} from './manifest.ts';
import {
  checkImage,
  checkReferences,
  checkThatItRuns,
  dryRun,
  dryRunPod,
  ensureNamespace,
  inNamespace,
} from './preflight.ts';
import { adopt, type GoodRelease, makeRecords, type Records } from './record.ts';
import type { Despite, RolloutSettings } from './settings.ts';
import { askShadows, checkFlips, type Shadow } from './shadow.ts';

export type RolloutOptions = ReleaseFacts &
  RolloutSettings & {
    kubeConfig: KubeConfig;
    /** For objects that name none; default: `default`. */
    namespace?: string;
    /** Default `explained-rollout`. Use the same one in each run, or fields are left behind that nobody owns. */
    fieldManager?: string;
    /** What the registry really holds: checked before the start, and again when a pull fails. */
    explainImage?: ExplainImage;
    /** Who signed the image: asked first. What it throws refuses the release, and cannot be passed. */
    verifyImage?: (reference: string) => Promise<string>;
    /** What a new revision is compared by while it bakes. */
    signals?: SignalTable;
    /** Questions that the new image and the revision that serves are asked before the start. */
    sample?: Question[];
    /** Called with what each look at the two revisions says, every five seconds while they are compared. */
    onLook?: (comparisons: Comparison[]) => void;
    /** Stops the deployment. */
    signal?: AbortSignal;
    /** Called with one line for each step and each change. */
    onProgress: (line: string) => void;
  };

export type Plan = {
  options: RolloutOptions;
  fieldManager: string;
  release: Release;
  objects: Objects;
  applier: Applier;
  records: Records;
  /** An autoscaler owns the number of replicas: one that is there, or one of the release. */
  isAutoscaled: boolean;
  /** One was there before. */
  wasAutoscaled: boolean;
  /** The state before the start; undefined for the first deployment. */
  before: Snapshot | undefined;
  /** The last good release on record. */
  recorded: GoodRelease | undefined;
  /** The release to roll back to: the one that serves now if it is complete, otherwise the record. */
  good: GoodRelease | undefined;
  /** What the release is about to change. */
  kept: Kept[];
  /** `kept` is the good release itself, so putting it back is the return. */
  isKeptGood: boolean;
  /** The dry-run's answers in the release's order, with the resource versions before the apply. */
  previews: Manifest[];
  /** The refusals that were passed. */
  passed: Despite;
  /** How the answers to the sample differ. */
  shadow?: Shadow;
};

/** Calls `lock` as soon as the namespace exists; `already` are the refusals passed before. Throws PipelineErrors: the deployment is refused. */
export async function planRelease(
  manifests: Manifest[],
  options: RolloutOptions,
  already: Despite,
  lock: () => Promise<void>,
): Promise<Plan> {
  const { kubeConfig, explainImage, fieldManager = ours, onProgress } = options;
  const objects = objectsOf(kubeConfig);
  const release = prepareRelease(await inNamespace(objects, manifests, options.namespace), options);
  if (options.verifyImage) onProgress(await options.verifyImage(options.image));
  const { namespace, name } = release;
  const applier = makeApplier(kubeConfig, fieldManager);
  const records = makeRecords(kubeConfig, namespace, name, fieldManager);
  const passed: Record<string, string> = { ...already };
  if (explainImage) {
    await unlessPassed(() => checkImage(options.image, explainImage, release.deployment.spec?.template.spec));
  }
  await ensureNamespace(kubeConfig, applier, release);
  await lock();

  let [before, record, isScaled, kept] = await Promise.all([
    readObserved(kubeConfig, release),
    records.read(),
    hasAutoscaler(kubeConfig, release),
    keepBefore(objects, release.objects),
    unlessPassed(() => checkReferences(kubeConfig, release)),
  ]);
  const wasAutoscaled = isScaled || kept.some(({ live }) => live && isAutoscalerOf(release, live));
  const isAutoscaled = wasAutoscaled || release.objects.some((object) => isAutoscalerOf(release, object));
  const shown = release.objects.map((object) =>
    isReleased(release, object) && isAutoscaled ? withReplicas(object, before?.deployment) : object,
  );
  const previews = await Promise.all(shown.map(preview));
  const isOurPause = isPausedByCanary(before?.deployment, fieldManager);
  await unlessPassed(async () => checkThatItRuns(release, releasedOf(previews), isOurPause));
  await unlessPassed(tryPod);
  const shadow = await compareAnswers();
  await unlessPassed(async () => checkFlips(shadow, options.maxFlips));
  // That may take minutes: what others changed in that time is part of what was there before.
  if (shadow)
    [before, kept] = await Promise.all([readObserved(kubeConfig, release), keepBefore(objects, release.objects)]);
  const serves = serving(before, record.good);
  const good = serves ?? record.good;
  const { unfinished } = record;
  const isContinued = unfinished !== undefined && unfinished.replicaSet === good?.replicaSet && !serves;
  return {
    ...{
      options,
      fieldManager,
      release,
      objects,
      applier,
      records,
      isAutoscaled,
      wasAutoscaled,
      before,
      previews,
      passed,
      shadow,
      good,
    },
    recorded: record.good,
    kept: isContinued ? continued(kept, unfinished.kept) : kept,
    isKeptGood: serves !== undefined || isContinued,
  };

  function releasedOf(all: Manifest[]): DeploymentManifest | undefined {
    return all.find((object) => isReleased(release, object));
  }

  /** A refusal that somebody knows better about. */
  async function unlessPassed<T>(check: () => Promise<T>): Promise<T | undefined> {
    try {
      return await check();
    } catch (error) {
      const reason = error instanceof PipelineError ? options.despite?.[error.code] : undefined;
      if (!(error instanceof PipelineError) || reason === undefined) throw error;
      passed[error.code] = reason;
      onProgress(`passed ${error.code}, because "${reason}": ${error.headline}`);
      return undefined;
    }
  }

  async function preview(object: Manifest): Promise<Manifest> {
    const found = await unlessPassed(() => dryRun(applier, release, object));
    const { dropped = [] } = found ?? {};
    if (dropped.length > 0)
      onProgress(`the cluster takes ${dropped.join(', ')} out of ${object.kind} ${object.metadata.name} on admission`);
    return found?.preview ?? object;
  }

  /** Only for other pods than those that run. */
  async function compareAnswers(): Promise<Shadow | undefined> {
    const { signals, sample: questions, signal } = options;
    const template = releasedOf(previews)?.spec?.template;
    if (!signals?.shadow || !questions || !template) return undefined;
    if (isSame(template, before?.deployment.spec?.template)) return undefined;
    const table = { ...signals, shadow: signals.shadow };
    return await askShadows({ kubeConfig, release, before, template, table, questions, onProgress, signal });
  }

  /** Skipped if no pod is created before an old one ends: a quota that is used up now is free by then. */
  async function tryPod(): Promise<void> {
    const deployment = releasedOf(previews);
    const surge = deployment?.spec?.strategy?.rollingUpdate?.maxSurge;
    // Pods that are ending still count in a quota, and then no longer.
    const isFreeing = before?.pods.some(({ metadata }) => metadata?.deletionTimestamp !== undefined);
    const isSettled = !before || (progressOf(before).isDone && !isFreeing);
    const isNew = !isSame(deployment?.spec?.template, before?.deployment.spec?.template);
    if (!deployment?.spec || !surge || surge === '0%' || !isSettled || !isNew) return;
    await dryRunPod(applier, release, deployment.spec.template);
  }
}

/** The server's own answer has null where the client has nothing. */
function isSame(one: unknown, other: unknown): boolean {
  const plain = (value: unknown) =>
    JSON.parse(JSON.stringify(value, (_, part: unknown) => (part === null ? undefined : part)) ?? 'null');
  return isDeepStrictEqual(plain(one), plain(other));
}

/** What an earlier run that was killed has kept is older than what it left behind. */
function continued(kept: Kept[], earlier: Kept[]): Kept[] {
  const id = ({ kind, metadata }: Kept) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
  const known = new Set(earlier.map(id));
  return [...earlier, ...kept.filter((each) => !known.has(id(each)))];
}

/** Waits until the controller has seen the annotation that a run which ended a moment ago may have written. */
async function readObserved(kubeConfig: KubeConfig, { namespace, name }: Release): Promise<Snapshot | undefined> {
  for (const end = Date.now() + 5000; ; await sleep(100)) {
    const snapshot = await readSnapshot(kubeConfig, namespace, name);
    if (!snapshot || isObserved(snapshot.deployment) || Date.now() > end) return snapshot;
  }
}

/** What serves now counts as good, whoever deployed it. Undefined if nothing serves, or not alone. */
function serving(before: Snapshot | undefined, recorded: GoodRelease | undefined): GoodRelease | undefined {
  if (!before || !progressOf(before).isDone) return undefined;
  const replicaSet = newRevision(before)?.replicaSet.metadata?.name;
  if (replicaSet === undefined) return undefined;
  return replicaSet === recorded?.replicaSet ? recorded : adopt(before.deployment, replicaSet);
}

function withReplicas(wanted: DeploymentManifest, live: V1Deployment | undefined): DeploymentManifest {
  const replicas = live?.spec?.replicas;
  return replicas === undefined || !wanted.spec ? wanted : { ...wanted, spec: { ...wanted.spec, replicas } };
}

function isAutoscalerOf({ name }: Release, object: Manifest): boolean {
  const { spec } = object as { spec?: { scaleTargetRef?: { kind?: string; name?: string } } };
  return object.kind === 'HorizontalPodAutoscaler' && scales(name, spec?.scaleTargetRef);
}

function scales(name: string, target: { kind?: string; name?: string } | undefined): boolean {
  return target?.kind === 'Deployment' && target.name === name;
}

async function hasAutoscaler(kubeConfig: KubeConfig, { namespace, name }: Release): Promise<boolean> {
  try {
    const api = kubeConfig.makeApiClient(kubernetes().AutoscalingV2Api);
    const { items } = await withRetries(() => api.listNamespacedHorizontalPodAutoscaler({ namespace }));
    return items.some(({ spec }) => scales(name, spec?.scaleTargetRef));
  } catch (error) {
    if (isForbidden(error)) return false;
    throw error;
  }
}

/** From the first change to the end: the new release serves, or the last good one does again. */
import { isDeepStrictEqual } from 'node:util';
import type { V1Deployment } from '#kubernetes';
import { judgeRefusal } from '../diagnosis/creation.ts';
import { explain } from '../diagnosis/explain.ts';
import type { Verdict } from '../diagnosis/finding.ts';
import { clusterReads } from '../diagnosis/reads.ts';
import { type ApiError, apiError, describeError } from '../kubernetes/api_error.ts';
import { newRevision, progressOf, readSnapshot, type Snapshot } from '../kubernetes/snapshot.ts';
import { leaveReplicas } from './apply.ts';
import { type Ending, followRollout } from './follow.ts';
import { type DeploymentManifest, isDeployment, type Manifest } from './manifest.ts';
import type { Plan } from './plan.ts';
import type { GoodRelease } from './record.ts';
import type { RolloutResult } from './report.ts';

export type Running = Plan & { signal: AbortSignal };

const defaultDeadlineSeconds = 900;

// A short deadline is meant for the new release; the last good one gets the time to become healthy again.
const leastRollbackSeconds = 300;

/** Throws the signal's reason and what `followRollout` throws; the rollout then stays as it is. */
export async function rollOut(running: Running): Promise<RolloutResult> {
  const { options, release, before, good, recorded, records, previews } = running;
  const { onProgress } = options;
  if (good && good !== recorded) await records.writeGood(good);

  const appliedAt = Date.now();
  let ending: Ending;
  let changed: string[];
  try {
    const applied = await applyAll(running, release.objects);
    changed = applied.objects
      .filter(({ metadata }, index) => metadata.resourceVersion !== previews[index].metadata.resourceVersion)
      .map(title);
    ending = await follow(running, applied.deployment, before);
  } catch (error) {
    const refusal = refusalIn(error);
    if (!refusal || running.signal.aborted) throw error;
    const verdict = judgeRefusal(refusal, `${release.namespace}/${release.name}`, 'the release is');
    return await giveUp(running, verdict, await readNow(running), appliedAt);
  }
  if (ending.verdict) return await giveUp(running, ending.verdict, ending.snapshot, appliedAt);

  const { snapshot } = ending;
  const replicaSet = newRevision(snapshot)?.replicaSet.metadata?.name ?? '';
  const isSame = before !== undefined && progressOf(before).isDone && recorded?.replicaSet === replicaSet;
  // Not the generation: annotations change that too, and a new commit may have the same content.
  const isSameSpec = isDeepStrictEqual(before?.deployment.spec, snapshot.deployment.spec);
  const others = changed.filter((each) => each !== title(release.deployment));
  if (isSame && isSameSpec && others.length === 0) return { state: 'unchanged', replicaSet };
  await records.writeGood({ replicaSet, provedAt: new Date().toISOString(), objects: release.objects });
  onProgress(`healthy, and on record as the last good release: ReplicaSet ${replicaSet}`);
  return { state: 'deployed', replicaSet, changed };
}

/** Collects the evidence first: the rollback deletes the pods that it comes from. */
async function giveUp(
  running: Running,
  first: Verdict,
  snapshot: Snapshot | undefined,
  appliedAt: number,
): Promise<RolloutResult> {
  const { options, release, records, good } = running;
  const { kubeConfig, explainImage, onProgress } = options;
  const reads = clusterReads(kubeConfig, release.namespace, explainImage);
  const verdict = snapshot ? await explain(first, snapshot, reads) : first;
  const secondsToVerdict = since(appliedAt);
  onProgress(`failed: ${verdict.headline}`);
  const cause = { verdict, secondsToVerdict };
  if (snapshot) {
    await attempt(running, 'the reason could not be written to the cluster', () =>
      records.writeFailure(snapshot.deployment, verdict, good),
    );
  }
  if (!good) {
    const why = 'no healthy release is on record to roll back to; the pods are kept so that you can inspect them';
    return { state: 'failed', ...cause, why };
  }
  const failed = snapshot && newRevision(snapshot)?.replicaSet.metadata?.name;
  if (failed === good.replicaSet) {
    const why = `this is the last good revision itself (ReplicaSet ${failed}), so a rollback would change nothing`;
    return { state: 'failed', ...cause, why };
  }

  try {
    return await rollBack(running, good, snapshot, cause);
  } catch (error) {
    if (running.signal.aborted) throw error;
    const why = `the rollback to ReplicaSet ${good.replicaSet} failed: ${describeError(error)}`;
    return { state: 'failed', ...cause, why };
  }
}

async function rollBack(
  running: Running,
  good: GoodRelease,
  failed: Snapshot | undefined,
  cause: { verdict: Verdict; secondsToVerdict: number },
): Promise<RolloutResult> {
  const { options, release, records } = running;
  const { kubeConfig, onProgress, explainImage, deadlineSeconds = defaultDeadlineSeconds } = options;
  const { replicaSet, provedAt, objects } = good;
  const begun = Date.now();
  onProgress(`rolling back to ReplicaSet ${replicaSet}, on record as good since ${provedAt}`);
  const { deployment } = await applyAll(running, objects);
  const back = await follow(running, deployment, failed, Math.max(deadlineSeconds, leastRollbackSeconds));
  if (back.verdict) {
    const reads = clusterReads(kubeConfig, release.namespace, explainImage);
    const secondVerdict = await explain(back.verdict, back.snapshot, reads);
    const why = `the last good revision (ReplicaSet ${replicaSet}) does not become healthy either`;
    return { state: 'failed', ...cause, why, secondVerdict };
  }
  const image = imageOf(good, options.container);
  const message = `rolled back to ReplicaSet ${replicaSet} (${image}), because: ${cause.verdict.headline}`;
  await attempt(running, 'the Event could not be written', () =>
    records.writeEvent(back.snapshot.deployment, { type: 'Warning', reason: 'RolledBack', message }),
  );
  return { state: 'rolled back', ...cause, returned: { replicaSet, image, provedAt, seconds: since(begun) } };
}

/** A failed status write must not block the rollback. */
async function attempt({ options }: Running, trouble: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    options.onProgress(`${trouble}: ${describeError(error)}`);
  }
}

/** The server's refusal of what was applied, as opposed to an expired sign-in or a failing server. */
function refusalIn(error: unknown): ApiError | undefined {
  const api = apiError(error);
  if (!api) return undefined;
  // A webhook that does not answer gives a 500.
  const isAnswer = [400, 403, 409, 422].includes(api.code) || /failed calling webhook/.test(api.message);
  return isAnswer ? api : undefined;
}

/** One after the other: later objects depend on earlier ones. */
async function applyAll(
  running: Running,
  objects: Manifest[],
): Promise<{ deployment: V1Deployment; objects: Manifest[] }> {
  const applied: Manifest[] = [];
  let deployment: V1Deployment = {};
  for (const object of objects) {
    running.signal.throwIfAborted();
    const answer = await running.applier.apply(isDeployment(object) ? await asApplied(running, object) : object);
    if (isDeployment(object)) deployment = answer;
    applied.push(answer);
  }
  return { deployment, objects: applied };
}

async function asApplied(running: Running, deployment: DeploymentManifest): Promise<DeploymentManifest> {
  if (!running.isAutoscaled) return deployment;
  const live = (await readNow(running))?.deployment;
  return await leaveReplicas(running.options.kubeConfig, running.fieldManager, deployment, live);
}

function follow(
  running: Running,
  applied: V1Deployment,
  before: Snapshot | undefined,
  deadlineSeconds = running.options.deadlineSeconds ?? defaultDeadlineSeconds,
): Promise<Ending> {
  const { kubeConfig, patience, onProgress } = running.options;
  return followRollout({ kubeConfig, applied, before, deadlineSeconds, patience, onProgress, signal: running.signal });
}

function readNow({ options, release }: Running): Promise<Snapshot | undefined> {
  return readSnapshot(options.kubeConfig, release.namespace, release.name);
}

function imageOf({ objects }: GoodRelease, container: string | undefined): string {
  const containers = objects.find(isDeployment)?.spec?.template.spec?.containers ?? [];
  return (containers.find(({ name }) => name === container) ?? containers[0])?.image ?? 'unknown image';
}

function title({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.name}`;
}

function since(start: number): number {
  return (Date.now() - start) / 1000;
}

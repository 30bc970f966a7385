/** From the first change to the end: the new release serves, or the last good one does again. */
import { isDeepStrictEqual } from 'node:util';
import type { V1Deployment } from '#kubernetes';
import { type Baked, bake, startWatching, type Watching } from '../bake/bake.ts';
import { judgeRefusal } from '../diagnosis/creation.ts';
import { explain } from '../diagnosis/explain.ts';
import { type Verdict, verdictOf } from '../diagnosis/finding.ts';
import { clusterReads } from '../diagnosis/reads.ts';
import { type ApiError, apiError, withRetries } from '../kubernetes/api_error.ts';
import { newRevision, type Progress, progressOf, type Snapshot } from '../kubernetes/snapshot.ts';
import { askServices } from './answers.ts';
import { droppedFields, leaveReplicas } from './apply.ts';
import { isPausedByCanary, oneFirst, setPaused } from './canary.ts';
import { type Ending, followRollout } from './follow.ts';
import { goBack } from './go_back.ts';
import { isChanged } from './keep.ts';
import { type DeploymentManifest, isReleased, type Manifest } from './manifest.ts';
import { askOutside, awaitBinding } from './outside.ts';
import { takeover } from './ownership.ts';
import type { RolloutResult } from './report.ts';
import { attempt, type Running, readNow, since, title } from './running.ts';

/** The balancer of a first release may be minutes old before the internet knows its name. */
const outsideMs = { first: 300_000, later: 60_000 };

/** Throws the signal's reason and what `followRollout` throws; the rollout then stays as it is. */
export async function rollOut(running: Running): Promise<RolloutResult> {
  const { options, release, before, good, recorded, records, previews } = running;
  const { kubeConfig, onProgress } = options;
  if (good && good !== recorded) await records.writeGood(good);
  if (good && running.isKeptGood) await records.writeUnfinished({ replicaSet: good.replicaSet, kept: running.kept });
  const old = before && newRevision(before)?.replicaSet.metadata?.name;
  const { bakeSeconds = 0, canarySeconds = 0, signals = { signals: [] } } = options;
  const isWatched = bakeSeconds + canarySeconds > 0 && old !== undefined;
  const watching = isWatched ? startWatching(kubeConfig, release, signals, options.prometheus) : undefined;
  try {
    return await rollOutWatched();
  } finally {
    watching?.stop();
  }

  async function rollOutWatched(): Promise<RolloutResult> {
    const answeredBefore = before && (await askOutside(kubeConfig, before, release.objects, 0))?.state === 'answers';

    const appliedAt = Date.now();
    let ending: Ending;
    let changed: string[];
    try {
      if (isPausedByCanary(before?.deployment, running.fieldManager))
        await setPaused(kubeConfig, running.fieldManager, release.deployment, false);
      if (watching && canarySeconds > 0) {
        const failed = await tryOnePod(watching);
        if (failed) return await giveUp(running, failed.verdict, failed.snapshot, appliedAt);
      }
      const applied = await applyAll(running, release.objects);
      // Only now, so that the rest follows by the release's own strategy.
      if (canarySeconds > 0)
        applied.deployment = await setPaused(kubeConfig, running.fieldManager, release.deployment, false);
      changed = applied.objects
        .filter((after, index) => after.metadata.resourceVersion !== previews[index].metadata.resourceVersion)
        .filter((after) => isChanged(running.kept, after))
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
    const others = changed.filter((each) => each !== title(release.deployment));
    if (progressOf(snapshot).wanted === 0) {
      await records.writeUnfinished(undefined);
      return {
        state: 'not proved',
        replicaSet,
        changed,
        why: 'it has 0 replicas, so no pod shows that the release can run',
      };
    }
    const inside = await askServices(kubeConfig, snapshot, release.objects);
    if (inside.silent.length > 0)
      return await giveUp(running, noAnswer(snapshot, inside.silent, inside.answered), snapshot, appliedAt);
    const patience = before ? outsideMs.later : outsideMs.first;
    const outside = await askOutside(kubeConfig, snapshot, release.objects, answeredBefore === false ? 0 : patience);
    if (outside?.state === 'silent' && answeredBefore !== false)
      return await giveUp(running, noAnswer(snapshot, [outside.says], inside.answered), snapshot, appliedAt);

    let baked: Baked | undefined;
    if (watching && bakeSeconds > 0 && old !== replicaSet) {
      baked = await watch(watching, snapshot, bakeSeconds);
      if (baked.worse)
        return await giveUp(running, worseVerdict(snapshot, baked, old ?? ''), await readNow(running), appliedAt);
    }

    const isSame = before !== undefined && progressOf(before).isDone && recorded?.replicaSet === replicaSet;
    // Not the generation: annotations change that too, and a new commit may have the same content.
    const isSameSpec = isDeepStrictEqual(before?.deployment.spec, snapshot.deployment.spec);
    await records.writeUnfinished(undefined);
    if (isSame && isSameSpec && others.length === 0) return { state: 'unchanged', replicaSet };
    const despite = running.passed;
    await records.writeGood({ replicaSet, provedAt: new Date().toISOString(), objects: release.objects, despite });
    onProgress(`healthy, and on record as the last good release: ReplicaSet ${replicaSet}`);
    const asBefore = outside?.state === 'silent' ? ', as before this release' : '';
    const answers = [...inside.answered, ...inside.notAsked, ...(outside ? [`${outside.says}${asBefore}`] : [])];
    return { state: 'deployed', replicaSet, changed, answers, ...(baked && { baked }) };
  }

  function watch(watching: Watching, snapshot: Snapshot, seconds: number): Promise<Baked> {
    const { signal } = running;
    const { onLook } = options;
    return bake({
      kubeConfig,
      snapshot,
      watching,
      table: signals,
      before: old ?? '',
      seconds,
      onProgress,
      onLook,
      signal,
    });
  }

  /** Undefined if the first pod is as good as the old ones, or if the release makes no pods. */
  async function tryOnePod(watching: Watching): Promise<{ verdict: Verdict; snapshot: Snapshot } | undefined> {
    const first = release.objects.map((object) => (isReleased(release, object) ? oneFirst(object) : object));
    const { deployment } = await applyAll(running, first);
    const made = await follow(running, deployment, before, undefined, ({ updated }) => updated > 0);
    if (made.verdict) return { verdict: made.verdict, snapshot: made.snapshot };
    if (newRevision(made.snapshot)?.replicaSet.metadata?.name === old) return undefined;
    const paused = await setPaused(kubeConfig, running.fieldManager, release.deployment, true);
    const ready = await follow(running, paused, before, undefined, (progress) => progress.ready > 0);
    if (ready.verdict) return { verdict: ready.verdict, snapshot: ready.snapshot };
    onProgress('one pod of the new revision takes its share of the requests, the others wait');
    const found = await watch(watching, ready.snapshot, canarySeconds);
    if (found.worse) return { verdict: worseVerdict(ready.snapshot, found, old ?? ''), snapshot: ready.snapshot };
    onProgress(`the first pod is not contradicted after ${found.seconds.toFixed(0)} s: the rest follows`);
    return undefined;
  }
}

/** The pods are ready, and those who ask get nothing. */
function noAnswer({ deployment }: Snapshot, silent: string[], answered: string[]): Verdict {
  const { namespace = 'default', name = '' } = deployment.metadata ?? {};
  return verdictOf({
    cause: 'no-answer',
    headline: `Deployment ${namespace}/${name}: its pods are ready, but ${silent[0]}`,
    evidence: [...silent, ...answered],
    next: `kubectl -n ${namespace} get services,endpointslices,networkpolicies -o wide; compare the Service's targetPort and selector with the pods' ports and labels`,
    permanent: false,
    subject: {},
  });
}

function worseVerdict({ deployment }: Snapshot, { comparisons, worse, seconds }: Baked, old: string): Verdict {
  const { namespace = 'default', name = '' } = deployment.metadata ?? {};
  return verdictOf({
    cause: 'worse',
    headline: `Deployment ${namespace}/${name}: the new revision is worse than the one before: ${worse?.says}`,
    evidence: [
      `watched for ${seconds.toFixed(0)} s against ReplicaSet ${old}`,
      ...comparisons
        .filter((each) => each !== worse)
        .map(({ says, state }) => (state === 'worse' ? `${says}: worse` : says)),
    ],
    next: 'compare the two revisions by that figure (log, dashboards, the same request to both); if the difference is meant, raise its tolerance in the table of signals, or deploy with --bake 0',
    permanent: false,
    subject: {},
  });
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
  return await goBack(running, good, snapshot, cause, (applied, from, seconds) =>
    follow(running, applied, from, seconds),
  );
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
  const { options, release, signal } = running;
  const applied: Manifest[] = [];
  let deployment: V1Deployment = {};
  for (const object of objects) {
    signal.throwIfAborted();
    const isFollowed = isReleased(release, object);
    if (isFollowed) await awaitBinding(options.kubeConfig, release, options.onProgress, signal);
    const taken = await takeOver(running, object);
    const answer = await running.applier.apply(isFollowed ? await asApplied(running, object) : object);
    const lost = taken ? lostFields(taken, answer) : [];
    if (lost.length > 0)
      options.onProgress(`${title(object)} loses what only an earlier kubectl apply set: ${lost.join(', ')}`);
    if (isFollowed) deployment = answer;
    applied.push(answer);
  }
  return { deployment, objects: applied };
}

/**
 * What was applied by kubectl before becomes ours, so that the apply removes what the manifest no longer has. Returns the object
 * as it was, undefined if there was nothing to take over.
 */
async function takeOver({ objects, options, fieldManager }: Running, wanted: Manifest): Promise<Manifest | undefined> {
  for (let attempts = 3; ; attempts--) {
    try {
      const live = await withRetries(() => objects.read(wanted));
      if (!live) return undefined;
      const { operations, left } = takeover(live, wanted, fieldManager);
      if (left.length > 0)
        options.onProgress(`${title(wanted)} keeps what the manifest does not have: ${left.join(', ')}`);
      if (operations.length === 0) return undefined;
      await objects.patch(wanted, operations, fieldManager);
      return live;
    } catch (error) {
      const api = apiError(error);
      if (!api) throw error;
      // A controller may write its status between our read and our patch.
      if (attempts > 1 && [409, 422].includes(api.code)) continue;
      options.onProgress(`${title(wanted)} keeps what kubectl applied before: ${api.message}`);
      return undefined;
    }
  }
}

/** What the object had and has no more. */
function lostFields({ metadata, ...before }: Manifest, answer: Manifest): string[] {
  const { status: _, ...body } = before as { status?: object };
  const { labels, annotations: notes } = metadata;
  const lost = droppedFields({ metadata: { labels, annotations: notes }, ...body }, answer);
  return lost.filter((path) => !path.endsWith('last-applied-configuration'));
}

async function asApplied(running: Running, deployment: DeploymentManifest): Promise<DeploymentManifest> {
  if (!running.isAutoscaled) return deployment;
  const live = (await readNow(running))?.deployment;
  return await leaveReplicas(running.options.kubeConfig, running.fieldManager, deployment, live);
}

function follow(
  { options, signal }: Running,
  applied: V1Deployment,
  before: Snapshot | undefined,
  deadlineSeconds = options.deadlineSeconds,
  isEnd?: (progress: Progress) => boolean,
): Promise<Ending> {
  const { kubeConfig, patience, onProgress } = options;
  return followRollout({ kubeConfig, applied, before, deadlineSeconds, patience, isEnd, onProgress, signal });
}

/** Follows a rollout until it is done or has failed. */
import type { KubeConfig, V1Deployment } from '#kubernetes';
import type { PatienceTable } from '../diagnosis/causes.ts';
import { type Verdict, verdictOf } from '../diagnosis/finding.ts';
import { afterSilence, isMoving, judge, judgeNow, noHistory, remember } from '../diagnosis/judge.ts';
import { PipelineError } from '../errors.ts';
import { apiError, describeError, isTemporary } from '../kubernetes/api_error.ts';
import {
  type Progress,
  progressLine,
  progressOf,
  readSnapshot,
  type Snapshot,
  withoutOldNews,
} from '../kubernetes/snapshot.ts';
import { deadlineOf } from './deadline.ts';
import { watchDeployment } from './watch.ts';

export type Following = {
  kubeConfig: KubeConfig;
  /** The server's answer to the apply: we follow the rollout of this generation. */
  applied: V1Deployment;
  /** Just before the apply: what it already shows is not about this rollout. */
  before?: Snapshot;
  /** Default: what the Deployment's pods need, see deadline.ts. */
  deadlineSeconds?: number;
  patience?: PatienceTable;
  /** What counts as the end; default: only the new revision serves. */
  isEnd?: (progress: Progress) => boolean;
  /** One line each time it changes. */
  onProgress: (line: string) => void;
  signal?: AbortSignal;
};

export type Ending = { snapshot: Snapshot; verdict?: Verdict };

// A cluster that cannot be asked says nothing about the release. After that time the rollout is left as it is.
const awayMs = 600_000;
// A shorter interruption hides nothing that matters.
const blindMs = 5000;
const unseenMs = 10_000;

/**
 * Without a verdict in the result, only the new revision serves, or there is nothing to run. A separate read confirms either
 * result, so that it never depends on the last event of a watch. Throws the signal's reason; CLUSTER if the cluster cannot be
 * asked for ten minutes or refuses; GONE and CHANGED_BY_OTHERS if the Deployment is no longer what was applied.
 */
export async function followRollout(following: Following): Promise<Ending> {
  const { kubeConfig, applied, before, deadlineSeconds, patience, onProgress, signal } = following;
  const { isEnd = (progress: Progress) => progress.isDone } = following;
  const { namespace = 'default', name = '', generation = 1 } = applied.metadata ?? {};
  const watch = watchDeployment(kubeConfig, applied);
  signal?.addEventListener('abort', watch.stop);
  const begun = Date.now();
  let seenAt = begun;
  let awayFor = 0;
  let history = noHistory;
  let lines = '';

  /** The progress, and the verdict if there is one; undefined if the snapshot is older than the apply. */
  function look(seen: Snapshot | undefined) {
    if (!seen || (seen.deployment.metadata?.generation ?? 0) < generation) return undefined;
    const snapshot = withoutOldNews(seen, before);
    history = remember(snapshot, history);
    const progress = progressOf(snapshot);
    const verdict = progress.hasSettled ? undefined : (judge(snapshot, history, patience) ?? overdue(snapshot));
    const isOver = isEnd(progress) || (progress.hasSettled && progress.wanted === 0);
    return { snapshot, progress, verdict, isOver };
  }

  function overdue(snapshot: Snapshot): Verdict | undefined {
    // An autoscaler may have changed the number of pods. A balancer's gate goes through up to three stages: not yet known,
    // being registered, in its first health checks. Each of them may take as long as a step without a gate.
    const derived = deadlineOf(snapshot.deployment) * (isMoving(snapshot, history) ? 3 : 1);
    const seconds = deadlineSeconds ?? derived;
    if (Date.now() - begun - awayFor < seconds * 1000) return undefined;
    return { ...(judgeNow(snapshot) ?? nothingSeen(snapshot, seconds)), permanent: false };
  }

  function say(line: string): void {
    if (line !== lines) onProgress(line);
    lines = line;
  }

  /** Waits until the cluster can be asked again. What was seen before is then too old to judge by. */
  async function outlast(since: number): Promise<void> {
    while (watch.blindSince() !== undefined && !signal?.aborted) {
      const away = Date.now() - since;
      if (away > awayMs) throw new Error(watch.lastInterruption());
      if (away > 2 * blindMs)
        say(`the cluster cannot be asked (${watch.lastInterruption()}); its rollout goes on, and so do we`);
      await watch.changed(1000);
    }
    const away = Date.now() - since;
    if (away < blindMs) return;
    awayFor += away;
    seenAt = Date.now();
    history = afterSilence(history, new Date());
  }

  try {
    for (;;) {
      signal?.throwIfAborted();
      const since = watch.blindSince();
      if (since !== undefined) await outlast(since);
      const seen = look(watch.snapshot());
      if (seen) {
        const obstacle = seen.progress.hasSettled ? undefined : judgeNow(seen.snapshot);
        // A canary pauses the Deployment itself.
        const isPause = obstacle?.cause === 'deadline' && following.isEnd !== undefined;
        say(`${progressLine(seen.progress)}${obstacle && !isPause ? ` (${obstacle.headline})` : ''}`);
      }
      if (seen) seenAt = Date.now();
      // Deleted, or an answer that a cache older than the apply gives.
      const isMissing = Date.now() - seenAt > unseenMs;
      if (seen?.isOver || seen?.verdict || isMissing) {
        const found = await confirmed();
        if (found?.isOver) return { snapshot: found.snapshot };
        if (found?.verdict) return { snapshot: found.snapshot, verdict: found.verdict };
      }
      await watch.changed(1000);
    }
  } catch (cause) {
    if (cause instanceof PipelineError || signal?.aborted) throw signal?.aborted ? signal.reason : cause;
    const last = watch.lastInterruption() ?? describeError(cause);
    const next = 'run diagnose to see the state, then deploy again: a deployment continues from any state';
    throw new PipelineError('CLUSTER', `lost contact with the cluster: ${last}`, { next, cause });
  } finally {
    signal?.removeEventListener('abort', watch.stop);
    watch.stop();
  }

  /** Undefined if the cluster cannot be asked just now. */
  async function confirmed() {
    let found: Snapshot | undefined;
    try {
      found = await readSnapshot(kubeConfig, namespace, name, 5);
    } catch (error) {
      if (apiError(error) && !isTemporary(error)) throw error;
      return undefined;
    }
    if (!found) throw gone(namespace, name);
    const again = look(found);
    if (again) mustBeOurs(again.snapshot.deployment, applied);
    return again;
  }
}

function nothingSeen({ deployment }: Snapshot, seconds: number): Verdict {
  const { namespace = 'default', name = '' } = deployment.metadata ?? {};
  return verdictOf({
    cause: 'deadline',
    headline: `Deployment ${namespace}/${name} was not done after ${seconds} s, for no visible reason`,
    evidence: [],
    next: `kubectl -n ${namespace} describe deployment,replicaset,pods; if it only needs longer, raise the deadline`,
    permanent: false,
    subject: {},
  });
}

/** An autoscaler may change the number of replicas during the rollout, but nobody may change the images. */
function mustBeOurs(found: V1Deployment, applied: V1Deployment): void {
  const images = (deployment: V1Deployment) =>
    (deployment.spec?.template.spec?.containers ?? []).map(({ name, image }) => `${name}=${image}`).join(', ');
  if (images(found) === images(applied)) return;
  const { namespace, name } = applied.metadata ?? {};
  throw new PipelineError('CHANGED_BY_OTHERS', `somebody else changed ${namespace}/${name} during the rollout`, {
    evidence: [`applied: ${images(applied)}`, `found: ${images(found)}`],
    next: 'find out who changed it (kubectl get deployment -o yaml --show-managed-fields), then deploy again',
  });
}

function gone(namespace: string, name: string): PipelineError {
  const next = 'find out who deleted it, then deploy again';
  return new PipelineError('GONE', `Deployment ${namespace}/${name} was deleted during the rollout`, { next });
}

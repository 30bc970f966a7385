/** Follows a rollout until it is done or has failed. */
import type { KubeConfig, V1Deployment } from '#kubernetes';
import type { PatienceTable } from '../diagnosis/causes.ts';
import { type Verdict, verdictOf } from '../diagnosis/finding.ts';
import { judge, judgeNow, noHistory, remember } from '../diagnosis/judge.ts';
import { PipelineError } from '../errors.ts';
import { progressLine, progressOf, readSnapshot, type Snapshot, withoutOldNews } from '../kubernetes/snapshot.ts';
import { watchDeployment } from './watch.ts';

export type Following = {
  kubeConfig: KubeConfig;
  /** The server's answer to the apply: we follow the rollout of this generation. */
  applied: V1Deployment;
  /** Just before the apply: what it already shows is not about this rollout. */
  before?: Snapshot;
  deadlineSeconds: number;
  patience?: PatienceTable;
  /** One line each time it changes. */
  onProgress: (line: string) => void;
  signal?: AbortSignal;
};

export type Ending = { snapshot: Snapshot; verdict?: Verdict };

/**
 * Without a verdict in the result, only the new revision serves. A separate read confirms either result, so that it never
 * depends on the last event of a watch. Throws the signal's reason; CLUSTER if nothing can be read until the deadline; GONE
 * and CHANGED_BY_OTHERS if the Deployment is no longer what was applied.
 */
export async function followRollout(following: Following): Promise<Ending> {
  const { kubeConfig, applied, before, deadlineSeconds, patience, onProgress, signal } = following;
  const { namespace = 'default', name = '', generation = 1 } = applied.metadata ?? {};
  const watch = watchDeployment(kubeConfig, applied);
  signal?.addEventListener('abort', watch.stop);
  const end = Date.now() + deadlineSeconds * 1000;
  let history = noHistory;
  let lines = '';

  /** The progress, and the verdict if there is one; undefined if the snapshot is older than the apply. */
  function look(seen: Snapshot | undefined) {
    if (!seen || (seen.deployment.metadata?.generation ?? 0) < generation) return undefined;
    const snapshot = withoutOldNews(seen, before);
    history = remember(snapshot, history);
    const progress = progressOf(snapshot);
    const verdict = progress.hasSettled ? undefined : (judge(snapshot, history, patience) ?? overdue(snapshot));
    return { snapshot, progress, verdict };
  }

  function overdue(snapshot: Snapshot): Verdict | undefined {
    if (Date.now() < end) return undefined;
    return { ...(judgeNow(snapshot) ?? nothingSeen(snapshot, deadlineSeconds)), permanent: false };
  }

  try {
    for (;;) {
      signal?.throwIfAborted();
      const seen = look(watch.snapshot());
      if (seen) {
        const waitingFor = seen.progress.hasSettled ? undefined : judgeNow(seen.snapshot)?.headline;
        const now = `${progressLine(seen.progress)}${waitingFor ? ` (${waitingFor})` : ''}`;
        if (now !== lines) onProgress(now);
        lines = now;
      }
      if (seen?.progress.isDone || seen?.verdict || Date.now() > end) {
        const found = await readSnapshot(kubeConfig, namespace, name);
        if (!found) throw gone(namespace, name);
        const confirmed = look(found);
        if (confirmed) mustBeOurs(confirmed.snapshot.deployment, applied);
        if (confirmed?.progress.isDone) return { snapshot: confirmed.snapshot };
        if (confirmed?.verdict) return { snapshot: confirmed.snapshot, verdict: confirmed.verdict };
      }
      await watch.changed(1000);
    }
  } catch (cause) {
    if (cause instanceof PipelineError || signal?.aborted) throw signal?.aborted ? signal.reason : cause;
    const last = watch.lastInterruption() ?? 'no answer';
    const next = 'run diagnose to see the state, then deploy again: a deployment continues from any state';
    throw new PipelineError('CLUSTER', `lost contact with the cluster: ${last}`, { next, cause });
  } finally {
    signal?.removeEventListener('abort', watch.stop);
    watch.stop();
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

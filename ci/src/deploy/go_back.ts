/** The way back: every object that the failed release changed becomes what it was, and the good revision serves again. */
import type { V1Deployment } from '#kubernetes';
import { explain } from '../diagnosis/explain.ts';
import type { Verdict } from '../diagnosis/finding.ts';
import { clusterReads } from '../diagnosis/reads.ts';
import { describeError } from '../kubernetes/api_error.ts';
import { newRevision, readSnapshot, type Snapshot } from '../kubernetes/snapshot.ts';
import { askServices } from './answers.ts';
import { leaveReplicas } from './apply.ts';
import type { Ending } from './follow.ts';
import { type Kept, type PutBack, putBack } from './keep.ts';
import { type DeploymentManifest, isReleased, type Manifest } from './manifest.ts';
import type { GoodRelease } from './record.ts';
import type { RolloutResult } from './report.ts';
import { attempt, type Running, readNow, since, title } from './running.ts';

// A short deadline is meant for the new release; the last good one gets the time to become healthy again.
const leastSeconds = 300;

export type Follow = (applied: V1Deployment, from: Snapshot | undefined, seconds?: number) => Promise<Ending>;

type Cause = { verdict: Verdict; secondsToVerdict: number };

/** `failed` is the last snapshot of the failed release. Throws the signal's reason. */
export async function goBack(
  running: Running,
  good: GoodRelease,
  failed: Snapshot | undefined,
  cause: Cause,
  follow: Follow,
): Promise<RolloutResult> {
  const name = failed && newRevision(failed)?.replicaSet.metadata?.name;
  const isItself = name === good.replicaSet;
  try {
    await running.confirmLock();
    return await rollBack(running, good, failed, cause, isItself, follow);
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
  cause: Cause,
  isItself: boolean,
  follow: Follow,
): Promise<RolloutResult> {
  const { options, release, records } = running;
  const { kubeConfig, onProgress, explainImage } = options;
  const { replicaSet, provedAt } = good;
  const begun = Date.now();
  onProgress(`rolling back to ReplicaSet ${replicaSet}, on record as good since ${provedAt}`);
  const parts = await restoreAll(running, good);
  const left = parts.flatMap(({ title, trouble }) => (trouble ? [`${title}: ${trouble}`] : []));
  for (const { title, did } of parts) if (did !== 'nothing') onProgress(`${did}: ${title}`);
  for (const line of left) onProgress(`not as before: ${line}`);
  if (isItself && parts.every(({ did }) => did === 'nothing')) {
    const why = `this is the last good revision itself (ReplicaSet ${replicaSet}), so a rollback would change nothing`;
    return { state: 'failed', ...cause, why };
  }
  const now = await readSnapshot(kubeConfig, release.namespace, release.name);
  if (!now) return { state: 'failed', ...cause, why: 'the Deployment no longer exists' };
  const back = await follow(
    now.deployment,
    failed,
    options.deadlineSeconds && Math.max(options.deadlineSeconds, leastSeconds),
  );
  if (back.verdict) {
    const reads = clusterReads(kubeConfig, release.namespace, explainImage);
    const secondVerdict = await explain(back.verdict, back.snapshot, reads);
    const why = `the last good revision (ReplicaSet ${replicaSet}) does not become healthy either`;
    return { state: 'failed', ...cause, why, secondVerdict };
  }
  const inside = await askServices(kubeConfig, back.snapshot, servicesOf(running, good));
  if (inside.silent.length > 0) {
    const why = `the pods of ReplicaSet ${replicaSet} run again, but ${inside.silent.join('; ')}`;
    return { state: 'failed', ...cause, why };
  }
  const image = imageOf(back.snapshot.deployment, options.container);
  const message = `rolled back to ReplicaSet ${replicaSet} (${image}), because: ${cause.verdict.headline}`;
  await attempt(running, 'the Event could not be written', () =>
    records.writeEvent(back.snapshot.deployment, { type: 'Warning', reason: 'RolledBack', message }),
  );
  await attempt(running, 'the record could not be completed', () => records.writeUnfinished(undefined));
  const answers = [...inside.answered, ...inside.notAsked];
  return {
    state: 'rolled back',
    ...cause,
    returned: { replicaSet, image, provedAt, seconds: since(begun), answers, left },
  };
}

/** Exactly what was kept if that was the good release; otherwise the record is applied, and the rest put back. */
async function restoreAll(running: Running, good: GoodRelease): Promise<PutBack[]> {
  const { kept, isKeptGood, applier } = running;
  if (isKeptGood) return await putAllBack(running, kept);
  const recorded = good.objects.map(title);
  const parts = await putAllBack(
    running,
    kept.filter((each) => !recorded.includes(title(each))),
  );
  for (const object of good.objects) {
    running.signal.throwIfAborted();
    const isScaled = running.isAutoscaled && isReleased(running.release, object);
    await applier.apply(isScaled ? await withoutReplicas(running, object) : object);
    parts.push({ title: title(object), did: 'restored' });
  }
  return parts;
}

/** The Deployment last: what its pods need, and what keeps requests from them, is in order before they start. */
async function putAllBack(running: Running, kept: Kept[]): Promise<PutBack[]> {
  const { objects, fieldManager, wasAutoscaled, signal, release } = running;
  const order = [...kept].sort((a, b) => Number(a.kind === 'Deployment') - Number(b.kind === 'Deployment'));
  const parts: PutBack[] = [];
  for (const each of order) {
    signal.throwIfAborted();
    parts.push(await putBack(objects, each, fieldManager, wasAutoscaled && title(each) === title(release.deployment)));
  }
  return parts;
}

async function withoutReplicas(running: Running, deployment: DeploymentManifest): Promise<Manifest> {
  const live = (await readNow(running))?.deployment;
  return await leaveReplicas(running.options.kubeConfig, running.fieldManager, deployment, live);
}

/** Without a Service that the failed release created: it is gone. */
function servicesOf({ kept }: Running, good: GoodRelease): Manifest[] {
  const before = kept.flatMap(({ live }) => live ?? []);
  const others = good.objects.filter((each) => !before.some((one) => title(one) === title(each)));
  return [...before, ...others].filter(({ kind }) => kind === 'Service');
}

function imageOf({ spec }: V1Deployment, container: string | undefined): string {
  const containers = spec?.template.spec?.containers ?? [];
  return (containers.find(({ name }) => name === container) ?? containers[0])?.image ?? 'unknown image';
}

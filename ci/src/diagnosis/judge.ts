/**
 * From a snapshot to a verdict, or to none yet: can the fault heal, and has it had enough time to?
 *
 * Only pods of the new revision count, without those being deleted: what happens to old pods is not this rollout's fault. A
 * fault that cannot heal is reported at first sight. One that may heal (a registry that limits the pull rate, a crash while
 * a dependency starts) must be seen in two snapshots, for as long as its cause's patience, over several attempts.
 */
import { isEnding, isObserved, newRevision, progressOf, type Snapshot } from '../kubernetes/snapshot.ts';
import { causes, type PatienceTable, patienceFor } from './causes.ts';
import { configFindings } from './config.ts';
import { containerFindings } from './containers.ts';
import { creationFindings } from './creation.ts';
import { deadlineFinding, pausedFinding, replicaSetError } from './deployment.ts';
import { type Finding, isPermanent, type RolloutView, type Verdict, verdictOf, viewOf } from './finding.ts';
import { imageFindings } from './image.ts';
import { nodeFindings } from './nodes.ts';
import { probeFindings } from './probes.ts';
import { schedulingFindings } from './scheduling.ts';

export type History = {
  /** When each fault was first seen and in how many snapshots, under a key of this file's own. */
  faults: ReadonlyMap<string, Seen>;
  /** What the rollout has reached so far, and when the last of it was new. */
  reached: ReadonlySet<string>;
  progressAt?: Date;
};

type Seen = {
  since: Date;
  count: number /** How long the cluster was working on it before `since`. */;
  handledMs: number;
};

export const noHistory: History = { faults: new Map(), reached: new Set() };

/** Adds a snapshot to the history. A fault that it no longer shows has healed and is forgotten, so give it every snapshot. */
export function remember(snapshot: Snapshot, { faults, reached, progressAt }: History): History {
  const { now } = snapshot;
  const entries = findings(snapshot).map((finding): [string, Seen] => {
    const key = keyOf(snapshot, finding);
    const before = faults.get(key) ?? { since: now, count: 0, handledMs: 0 };
    const passed = now.getTime() - before.since.getTime();
    const seen = finding.isHandled ? { since: now, handledMs: before.handledMs + passed } : before;
    return [key, { ...before, ...seen, count: before.count + 1 }];
  });
  const news = milestones(snapshot).filter((each) => !reached.has(each));
  const isProgress = news.length > 0 || progressAt === undefined;
  return {
    faults: new Map(entries),
    reached: isProgress ? new Set([...reached, ...news]) : reached,
    progressAt: isProgress ? now : progressAt,
  };
}

/**
 * The history after the cluster could not be asked until `now`: every clock starts anew. How long the cluster had been busy
 * with a fault stays, and that time is added, because its retries have become rarer meanwhile.
 */
export function afterSilence({ faults, reached }: History, now: Date): History {
  const kept = [...faults].map(([key, { since, handledMs }]): [string, Seen] => {
    const passed = handledMs > 0 ? now.getTime() - since.getTime() : 0;
    return [key, { since: now, count: 0, handledMs: handledMs + passed }];
  });
  return { faults: new Map(kept), reached, progressAt: now };
}

/** What will not heal any more; undefined when nothing is wrong or it may still heal. `history` must include this snapshot. */
export function judge(snapshot: Snapshot, history: History, own: PatienceTable = {}): Verdict | undefined {
  const found = findings(snapshot);
  const ripe = found.find((finding) =>
    isRipe(finding, history.faults.get(keyOf(snapshot, finding)), snapshot.now, own),
  );
  if (ripe) return verdictOf(ripe);
  const deadline = deadlineFinding(snapshot);
  return deadline && !isMoving(snapshot, history) ? atDeadline(found, deadline) : undefined;
}

/** Whether a gate has opened or reached its next stage in time: progress that the Deployment's own clock does not see. */
export function isMoving(snapshot: Snapshot, { progressAt }: History): boolean {
  const { progressDeadlineSeconds = 600 } = snapshot.deployment.spec ?? {};
  const quietMs = snapshot.now.getTime() - (progressAt ?? snapshot.now).getTime();
  const isGated = newRevision(snapshot)?.pods.some(({ spec }) => (spec?.readinessGates ?? []).length > 0) ?? false;
  return isGated && quietMs < progressDeadlineSeconds * 1000;
}

/**
 * What is in the way now, whatever its patience: for progress lines, for `diagnose`, and when the caller's own time is up.
 * Undefined when nothing can be seen.
 */
export function judgeNow(snapshot: Snapshot): Verdict | undefined {
  const [first] = findings(snapshot);
  const finding = first ?? deadlineFinding(snapshot) ?? pausedFinding(snapshot);
  return finding && verdictOf(finding);
}

/** Everything that is in the way, by the ranks in causes.ts. The order of detectors, pods and events does not matter. */
function findings(snapshot: Snapshot): Finding[] {
  if (!isObserved(snapshot.deployment)) return [];
  const revision = newRevision(snapshot);
  const found = revision ? current(detectors.flatMap((detect) => detect(viewOf(snapshot, revision)))) : [];
  const isFreeing = snapshot.pods.some((pod) => isEnding(pod, snapshot.now));
  const all = [...replicaSetError(snapshot), ...found].map((finding) =>
    finding.needsRoom && isFreeing ? { ...finding, isHandled: true } : finding,
  );
  return all.sort(
    (a, b) =>
      Number(isPermanent(b)) - Number(isPermanent(a)) ||
      causes[a.cause].rank - causes[b.cause].rank ||
      compare(keyOf(snapshot, a), keyOf(snapshot, b)) ||
      compare(a.headline, b.headline),
  );
}

const detectors: ((rollout: RolloutView) => Finding[])[] = [
  configFindings,
  containerFindings,
  creationFindings,
  imageFindings,
  nodeFindings,
  probeFindings,
  schedulingFindings,
];

/** When a kubelet has stopped reporting, everything else known about its pods is stale. */
function current(found: Finding[]): Finding[] {
  const silent = found.filter(({ outdates }) => outdates).map(({ subject }) => subject.pod);
  return found.filter((finding) => isPermanent(finding) || finding.outdates || !silent.includes(finding.subject.pod));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Each pod has its own history: in a large rollout each may need a while and heal. Another revision starts anew. */
function keyOf(snapshot: Snapshot, { cause, subject, stage }: Finding): string {
  const { uid, generation } = snapshot.deployment.metadata ?? {};
  return [uid, generation, cause, subject.pod ?? '', subject.container ?? '', stage ?? ''].join(' ');
}

function isRipe(finding: Finding, seen: Seen | undefined, now: Date, own: PatienceTable): boolean {
  const wanted = own[finding.cause];
  if (finding.isHandled) return false;
  if (wanted === 0 || (isPermanent(finding) && wanted === undefined)) return true;
  if (!seen) return false;
  const { attempts, seconds } = patienceFor(finding.cause, own);
  const waited = (now.getTime() - seen.since.getTime()) / 1000;
  const tried = finding.attempts ?? attempts;
  // The cluster's own retries have become as rare as it was busy.
  const wantedSeconds = seconds + (finding.extraSeconds ?? 0) + seen.handledMs / 1000;
  return seen.count >= 2 && tried >= attempts && waited >= wantedSeconds;
}

/** What a rollout reaches on its way, each once: another pod that is available, started or bound, a gate's next stage. */
function milestones(snapshot: Snapshot): string[] {
  const { updated, ready, available, old } = progressOf(snapshot);
  const upTo = (what: string, count: number) => Array.from({ length: count }, (_, index) => `${what} ${index + 1}`);
  const pods = (newRevision(snapshot)?.pods ?? []).flatMap(({ metadata, spec, status }) => {
    const gates = new Set((spec?.readinessGates ?? []).map(({ conditionType }) => conditionType));
    const conditions = (status?.conditions ?? []).filter(({ type, status }) => status === 'True' || gates.has(type));
    return conditions.map(
      ({ type, status, reason }) => `${metadata?.name} ${type} ${status} ${gates.has(type) ? reason : ''}`,
    );
  });
  return [...upTo('updated', updated), ...upTo('ready', ready), ...upTo('available', available), `old ${old}`, ...pods];
}

/** Time is up: the first fault that was still being waited for is the reason; without one, the deadline itself. */
function atDeadline([first]: Finding[], deadline: Finding): Verdict {
  if (!first) return verdictOf(deadline);
  return verdictOf({ ...first, evidence: [...first.evidence, ...deadline.evidence], permanent: false });
}

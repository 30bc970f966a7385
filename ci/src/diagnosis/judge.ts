/**
 * From a snapshot to a verdict, or to none yet: can the fault heal, and has it had enough time to?
 *
 * Only pods of the new revision count, without those being deleted: what happens to old pods is not this rollout's fault. A
 * fault that cannot heal is reported at first sight. One that may heal (a registry that limits the pull rate, a crash while
 * a dependency starts) must be seen in two snapshots, for as long as its cause's patience, over several attempts.
 */
import { isObserved, newRevision, type Snapshot } from '../kubernetes/snapshot.ts';
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

/** When each fault was first seen and in how many snapshots, under a key of this file's own. */
export type History = ReadonlyMap<string, { since: Date; count: number }>;

export const noHistory: History = new Map();

/** Adds a snapshot to the history. What it no longer shows has healed and is forgotten, so give it every snapshot. */
export function remember(snapshot: Snapshot, history: History): History {
  const entries = findings(snapshot).map((finding): [string, { since: Date; count: number }] => {
    const key = keyOf(snapshot, finding);
    const before = history.get(key);
    return [key, { since: before?.since ?? snapshot.now, count: (before?.count ?? 0) + 1 }];
  });
  return new Map(entries);
}

/** What will not heal any more; undefined when nothing is wrong or it may still heal. `history` must include this snapshot. */
export function judge(snapshot: Snapshot, history: History, own: PatienceTable = {}): Verdict | undefined {
  const found = findings(snapshot);
  const ripe = found.find((finding) => isRipe(finding, history.get(keyOf(snapshot, finding)), snapshot.now, own));
  if (ripe) return verdictOf(ripe);
  const deadline = deadlineFinding(snapshot);
  return deadline && atDeadline(found, deadline);
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
  return [...replicaSetError(snapshot), ...found].sort(
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
function keyOf(snapshot: Snapshot, { cause, subject }: Finding): string {
  const { uid, generation } = snapshot.deployment.metadata ?? {};
  return [uid, generation, cause, subject.pod ?? '', subject.container ?? ''].join(' ');
}

function isRipe(
  finding: Finding,
  seen: { since: Date; count: number } | undefined,
  now: Date,
  own: PatienceTable,
): boolean {
  const wanted = own[finding.cause];
  if (finding.isHandled) return false;
  if (wanted === 0 || (isPermanent(finding) && wanted === undefined)) return true;
  if (!seen) return false;
  const { attempts, seconds } = patienceFor(finding.cause, own);
  const waited = (now.getTime() - seen.since.getTime()) / 1000;
  const tried = finding.attempts ?? attempts;
  return seen.count >= 2 && tried >= attempts && waited >= seconds + (finding.extraSeconds ?? 0);
}

/** Time is up: the first fault that was still being waited for is the reason; without one, the deadline itself. */
function atDeadline([first]: Finding[], deadline: Finding): Verdict {
  if (!first) return verdictOf(deadline);
  return verdictOf({ ...first, evidence: [...first.evidence, ...deadline.evidence], permanent: false });
}

/**
 * From a snapshot to a verdict, or to none yet: whether a fault can heal, and whether it has had the time to.
 *
 * Only the new revision's pods count, and of those not the ones being deleted: what happens to the old ones is no fault of
 * this rollout. A fault that cannot heal is told at first sight. One that may (a registry that limits the rate, a crash
 * while a dependency starts) must be seen in two snapshots, over its patience, in more than one attempt of the cluster's.
 */
import { isObserved, newRevision, type Snapshot } from '../deploy/snapshot.ts';
import { containerFindings } from './containers.ts';
import { creationFindings } from './creation.ts';
import { deadlineFinding, pausedFinding, replicaSetError } from './deployment.ts';
import { type Finding, type Scene, sceneOf, verdictOf } from './finding.ts';
import { imageFindings } from './image_pull.ts';
import { mountFindings } from './mounts.ts';
import { nodeFindings } from './node_trouble.ts';
import { type PatienceTable, patienceFor } from './patience.ts';
import { placementFindings } from './placement.ts';
import { probeFindings } from './probes.ts';
import { causes, type History, type Verdict } from './verdict.ts';

export const noHistory: History = new Map();

/** Takes a snapshot into the history: what is no longer to be seen has healed and is forgotten. Give it every snapshot. */
export function remember(snapshot: Snapshot, history: History): History {
  const entries = findings(snapshot).map((finding): [string, { since: Date; count: number }] => {
    const key = keyOf(snapshot, finding);
    const before = history.get(key);
    return [key, { since: before?.since ?? snapshot.now, count: (before?.count ?? 0) + 1 }];
  });
  return new Map(entries);
}

/** What will not heal any more; undefined where nothing is wrong or it may yet heal. `history` must know this snapshot. */
export function judge(snapshot: Snapshot, history: History, own: PatienceTable = {}): Verdict | undefined {
  const found = findings(snapshot);
  const ripe = found.find((finding) => isRipe(finding, history.get(keyOf(snapshot, finding)), snapshot.now, own));
  if (ripe) return verdictOf(ripe);
  const deadline = deadlineFinding(snapshot);
  return deadline && atDeadline(found, deadline);
}

/**
 * What stands in the way now, waited for or not: for progress lines, for `diagnose`, and when the caller's own time is up.
 * Undefined where nothing can be seen.
 */
export function judgeNow(snapshot: Snapshot): Verdict | undefined {
  const [first] = findings(snapshot);
  const finding = first ?? deadlineFinding(snapshot) ?? pausedFinding(snapshot);
  return finding && verdictOf(finding);
}

/** All that stands in the way, the surest first. */
function findings(snapshot: Snapshot): Finding[] {
  if (!isObserved(snapshot.deployment)) return [];
  const early = replicaSetError(snapshot);
  const revision = newRevision(snapshot);
  if (!revision) return early;
  const scene = sceneOf(snapshot, revision);
  return [...early, ...current(detectors.flatMap((detect) => detect(scene)))].sort(bySureness);
}

const detectors: ((scene: Scene) => Finding[])[] = [
  imageFindings,
  mountFindings,
  containerFindings,
  creationFindings,
  probeFindings,
  placementFindings,
  nodeFindings,
];

/** Where a kubelet has fallen silent, the rest that is known of its pods is from before. */
function current(found: Finding[]): Finding[] {
  const silent = found.filter(({ outdates }) => outdates).map(({ subject }) => subject.pod);
  return found.filter(({ permanent, outdates, subject }) => permanent || outdates || !silent.includes(subject.pod));
}

function bySureness(a: Finding, b: Finding): number {
  return Number(b.permanent) - Number(a.permanent) || causes.indexOf(a.cause) - causes.indexOf(b.cause);
}

/** A pod of its own, since in a rollout of many each may need a while and heal; another revision starts anew. */
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
  if (wanted === 0 || (finding.permanent && wanted === undefined)) return true;
  if (!seen) return false;
  const { attempts, seconds } = patienceFor(finding.cause, own);
  const waited = (now.getTime() - seen.since.getTime()) / 1000;
  const tried = finding.attempts ?? attempts;
  return seen.count >= 2 && tried >= attempts && waited >= seconds + (finding.extraSeconds ?? 0);
}

/** Time is up: what was still being waited for is the reason; without any, the deadline itself. */
function atDeadline([first]: Finding[], deadline: Finding): Verdict {
  if (!first) return verdictOf(deadline);
  return verdictOf({ ...first, evidence: [...first.evidence, ...deadline.evidence], permanent: false });
}

/**
 * Adds to a verdict what a snapshot does not hold: the last log lines, what a quota or a node has left, the names that do
 * exist, what the registry holds. Only reads; never throws; what cannot be read in seconds becomes a line of evidence,
 * since an explanation must not hold up the way back.
 */
import { newRevision, type Snapshot } from '../deploy/snapshot.ts';
import { lastEnd, wrongArchitecture } from './containers.ts';
import { explainImageVerdict } from './explain_image.ts';
import { explainReference } from './explain_reference.ts';
import { explainNode, explainQuota, explainScheduling } from './explain_room.ts';
import { labelOf, quote, sceneOf, verdictOf } from './finding.ts';
import { type Addition, type Explainer, look } from './look.ts';
import { redact } from './redact.ts';
import type { Cause, Reads, Verdict } from './verdict.ts';

const explainers: Partial<Record<Cause, Explainer>> = {
  'image-forbidden': explainImageVerdict,
  'image-no-credentials': explainImageVerdict,
  'image-not-found': explainImageVerdict,
  'image-unreachable': explainImageVerdict,
  'image-architecture': explainImageVerdict,
  'image-name': explainImageVerdict,
  'image-pull': explainImageVerdict,
  'crash-loop': explainLog,
  'out-of-memory': explainLog,
  'never-ready': explainProbe,
  'startup-probe': explainProbe,
  'liveness-probe': explainProbe,
  quota: explainQuota,
  unschedulable: explainScheduling,
  'missing-config': explainReference,
  'node-trouble': explainNode,
};

// more than any single look takes
const wholeMs = 12_000;

export async function explain(verdict: Verdict, snapshot: Snapshot, reads: Reads): Promise<Verdict> {
  const addition = await look(
    'the explanation',
    async () => (await explainers[verdict.cause]?.(verdict, snapshot, reads)) ?? {},
    wholeMs,
  );
  if ('trouble' in addition) return { ...verdict, evidence: [...verdict.evidence, addition.trouble] };
  const { evidence = [], ...fields } = addition.value;
  const lines = [...verdict.evidence, ...evidence.map((line) => redact(line))];
  return { ...verdict, ...fields, evidence: [...new Set(lines)] };
}

/** The kubelet keeps of a probe's answer the status alone; the service may say more. */
async function explainProbe(verdict: Verdict, snapshot: Snapshot, reads: Reads): Promise<Addition> {
  const { pod, probe } = verdict.subject;
  const [{ evidence = [], ...fields }, answer] = await Promise.all([
    explainLog(verdict, snapshot, reads),
    look('the answer', async () => (pod && probe ? reads.answer(pod, probe.port, probe.path) : undefined)),
  ]);
  if (!probe || 'trouble' in answer || !answer.value) return { ...fields, evidence };
  const { status, body } = answer.value;
  const said = quote(body, 200);
  if (said === '' || /<html/i.test(said)) return { ...fields, evidence };
  return {
    ...fields,
    headline: verdict.headline.endsWith(`HTTP ${status}`) ? `${verdict.headline}, "${said}"` : verdict.headline,
    evidence: [`GET ${probe.path} answers ${status}: "${said}"`, ...evidence],
  };
}

async function explainLog(verdict: Verdict, snapshot: Snapshot, reads: Reads): Promise<Addition> {
  const revision = newRevision(snapshot);
  const { pod, container } = verdict.subject;
  if (!revision || !pod || !container) return {};
  const scene = sceneOf(snapshot, revision);
  const view = scene.containers.find(({ podName, name }) => podName === pod && name === container);
  // without `previous` the log is that of the running container, or else of the last one that ran
  const previous = verdict.cause !== 'never-ready' && view?.status?.state?.running !== undefined;
  const log = await look(`the log of ${pod}`, () => reads.log(pod, container, previous));
  if ('trouble' in log) return { evidence: [log.trouble] };
  const lines = lastLines(log.value);
  if (lines.length === 0) return { evidence: [`the log of container ${container} is empty`] };
  const shown = lines.map((line) => `log: ${line}`);
  if (verdict.cause !== 'crash-loop' || !view) return { evidence: shown };
  if (/exec format error/i.test(lines.at(-1) ?? '')) {
    const { evidence: _, ...other } = verdictOf(wrongArchitecture(scene, view));
    return { ...other, evidence: shown };
  }
  const { exitCode } = lastEnd(view.status?.state, view.status?.lastState) ?? {};
  const said =
    lines.findLast((line) => /error|exception|fatal|panic|cannot|not found|denied|refused/i.test(line)) ?? lines.at(-1);
  return {
    headline: `Deployment ${scene.deployment}: ${labelOf(view)} ends with exit code ${exitCode} and says: ${quote(said, 200)}`,
    next: `mend that and deploy again; to try the image alone: kubectl ${scene.flag} run try --rm -it --restart=Never --image=${view.spec.image}`,
    evidence: shown,
  };
}

/** The last eight lines that say something, each at most 200 characters, without colours and secrets. */
export function lastLines(log: string): string[] {
  return redact(log)
    .replace(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g'), '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-8)
    .map((line) => quote(line, 200));
}

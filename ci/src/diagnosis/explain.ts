/**
 * Completes a verdict with what a snapshot does not hold: the last log lines, what a quota or a node has left, the names that
 * exist, what the registry holds. It only reads and never throws: a rollback must not wait for an explanation, so each read
 * gets seconds, and one that fails becomes a line of evidence.
 */

import { nearNames } from '../image_name.ts';
import { describeError } from '../kubernetes/api_error.ts';
import { newRevision, type Snapshot } from '../kubernetes/snapshot.ts';
import { redact } from '../redact.ts';
import { causes, type Explanation } from './causes.ts';
import { lastEnd, wrongArchitecture } from './containers.ts';
import { labelOf, type Verdict, verdictOf, viewOf } from './finding.ts';
import { type Addition, type Explainer, type Reads, tryRead } from './reads.ts';
import { explainNode, explainNodes, explainQuotas, podSpec } from './room.ts';
import { lastLines, quote } from './text.ts';

const explainers: Record<Explanation, Explainer> = {
  registry: explainImage,
  log: explainLog,
  probe: explainProbe,
  quotas: explainQuotas,
  nodes: explainNodes,
  node: explainNode,
  names: explainNames,
};

export async function explain(verdict: Verdict, snapshot: Snapshot, reads: Reads): Promise<Verdict> {
  const { explain: kind } = causes[verdict.cause];
  if (kind === undefined) return verdict;
  const { evidence = [], ...fields } = await explainers[kind](verdict, snapshot, reads).catch(
    (error: unknown): Addition => ({ evidence: [`the explanation failed: ${describeError(error)}`] }),
  );
  const lines = [...verdict.evidence, ...evidence.map((line) => redact(line))];
  return { ...verdict, ...fields, evidence: [...new Set(lines)] };
}

/** What the registry holds beside the image that cannot be pulled. The registry's explainer bounds its own time. */
async function explainImage(verdict: Verdict, snapshot: Snapshot, reads: Reads): Promise<Addition> {
  const { image, container } = verdict.subject;
  if (!image || !reads.explainImage) return {};
  const { nearest, differences, evidence, next } = await reads.explainImage(image, podSpec(snapshot));
  if (differences.length === 0) return { evidence, ...(next && { next }) };
  const listed = differences.map(({ part, found, expected }) => `${part} ${found} instead of ${expected}`).join(', ');
  // what the registry holds is a better comparison than the previous revision
  const [what] = verdict.headline.split('; ');
  const headline = `${what}; ${listed}${nearest ? `, where ${nearest} exists` : ''}`;
  const { namespace, name } = snapshot.deployment.metadata ?? {};
  const command = nearest && `kubectl -n ${namespace} set image deployment/${name} ${container}=${nearest}`;
  return { headline, evidence, next: next ?? command ?? verdict.next };
}

/** Names and keys that resemble the missing one. */
async function explainNames({ subject }: Verdict, snapshot: Snapshot, reads: Reads): Promise<Addition> {
  if (!subject.reference) return {};
  const { kind, name, key } = subject.reference;
  const wanted = key !== undefined && kind !== 'ServiceAccount' ? key : name;
  const read =
    key !== undefined && kind !== 'ServiceAccount'
      ? await tryRead(`${kind} ${name}`, () => reads.keys(kind, name))
      : await tryRead(`the names of ${kind}s`, () => reads.names(kind));
  if ('trouble' in read) return { evidence: [read.trouble] };
  const what =
    wanted === key ? `keys of ${kind} ${name}` : `${kind}s in namespace ${snapshot.deployment.metadata?.namespace}`;
  const listed = read.value.slice(0, 10).join(', ') || 'none';
  const evidence = [`${what}: ${listed}${read.value.length > 10 ? ` and ${read.value.length - 10} more` : ''}`];
  const [near] = nearNames(wanted, read.value);
  if (near === undefined) return { evidence };
  return { evidence, next: `if "${near}" is meant, write it in place of "${wanted}" in the pod template` };
}

/** The kubelet keeps only the status of a probe's answer; the service may say more. */
async function explainProbe(verdict: Verdict, snapshot: Snapshot, reads: Reads): Promise<Addition> {
  const { pod, probe } = verdict.subject;
  const [{ evidence = [], ...fields }, answer] = await Promise.all([
    explainLog(verdict, snapshot, reads),
    tryRead('the answer', async () => (pod && probe ? reads.answer(pod, probe.port, probe.path) : undefined)),
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
  const rollout = viewOf(snapshot, revision);
  const view = rollout.containers.find(({ podName, name }) => podName === pod && name === container);
  // without `previous` the log is that of the running container, or of the last one that ran
  const previous = verdict.cause !== 'never-ready' && view?.status?.state?.running !== undefined;
  const log = await tryRead(`the log of ${pod}`, () => reads.log(pod, container, previous));
  if ('trouble' in log) return { evidence: [log.trouble] };
  const lines = lastLines(log.value);
  if (lines.length === 0) return { evidence: [`the log of container ${container} is empty`] };
  const shown = lines.map((line) => `log: ${line}`);
  if (verdict.cause !== 'crash-loop' || !view) return { evidence: shown };
  if (/exec format error/i.test(lines.at(-1) ?? ''))
    return { ...verdictOf(wrongArchitecture(rollout, view)), evidence: shown };
  const { exitCode } = lastEnd(view.status?.state, view.status?.lastState) ?? {};
  const said =
    lines.findLast((line) => /error|exception|fatal|panic|cannot|not found|denied|refused/i.test(line)) ?? lines.at(-1);
  return {
    headline: `Deployment ${rollout.deployment}: ${labelOf(view)} ends with exit code ${exitCode} and says: ${quote(said, 200)}`,
    next: `fix that and deploy again; to try the image alone: kubectl ${rollout.flag} run try --rm -it --restart=Never --image=${view.spec.image}`,
    evidence: shown,
  };
}

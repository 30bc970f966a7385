/**
 * The new image, started as it will run and seen by no Service, answers a sample, and so does the revision that serves: how many
 * answers differ is known before a user meets the new one. Both run in pods of their own, one after the other, so no metric of
 * a pod that serves counts the sample, and no more room is needed than the rollout itself needs.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig, V1Pod, V1PodTemplateSpec } from '#kubernetes';
import { answerIn, type Flips, flipsOf, flipWords, type Question, type ShadowTable } from '../bake/sample.ts';
import type { SignalTable } from '../bake/signals.ts';
import { quote } from '../diagnosis/text.ts';
import { PipelineError } from '../errors.ts';
import { describeError } from '../kubernetes/api_error.ts';
import { ask } from '../kubernetes/objects.ts';
import { isReady, newRevision, type Snapshot } from '../kubernetes/snapshot.ts';
import { withTimeout } from '../timeout.ts';
import type { Release } from './manifest.ts';
import { missingRights } from './rights.ts';

/** What the release report says about the sample. */
export type Shadow = Flips | { why: string };

export type ShadowOptions = {
  kubeConfig: KubeConfig;
  release: Release;
  before: Snapshot | undefined;
  /** The new pods' template, as the cluster would store it. */
  template: V1PodTemplateSpec;
  table: SignalTable & { shadow: ShadowTable };
  questions: Question[];
  onProgress: (line: string) => void;
  signal?: AbortSignal;
};

const readySeconds = 180;
// Should this program be killed, the pod ends by itself.
const lifeSeconds = 900;
const goneSeconds = 60;
const askMs = 10_000;
const atOnce = 8;
const label = 'shadow-of';

/**
 * Undefined if there is no other revision to compare with. Not being able to ask is said and decides nothing: whether the new
 * image can run at all, the rollout shows and explains. Throws the signal's reason.
 */
export async function askShadows(options: ShadowOptions): Promise<Shadow | undefined> {
  const { kubeConfig, release, before, template, table, questions, onProgress } = options;
  const old = before && newRevision(before)?.replicaSet;
  if (!before || !old?.spec?.template) return undefined;
  const { name, namespace } = release;
  const podPath = `/api/v1/namespaces/${namespace}/pods/${shadowName(name)}`;
  try {
    const own = shadowName(name);
    const rights = [
      { group: '', resource: 'pods', name: own, verbs: ['get', 'create', 'patch', 'delete'] },
      { group: '', resource: 'pods', subresource: 'proxy', name: `${own}:${portOf(template)}`, verbs: ['create'] },
    ];
    const missing = await missingRights(kubeConfig, namespace, rights);
    if (missing.length > 0) throw new Error(`no right to ${missing.join(' and ')}`);
    onProgress(`the new image answers ${questions.length} questions of the sample, in a pod that no Service sees`);
    // Of a run that was killed.
    await removePod(kubeConfig, podPath, options.signal);
    const now = await answersOf(template, 'the new image');
    const then = await answersOf(old.spec.template, `ReplicaSet ${old.metadata?.name}`);
    const flips = flipsOf(questions, then, now);
    onProgress(`of the sample, ${flipWords(flips)} from those of ReplicaSet ${old.metadata?.name}`);
    return flips;
  } catch (error) {
    options.signal?.throwIfAborted();
    const why = describeError(error);
    onProgress(`the sample was not compared: ${why}`);
    return { why };
  }

  async function answersOf(wanted: V1PodTemplateSpec, who: string): Promise<string[]> {
    const body = shadowPod(before as Snapshot, name, wanted);
    // Applied, not posted: so the request has the pod's name, which a Role can allow.
    const query = { fieldManager: 'shadow', force: 'true' };
    const contentType = 'application/apply-patch+yaml';
    const made = await ask(kubeConfig, { method: 'PATCH', path: podPath, query, contentType, body });
    if (made.status !== 201) throw new Error(`the cluster makes no pod for ${who}: ${messageIn(made.body)}`);
    try {
      await readyPod(who);
      const target = `${podPath}:${portOf(wanted)}/proxy${table.shadow.ask}`;
      await untilItListens(target);
      return await inTurn(questions, (question) => answerTo(target, question));
    } finally {
      await removePod(kubeConfig, podPath).catch((error) =>
        onProgress(`the pod ${shadowName(name)} is left, and ends by itself: ${describeError(error)}`),
      );
    }
  }

  async function readyPod(who: string): Promise<void> {
    for (const end = Date.now() + readySeconds * 1000; ; await sleep(500, undefined, { signal: options.signal })) {
      const { status, body } = await ask(kubeConfig, { method: 'GET', path: podPath });
      const pod: V1Pod = status === 200 ? JSON.parse(body) : {};
      if (isReady(pod)) return;
      const trouble = troubleOf(pod);
      if (trouble) throw new Error(`${who} does not start as a shadow: ${trouble}`);
      if (Date.now() > end) throw new Error(`${who} was not ready after ${readySeconds} s`);
    }
  }

  /** A pod without a readiness probe is ready before it listens. */
  async function untilItListens(target: string): Promise<void> {
    for (const end = Date.now() + askMs; ; await sleep(500, undefined, { signal: options.signal })) {
      const { status, body } = await sent(target, questions[0]);
      if (!/error trying to reach service|"kind":\s*"Status"/.test(body)) return;
      if (Date.now() > end) throw new Error(`the shadow cannot be asked (${status}): ${messageIn(body)}`);
    }
  }

  function sent(path: string, { ask: body }: Question): Promise<{ status: number; body: string }> {
    return withTimeout(ask(kubeConfig, { method: 'POST', path, contentType: 'application/json', body }), askMs);
  }

  async function answerTo(target: string, question: Question): Promise<string> {
    options.signal?.throwIfAborted();
    const { status, body } = await sent(target, question);
    return answerIn(status, body, table.shadow.answer);
  }
}

/** A Role can name it. */
function shadowName(deployment: string): string {
  return `${deployment}-shadow`;
}

/** Where a pod is asked; the first port of its first container answers requests. */
function portOf({ spec }: V1PodTemplateSpec): number {
  return spec?.containers[0]?.ports?.[0]?.containerPort ?? 8080;
}

/** Throws FLIPS if more answers differ than the share that is allowed. */
export function checkFlips(shadow: Shadow | undefined, maxFlips: number | undefined): void {
  if (!shadow || 'why' in shadow || maxFlips === undefined || shadow.flipped <= maxFlips * shadow.asked) return;
  const headline = `before any user met the new image, ${flipWords(shadow)} from those of the revision that serves, and ${100 * maxFlips} % may`;
  const next = 'look at the examples; if they are meant, raise --max-flips or pass it: --despite FLIPS=REASON';
  throw new PipelineError('FLIPS', headline, { evidence: shadow.examples, next });
}

/**
 * The template as one pod without its labels: no Service, ReplicaSet, disruption budget or network policy selects it. No gate
 * of a balancer would ever open for it, and nobody scrapes it.
 */
export function shadowPod({ deployment }: Snapshot, name: string, { metadata, spec }: V1PodTemplateSpec): object {
  const annotations = Object.entries(metadata?.annotations ?? {}).filter(([note]) => note !== 'prometheus.io/scrape');
  const { name: owner = name, uid = '' } = deployment.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: shadowName(name),
      labels: { [label]: name },
      annotations: Object.fromEntries(annotations),
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: owner, uid }],
    },
    spec: { ...spec, readinessGates: undefined, restartPolicy: 'Never', activeDeadlineSeconds: lifeSeconds },
  };
}

/** Why it will not become ready; undefined while it may. */
function troubleOf({ status }: V1Pod): string | undefined {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const waits = all.find(({ state }) => /BackOff|^Err|Invalid|Error$/.test(state?.waiting?.reason ?? ''))?.state
    ?.waiting;
  if (waits) return [waits.reason, quote(waits.message ?? '', 200)].filter(Boolean).join(': ');
  if (status?.phase !== 'Failed' && status?.phase !== 'Succeeded') return undefined;
  const ended = all.find(({ state }) => state?.terminated)?.state?.terminated;
  return ended ? `it ends with exit code ${ended.exitCode}` : `its pod has ${status.phase.toLowerCase()}`;
}

/** Nobody uses it, so it need not drain. Waits until it is gone, because the next one has the same name. */
async function removePod(kubeConfig: KubeConfig, path: string, signal?: AbortSignal): Promise<void> {
  const { status, body } = await ask(kubeConfig, { method: 'DELETE', path, query: { gracePeriodSeconds: '1' } });
  if (status === 404) return;
  if (status >= 300) throw new Error(messageIn(body));
  for (const end = Date.now() + goneSeconds * 1000; ; await sleep(200, undefined, { signal })) {
    if ((await ask(kubeConfig, { method: 'GET', path })).status === 404) return;
    if (Date.now() > end) throw new Error(`it was not gone after ${goneSeconds} s`);
  }
}

/** A few at a time; the results in the order of the items. */
async function inTurn<T, R>(items: T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  const worker = async () => {
    for (const [index, item] of waiting) results[index] = await run(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

function messageIn(body: string): string {
  try {
    return quote(String(Object(JSON.parse(body)).message ?? body), 300);
  } catch {
    return quote(body, 300);
  }
}

/**
 * What the cluster remembers between two runs: the last good release (the last one seen serving completely and alone), and
 * why the last rollout failed. A killed deployer leaves both as they were, so the next run needs no other state.
 */
import type { KubeConfig, V1ConfigMap, V1Deployment, V1DeploymentSpec } from '#kubernetes';
import type { Verdict } from '../diagnosis/finding.ts';
import { ifFound, withRetries } from '../kubernetes/api_error.ts';
import { kubernetes } from '../kubernetes/client.ts';
import { makeApplier } from './apply.ts';
import { type Kept, storable } from './keep.ts';
import { annotations, type Manifest } from './manifest.ts';
import type { Despite } from './settings.ts';

/** A release to roll back to. */
export type GoodRelease = {
  /** The name of its ReplicaSet, which the pod template determines. */
  replicaSet: string;
  /** ISO 8601. */
  provedAt: string;
  /** As applied, without Secrets: the record is a ConfigMap. */
  objects: Manifest[];
  /** Refusals that its deployer was told to pass, and why. */
  despite?: Despite;
};

/** What a rollout that has not ended began with, so that the next run can still go back to it. */
export type Unfinished = {
  /** The good revision of that moment. */
  replicaSet: string;
  /** The objects as they were served that revision. */
  kept: Kept[];
};

export type Records = {
  read: () => Promise<{ good?: GoodRelease; unfinished?: Unfinished }>;
  /** Also clears the failure of an earlier rollout. */
  writeGood: (release: GoodRelease) => Promise<void>;
  /** Undefined when the rollout has ended. */
  writeUnfinished: (unfinished: Unfinished | undefined) => Promise<void>;
  /** Writes the reason where `kubectl describe deployment` shows it: an annotation and an Event. */
  writeFailure: (deployment: V1Deployment, verdict: Verdict, good: GoodRelease | undefined) => Promise<void>;
  writeEvent: (deployment: V1Deployment, event: Notice) => Promise<void>;
};

/** The contents of the annotation about the last failure. */
export type Failure = Pick<Verdict, 'cause' | 'headline' | 'next' | 'evidence'> & { at: string };

export type Notice = { type: 'Normal' | 'Warning'; reason: string; message: string };

const key = 'release.json';
const unfinishedKey = 'unfinished.json';

// The API limits an event's message to 1024 characters; annotations get the same limit.
const textLimit = 1000;

/** `<deployment>-last-good`; a Role can name it. */
export function recordName(deployment: string): string {
  return `${deployment}-last-good`;
}

export function makeRecords(kubeConfig: KubeConfig, namespace: string, name: string, fieldManager: string): Records {
  const core = kubeConfig.makeApiClient(kubernetes().CoreV1Api);
  const state = makeApplier(kubeConfig, `${fieldManager}-state`);
  // Each manager owns its own key of the ConfigMap, and an apply without the key removes it.
  const unfinishedState = makeApplier(kubeConfig, `${fieldManager}-unfinished`);
  const metadata = { name, namespace };

  async function read(): Promise<{ good?: GoodRelease; unfinished?: Unfinished }> {
    const map = { namespace, name: recordName(name) };
    const found = await ifFound(withRetries(() => core.readNamespacedConfigMap(map)));
    return { good: parseRecord(found?.data?.[key]), unfinished: parseUnfinished(found?.data?.[unfinishedKey]) };
  }

  function recordOf(data: Record<string, string>): Manifest & V1ConfigMap {
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name: recordName(name) }, data };
  }

  async function writeUnfinished(unfinished: Unfinished | undefined): Promise<void> {
    const text = unfinished && JSON.stringify({ ...unfinished, kept: storable(unfinished.kept) });
    await unfinishedState.apply(recordOf(text ? { [unfinishedKey]: text } : {}));
  }

  // A separate field manager: the release's next apply would remove an annotation that it does not contain.
  function annotate(values: Record<string, string>): Promise<Manifest> {
    return state.apply({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { ...metadata, annotations: values } });
  }

  async function writeGood(release: GoodRelease): Promise<void> {
    const objects = release.objects.filter(({ kind }) => kind !== 'Secret');
    await state.apply(recordOf({ [key]: JSON.stringify({ ...release, objects }) }));
    const despite = Object.entries(release.despite ?? {}).map(([code, reason]) => `${code}: ${reason}`);
    await annotate({
      [annotations.lastGood]: release.replicaSet,
      ...(despite.length > 0 && { [annotations.despite]: shorten(despite.join('; ')) }),
    });
  }

  async function writeFailure(
    deployment: V1Deployment,
    verdict: Verdict,
    good: GoodRelease | undefined,
  ): Promise<void> {
    const { cause, headline, next, evidence } = verdict;
    const failure: Failure = { at: new Date().toISOString(), cause, headline, next, evidence: evidence.map(shorten) };
    await annotate({
      ...(good ? { [annotations.lastGood]: good.replicaSet } : {}),
      [annotations.lastFailure]: JSON.stringify(failure),
    });
    await writeEvent(deployment, { type: 'Warning', reason: 'RolloutFailed', message: `${headline}. ${next}` });
  }

  async function writeEvent(deployment: V1Deployment, { type, reason, message }: Notice): Promise<void> {
    const now = new Date();
    const { uid, resourceVersion } = deployment.metadata ?? {};
    const body = {
      metadata: { generateName: `${name}.`, namespace },
      involvedObject: { apiVersion: 'apps/v1', kind: 'Deployment', ...metadata, uid, resourceVersion },
      type,
      reason,
      message: shorten(message),
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      source: { component: fieldManager },
    };
    await withRetries(() => core.createNamespacedEvent({ namespace, body }));
  }

  return { read, writeGood, writeUnfinished, writeFailure, writeEvent };
}

/** A record of the release that serves now, whoever deployed it; a rollback to it restores only the Deployment. */
export function adopt(deployment: V1Deployment, replicaSet: string): GoodRelease {
  const { name = '', namespace, annotations: notes = {} } = deployment.metadata ?? {};
  const { replicas: _, ...spec } = deployment.spec ?? ({} as V1DeploymentSpec);
  const kept = [annotations.changeCause, annotations.commit, annotations.modelVersion];
  const own = Object.fromEntries(Object.entries(notes).filter(([note]) => kept.some((wanted) => wanted === note)));
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, annotations: own },
    spec,
  };
  return { replicaSet, provedAt: new Date().toISOString(), objects: [object] };
}

/** Undefined if the text is missing or is not in our format. */
export function parseFailure(text: string | undefined): Failure | undefined {
  const found = parseJson<Failure>(text);
  if (!found?.at || !found.cause || !found.headline || !found.next || !Array.isArray(found.evidence)) return undefined;
  const { at, cause, headline, next, evidence } = found;
  return { at, cause, headline, next, evidence };
}

function parseRecord(text: string | undefined): GoodRelease | undefined {
  const { replicaSet, provedAt, objects, despite } = parseJson<GoodRelease>(text) ?? {};
  if (!replicaSet || !provedAt || !Array.isArray(objects)) return undefined;
  return { replicaSet, provedAt, objects, ...(despite && { despite }) };
}

function parseUnfinished(text: string | undefined): Unfinished | undefined {
  const { replicaSet, kept } = parseJson<Unfinished>(text) ?? {};
  return replicaSet && Array.isArray(kept) ? { replicaSet, kept } : undefined;
}

function parseJson<T>(text: string | undefined): Partial<T> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function shorten(text: string): string {
  return text.length > textLimit ? `${text.slice(0, textLimit - 3)}...` : text;
}

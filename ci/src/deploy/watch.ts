/**
 * A Deployment and everything that belongs to it, kept up to date by watches. A watch may end at any time: the server closes
 * it, a connection is lost, 30 s pass without an event (the client's own limit), the version is too old (410). The answer is
 * always to continue from the last version or to list again; none of these says anything about the objects. The client's own
 * ListWatch is no substitute: it stops at any error but 410, waits up to 30 s after a lost connection, and ends the process
 * when no token is available.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  CoreV1Event,
  KubeConfig,
  KubernetesListObject,
  KubernetesObject,
  V1Deployment,
  V1Pod,
  V1ReplicaSet,
  Watch,
} from '#kubernetes';
import { apiError, describeError } from '../kubernetes/api_error.ts';
import { kubernetes } from '../kubernetes/client.ts';
import { nodeWatcher } from '../kubernetes/nodes.ts';
import { nodesInQuestion, type Snapshot, selectorText, snapshotOf } from '../kubernetes/snapshot.ts';
import { withTimeout } from '../timeout.ts';

export type DeploymentWatch = {
  /** Undefined while the Deployment does not exist, or before everything has been read once. */
  snapshot: () => Snapshot | undefined;
  /** Resolves after the next change, or after `ms`. */
  changed: (ms: number) => Promise<void>;
  /** Why a watch last had to be started again. */
  lastInterruption: () => string | undefined;
  /** Since when a part of the picture is out of date, because its watch cannot be started again. */
  blindSince: () => number | undefined;
  stop: () => void;
};

export function watchDeployment(kubeConfig: KubeConfig, deployment: V1Deployment): DeploymentWatch {
  const { namespace = 'default', name } = deployment.metadata ?? {};
  const apps = kubeConfig.makeApiClient(kubernetes().AppsV1Api);
  const core = kubeConfig.makeApiClient(kubernetes().CoreV1Api);
  const byName = { fieldSelector: `metadata.name=${name}` };
  const byLabels = { labelSelector: selectorText(deployment.spec?.selector ?? {}) };
  const stopped = new AbortController();
  const nodeStates = nodeWatcher(kubeConfig);
  const waiters = new Set<() => void>();
  let last: string | undefined;

  function follow<T extends KubernetesObject>(source: Source<T>): Follower<T> {
    return new Follower(kubeConfig, source, stopped.signal, {
      onChange: () => {
        for (const wake of waiters) wake();
      },
      onInterruption: (reason) => {
        last = reason;
      },
    });
  }

  const deployments = follow<V1Deployment>({
    path: `/apis/apps/v1/namespaces/${namespace}/deployments`,
    selector: byName,
    list: () => apps.listNamespacedDeployment({ namespace, ...byName }),
  });
  const replicaSets = follow<V1ReplicaSet>({
    path: `/apis/apps/v1/namespaces/${namespace}/replicasets`,
    selector: byLabels,
    list: () => apps.listNamespacedReplicaSet({ namespace, ...byLabels }),
  });
  const pods = follow<V1Pod>({
    path: `/api/v1/namespaces/${namespace}/pods`,
    selector: byLabels,
    list: () => core.listNamespacedPod({ namespace, ...byLabels }),
  });
  const events = follow<CoreV1Event>({
    path: `/api/v1/namespaces/${namespace}/events`,
    selector: {},
    list: () => core.listNamespacedEvent({ namespace }),
  });

  return {
    snapshot() {
      const [found] = deployments.objects.values();
      if (!found || ![deployments, replicaSets, pods, events].every((follower) => follower.isListed)) return undefined;
      const material = {
        replicaSets: [...replicaSets.objects.values()],
        pods: [...pods.objects.values()],
        events: [...events.objects.values()],
      };
      const snapshot = snapshotOf(found, material, new Date());
      return { ...snapshot, nodes: nodeStates(nodesInQuestion(snapshot)) };
    },
    changed(ms) {
      return new Promise((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          waiters.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        waiters.add(wake);
      });
    },
    lastInterruption: () => last,
    blindSince() {
      const times = [deployments, replicaSets, pods, events].flatMap(({ failedSince }) => failedSince ?? []);
      return times.length > 0 ? Math.min(...times) : undefined;
    },
    stop() {
      stopped.abort();
      for (const wake of waiters) wake();
    },
  };
}

export type Source<T extends KubernetesObject> = {
  path: string;
  selector: { fieldSelector?: string; labelSelector?: string };
  list: () => Promise<KubernetesListObject<T>>;
};

export type Listener = {
  onChange: () => void;
  /** A watch or list failed and is started again. */
  onInterruption: (reason: string) => void;
};

/** The objects of one kind in one namespace, by UID. */
export class Follower<T extends KubernetesObject> {
  readonly objects = new Map<string, T>();
  isListed = false;
  /** Milliseconds; undefined while the watch runs. */
  failedSince: number | undefined;
  readonly #watch: Watch;
  readonly #source: Source<T>;
  readonly #signal: AbortSignal;
  readonly #listener: Listener;
  /** The version to continue from; empty: list first. */
  #version = '';

  constructor(kubeConfig: KubeConfig, source: Source<T>, signal: AbortSignal, listener: Listener) {
    this.#watch = new (kubernetes().Watch)(kubeConfig);
    this.#source = source;
    this.#signal = signal;
    this.#listener = listener;
    this.#followForever();
  }

  async #followForever(): Promise<void> {
    let waitMs = 0;
    while (!this.#signal.aborted) {
      const begun = Date.now();
      try {
        if (this.#version === '') await this.#list();
        await this.#stream();
      } catch (error) {
        if (this.#signal.aborted) return;
        // The server no longer has that version: told by the answer's status or by an event in the stream.
        if (apiError(error)?.code === 410) this.#version = '';
        this.failedSince ??= Date.now();
        this.#listener.onInterruption(describeError(error));
      }
      // Restart at once after a watch that lasted; back off while each one fails early.
      waitMs = Date.now() - begun > 1000 ? 0 : Math.min(Math.max(2 * waitMs, 100), 2000);
      await sleep(waitMs, undefined, { signal: this.#signal }).catch(() => {});
    }
  }

  async #list(): Promise<void> {
    const list = await withTimeout(this.#source.list(), 10_000);
    if (this.#signal.aborted) return;
    this.objects.clear();
    for (const object of list.items) this.objects.set(object.metadata?.uid ?? '', object);
    this.#version = list.metadata?.resourceVersion ?? '';
    this.isListed = true;
    this.#listener.onChange();
  }

  /** Resolves when the server closes the watch, rejects when it fails. */
  async #stream(): Promise<void> {
    const { path, selector } = this.#source;
    const query = { ...selector, resourceVersion: this.#version, allowWatchBookmarks: true };
    const ended = Promise.withResolvers<void>();
    const onEvent = (phase: string, object: unknown) => {
      if (phase === 'ERROR') ended.reject(watchError(object));
      else this.#take(phase, withDates(object) as T);
    };
    const onEnd = (error: unknown) => (error ? ended.reject(error) : ended.resolve());
    const stop = () => ended.resolve();
    this.#signal.addEventListener('abort', stop);
    try {
      const request = await this.#watch.watch(path, query, onEvent, onEnd);
      this.failedSince = undefined;
      await ended.promise.finally(() => request.abort());
    } finally {
      this.#signal.removeEventListener('abort', stop);
    }
  }

  #take(phase: string, object: T): void {
    this.#version = object.metadata?.resourceVersion ?? this.#version;
    if (phase === 'BOOKMARK') return;
    const uid = object.metadata?.uid ?? '';
    if (phase === 'DELETED') this.objects.delete(uid);
    else this.objects.set(uid, object);
    this.#listener.onChange();
  }
}

/** An ERROR event inside a stream that began well; its object is a Status. */
function watchError(status: unknown): Error {
  const code = typeof status === 'object' && status !== null && 'code' in status ? Number(status.code) : 500;
  return new (kubernetes().ApiException)(code, 'the watch ended with an error', status, {});
}

/** The watch returns bare JSON, where the lists hold Dates. */
function withDates(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return isTimeKey(key) && !Number.isNaN(Date.parse(value)) ? new Date(value) : value;
  if (Array.isArray(value)) return value.map((item) => withDates(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // A person chooses these keys; the keys of a managed field are names of fields.
      .map(([name, inner]) => [name, isFree(name) ? inner : withDates(inner, name)]),
  );
}

const isTimeKey = (key: string) => /(Time|Timestamp|At)$/.test(key) || key === 'time';
const isFree = (key: string) => ['labels', 'annotations', 'managedFields', 'data'].includes(key);

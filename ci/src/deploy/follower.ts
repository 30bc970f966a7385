/**
 * The objects of one kind, kept up to date by a watch. A watch may end at any time: the server closes it, a connection
 * is lost, 30 s pass without a word (the client's own limit), the version is too old (410). Each of these only means to
 * go on from the last version, or to list again; none is an answer about the objects. The client's ListWatch does not
 * serve: it stops at any error but 410, waits up to 30 s after a cut, and loses the process when a token cannot be had.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig, KubernetesListObject, KubernetesObject, Watch } from '#kubernetes';
import { kubernetes } from '../kubernetes.ts';
import { apiError, describeError } from './api_error.ts';
import { withTimeout } from './retry.ts';

export type Source<T extends KubernetesObject> = {
  path: string;
  selector: { fieldSelector?: string; labelSelector?: string };
  list: () => Promise<KubernetesListObject<T>>;
};

export type Report = {
  onChange: () => void;
  /** A watch or list broke off and is begun again. */
  onInterruption: (reason: string) => void;
};

/** One kind of object in one namespace, by UID. */
export class Follower<T extends KubernetesObject> {
  readonly objects = new Map<string, T>();
  isListed = false;
  readonly #watch: Watch;
  readonly #source: Source<T>;
  readonly #signal: AbortSignal;
  readonly #report: Report;
  /** The version to go on from; empty: list first. */
  #version = '';

  constructor(kubeConfig: KubeConfig, source: Source<T>, signal: AbortSignal, report: Report) {
    this.#watch = new (kubernetes().Watch)(kubeConfig);
    this.#source = source;
    this.#signal = signal;
    this.#report = report;
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
        if (isGone(error)) this.#version = '';
        this.#report.onInterruption(describeError(error));
      }
      // At once after a watch that lived for a while, slower and slower where each dies young.
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
    this.#report.onChange();
  }

  /** Resolves when the server closes the watch, rejects when it breaks. */
  async #stream(): Promise<void> {
    const { path, selector } = this.#source;
    const query = { ...selector, resourceVersion: this.#version, allowWatchBookmarks: true };
    const ended = Promise.withResolvers<void>();
    const onEvent = (phase: string, object: unknown) => {
      if (phase === 'ERROR') ended.reject(new WatchError(object));
      else this.#take(phase, withDates(object) as T);
    };
    const onEnd = (error: unknown) => (error ? ended.reject(error) : ended.resolve());
    const stop = () => ended.resolve();
    this.#signal.addEventListener('abort', stop);
    try {
      const request = await this.#watch.watch(path, query, onEvent, onEnd);
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
    this.#report.onChange();
  }
}

/** An ERROR event inside a stream that began well; its object is a Status. */
class WatchError extends Error {
  readonly statusCode: unknown;

  constructor(status: unknown) {
    super('the watch ended with an error');
    this.statusCode = typeof status === 'object' && status !== null && 'code' in status ? status.code : undefined;
  }
}

/** A version that the server no longer has, as an answer to the request or as an event in the stream. */
function isGone(error: unknown): boolean {
  if (apiError(error)?.code === 410) return true;
  return typeof error === 'object' && error !== null && 'statusCode' in error && error.statusCode === 410;
}

/** The watch hands out bare JSON, where the lists hold Dates. */
function withDates(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return isTimeKey(key) && !Number.isNaN(Date.parse(value)) ? new Date(value) : value;
  if (Array.isArray(value)) return value.map((item) => withDates(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // Keys of a person's own choice; a managed field's keys bear the names of fields.
      .map(([name, inner]) => [name, isFree(name) ? inner : withDates(inner, name)]),
  );
}

const isTimeKey = (key: string) => /(Time|Timestamp|At)$/.test(key) || key === 'time';
const isFree = (key: string) => ['labels', 'annotations', 'managedFields', 'data'].includes(key);

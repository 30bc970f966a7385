/**
 * What a release is about to change, as it was before: every object with all its fields, also those of other managers. After a
 * failure each is put back or removed, or named with the reason why it could not be.
 */
import { isDeepStrictEqual } from 'node:util';
import type { V1ManagedFieldsEntry } from '#kubernetes';
import { apiError, describeError, isDeniedByRbac, withRetries } from '../kubernetes/api_error.ts';
import type { Manifest, Objects, Operation } from '../kubernetes/objects.ts';
import { annotations } from './manifest.ts';

export type Kept = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  /** Undefined: it did not exist. */
  live?: Manifest;
  /** It could not be read, so it cannot be put back. */
  unread?: string;
};

/** In the order of the objects. Throws what the client throws without an answer. */
export async function keepBefore(objects: Objects, wanted: Manifest[]): Promise<Kept[]> {
  return await Promise.all(
    wanted.map(async ({ apiVersion, kind, metadata: { name, namespace } }): Promise<Kept> => {
      const header = { apiVersion, kind, metadata: { name, ...(namespace && { namespace }) } };
      try {
        return { ...header, live: await withRetries(() => objects.read(header)) };
      } catch (error) {
        if (!apiError(error)) throw error;
        return { ...header, unread: describeError(error) };
      }
    }),
  );
}

/** Whether an object is another one than before. A controller may have written its status in the meantime; that does not count. */
export function isChanged(kept: Kept[], after: Manifest): boolean {
  const before = kept.find(
    ({ kind, metadata }) =>
      kind === after.kind &&
      metadata.name === after.metadata.name &&
      (metadata.namespace ?? 'default') === (after.metadata.namespace ?? metadata.namespace ?? 'default'),
  )?.live;
  return before === undefined || difference(after, before).length > 0;
}

/** What a record may hold: no Secret's content. */
export function storable(kept: Kept[]): Kept[] {
  return kept.map((each) =>
    each.kind === 'Secret' && each.live
      ? { ...each, live: undefined, unread: 'Secrets are not kept in the record' }
      : each,
  );
}

/** These hold more than their manifest says. */
const neverRemoved = new Set(['Namespace', 'PersistentVolumeClaim', 'Secret', 'CustomResourceDefinition']);

/** The result of putting one object back; `trouble` says why it is still as the release made it. */
export type PutBack = { title: string; did: 'nothing' | 'restored' | 'removed'; trouble?: string };

/**
 * `ownReplicas`: an autoscaler decides the number of replicas. Never throws for an answer of the server; throws what the client
 * throws without one.
 */
export async function putBack(
  objects: Objects,
  kept: Kept,
  fieldManager: string,
  ownReplicas: boolean,
): Promise<PutBack> {
  const title = `${kept.kind} ${kept.metadata.name}`;
  const nothing = { title, did: 'nothing' } as const;
  try {
    const now = await withRetries(() => objects.read(kept));
    if (kept.unread) return now ? { ...nothing, trouble: `it could not be read before: ${kept.unread}` } : nothing;
    if (!kept.live) {
      if (!now) return nothing;
      if (neverRemoved.has(kept.kind)) return { ...nothing, trouble: `the release created it, and it may hold data` };
      await withRetries(() => objects.remove(kept));
      return { title, did: 'removed' };
    }
    if (!now) return { ...nothing, trouble: 'somebody deleted it' };
    const operations = difference(now, kept.live, ownReplicas);
    const isChanged = operations.length > 0;
    const patched = isChanged ? await withRetries(() => objects.patch(kept, operations, fieldManager)) : now;
    await restoreOwners(patched, kept.live);
    return isChanged ? { title, did: 'restored' } : nothing;
  } catch (error) {
    if (!apiError(error)) throw error;
    const verb = kept.live ? 'apply' : 'delete';
    const flag = kept.metadata.namespace ? `-n ${kept.metadata.namespace} ` : '';
    const right = isDeniedByRbac(error) ? `no right to; an administrator can: kubectl ${flag}${verb} ` : '';
    return {
      ...nothing,
      trouble: right ? `${right}${kept.kind.toLowerCase()} ${kept.metadata.name}` : describeError(error),
    };
  }

  /** The patch made us the owner of what it changed. Owners without a change of content are taken as they are sent. */
  async function restoreOwners(now: Manifest, before: Manifest): Promise<void> {
    // The controllers' entries, and those of our notes, are newer.
    const isKept = ({ subresource, manager }: V1ManagedFieldsEntry) =>
      !subresource && manager !== `${fieldManager}-state`;
    const [wanted, current] = [before, now].map(({ metadata }) => metadata.managedFields ?? []);
    const value = [...wanted.filter(isKept), ...current.filter((each) => !isKept(each))];
    const [one, other] = [wanted, current].map((entries) => entries.filter(isKept).map(withoutTime));
    if (wanted.length === 0 || isDeepStrictEqual(one, other)) return;
    const version = { op: 'test', path: '/metadata/resourceVersion', value: now.metadata.resourceVersion } as const;
    const operations: Operation[] = [version, { op: 'replace', path: '/metadata/managedFields', value }];
    // Somebody who was faster (a controller) only leaves us the owner of these fields.
    await withRetries(() => objects.patch(kept, operations, fieldManager)).catch((error: unknown) => {
      if (!apiError(error)) throw error;
    });
  }
}

function withoutTime({ time: _, ...entry }: V1ManagedFieldsEntry): object {
  return entry;
}

/** Our own notes, and the controller's, are about the rollout that failed and stay. */
const notes: string[] = [
  annotations.lastGood,
  annotations.lastFailure,
  annotations.despite,
  'deployment.kubernetes.io/revision',
];

/** From `now` to `before`: all fields that a user may set. */
export function difference(now: Manifest, before: Manifest, ownReplicas = false): Operation[] {
  const metadata = (['labels', 'annotations', 'finalizers'] as const).flatMap((name) => {
    const wanted =
      name === 'annotations' ? withNotes(before.metadata.annotations, now.metadata.annotations) : before.metadata[name];
    return change(`/metadata/${name}`, now.metadata[name], wanted);
  });
  const [current, wanted] = [now, before].map((object) => new Map(Object.entries(object)));
  const own = new Set(['apiVersion', 'kind', 'metadata', 'status']);
  const keys = [...new Set([...current.keys(), ...wanted.keys()])].filter((key) => !own.has(key));
  const body = keys.flatMap((key) => {
    const target = key === 'spec' && ownReplicas ? withReplicas(wanted.get(key), current.get(key)) : wanted.get(key);
    return change(`/${key}`, current.get(key), target);
  });
  return [...metadata, ...body];
}

function change(path: string, now: unknown, wanted: unknown): Operation[] {
  if (isDeepStrictEqual(now, wanted)) return [];
  if (wanted === undefined) return [{ op: 'remove', path }];
  return [{ op: now === undefined ? 'add' : 'replace', path, value: wanted }];
}

function withNotes(
  before: Record<string, string> | undefined,
  now: Record<string, string> = {},
): Record<string, string> | undefined {
  const kept = Object.fromEntries(Object.entries(before ?? {}).filter(([name]) => !notes.includes(name)));
  const current = Object.fromEntries(Object.entries(now).filter(([name]) => notes.includes(name)));
  const all = { ...kept, ...current };
  return before === undefined && Object.keys(all).length === 0 ? undefined : all;
}

function withReplicas(wanted: unknown, current: unknown): unknown {
  if (typeof wanted !== 'object' || typeof current !== 'object' || current === null || !('replicas' in current))
    return wanted;
  return { ...wanted, replicas: current.replicas };
}

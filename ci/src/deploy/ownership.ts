/**
 * Fields that somebody applied before the deployer did. Server-side apply removes a field that a manifest no longer has only
 * if its own manager owns it. So what an earlier `kubectl apply` of the same object owns is taken over, as kubectl itself does
 * with `--server-side`; what somebody changed by another command stays, and is named.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#upgrading-from-client-side-apply-to-server-side-apply
 */
import { isDeepStrictEqual } from 'node:util';
import type { V1ManagedFieldsEntry } from '#kubernetes';
import type { Manifest, Operation } from '../kubernetes/objects.ts';

/** `f:spec` for a field, `k:{"name":"app"}` and `v:"x"` for an item of a list, `.` for the thing itself. */
type Fields = { [part: string]: Fields };

/** These wrote the object from a manifest. */
const appliers = new Set([
  'kubectl-client-side-apply',
  'kubectl',
  'kubectl-create',
  'kubectl-replace',
  'before-first-apply',
]);

export type Takeover = {
  /** Changes the owners and nothing else; empty if there is nothing to take over. */
  operations: Operation[];
  /** Paths that the manifest does not have and that stay, with who set them: `spec.paused (kubectl-rollout)`. */
  left: string[];
};

export function takeover(live: Manifest, wanted: Manifest, fieldManager: string): Takeover {
  const entries = live.metadata.managedFields ?? [];
  const isManifest = (entry: V1ManagedFieldsEntry) => appliers.has(entry.manager ?? '') && !entry.subresource;
  const earlier = entries.filter(isManifest);
  const isOurs = (entry: V1ManagedFieldsEntry) => entry.manager === fieldManager && entry.operation === 'Apply';
  const own = entries.find(isOurs);
  const theirs = earlier.reduce<Fields>((all, entry) => merged(all, entry.fieldsV1 as Fields), {});
  const left = entries
    .filter(
      (entry) => !isManifest(entry) && !entry.subresource && /^(kubectl|helm|flux|argocd)/i.test(entry.manager ?? ''),
    )
    .flatMap((entry) => absent(entry.fieldsV1 as Fields, wanted).map((path) => `${path} (${entry.manager})`));
  const kept = withoutReplicas(theirs);
  if (earlier.length === 0 || Object.keys(kept).length === 0) return { operations: [], left };
  const entry: V1ManagedFieldsEntry = {
    manager: fieldManager,
    operation: 'Apply',
    apiVersion: live.apiVersion,
    time: own?.time ?? earlier[0].time,
    fieldsType: 'FieldsV1',
    fieldsV1: merged((own?.fieldsV1 ?? {}) as Fields, kept),
  };
  const replicas = theirs['f:spec']?.['f:replicas'];
  const number: V1ManagedFieldsEntry[] = replicas
    ? [{ ...earlier[0], operation: 'Update', fieldsV1: { 'f:spec': { 'f:replicas': {} } } }]
    : [];
  const others = entries.filter((each) => !isManifest(each) && !isOurs(each));
  const operations: Operation[] = [
    { op: 'test', path: '/metadata/resourceVersion', value: live.metadata.resourceVersion },
    { op: 'replace', path: '/metadata/managedFields', value: [...others, entry, ...number] },
  ];
  return { operations, left };
}

/** A manifest without a number of replicas leaves it to whoever sets it. */
function withoutReplicas(fields: Fields): Fields {
  const { 'f:spec': spec, ...rest } = fields;
  if (!spec?.['f:replicas']) return fields;
  const { 'f:replicas': _, ...others } = spec;
  return Object.keys(others).length > 0 ? { ...rest, 'f:spec': others } : rest;
}

function merged(one: Fields, other: Fields): Fields {
  const all = { ...one };
  for (const [part, inner] of Object.entries(other ?? {})) all[part] = all[part] ? merged(all[part], inner) : inner;
  return all;
}

const ownNotes = /last-applied-configuration|deployment\.kubernetes\.io\/revision/;

/** Paths of the owned fields that the manifest does not have, each branch once. */
function absent(fields: Fields, wanted: unknown, path = ''): string[] {
  return Object.entries(fields ?? {}).flatMap(([part, inner]) => {
    if (part === '.' || ownNotes.test(part)) return [];
    const { value, label } = step(part, wanted);
    const here = part.startsWith('f:') && path !== '' ? `${path}.${label}` : `${path}${label}`;
    if (value === undefined) return [here];
    return absent(inner, value, here);
  });
}

function step(part: string, wanted: unknown): { value: unknown; label: string } {
  const name = part.slice(2);
  if (part.startsWith('f:')) {
    const known = typeof wanted === 'object' && wanted !== null ? new Map(Object.entries(wanted)) : new Map();
    return { value: known.get(name), label: name };
  }
  const list: unknown[] = Array.isArray(wanted) ? wanted : [];
  const key: unknown = JSON.parse(name);
  if (part.startsWith('v:')) return { value: list.find((item) => isDeepStrictEqual(item, key)), label: `[${name}]` };
  const value = list.find((item) => matches(item, key as Record<string, unknown>));
  return { value, label: `[${Object.values(key as object).join(',')}]` };
}

/** The key has the server's default where the manifest has nothing. */
function matches(item: unknown, key: Record<string, unknown>): boolean {
  if (typeof item !== 'object' || item === null) return false;
  const known = new Map(Object.entries(item));
  return Object.entries(key).every(([name, value]) => known.get(name) === undefined || known.get(name) === value);
}

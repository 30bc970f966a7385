import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Manifest, Operation } from '../kubernetes/objects.ts';
import { difference, isChanged, storable } from './keep.ts';
import { annotations } from './manifest.ts';

function object(content: object, metadata: object = {}): Manifest {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: 'app', ...metadata }, ...content };
}

/** JSON Patch on one level, which is all that `difference` uses. */
function patched(from: Manifest, operations: Operation[]): Manifest {
  const copy = structuredClone(from) as Manifest & Record<string, unknown>;
  for (const { op, path, value } of operations) {
    const [, first, second] = path.split('/');
    const target = (second === undefined ? copy : copy.metadata) as Record<string, unknown>;
    if (op === 'remove') delete target[second ?? first];
    else target[second ?? first] = value;
  }
  return copy;
}

test('the difference leads back from any content to any other, and is empty between equals', () => {
  const content = fc.dictionary(fc.constantFrom('spec', 'data', 'rules', 'secrets'), fc.jsonValue(), {
    noNullPrototype: true,
  });
  const labels = fc.option(fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }), { nil: undefined });
  const any = fc.tuple(content, labels).map(([body, own]) => object(body, own ? { labels: own } : {}));
  fc.assert(
    fc.property(any, any, (now, before) => {
      expect(patched(now, difference(now, before))).toEqual(before);
      expect(difference(before, structuredClone(before))).toEqual([]);
    }),
  );
});

test('the notes about the failure stay, and so does the number of replicas that an autoscaler set', () => {
  const before = object(
    { spec: { replicas: 2, paused: true } },
    { annotations: { a: '1', [annotations.lastFailure]: 'old' } },
  );
  const now = object({ spec: { replicas: 5 } }, { annotations: { b: '2', [annotations.lastFailure]: 'new' } });
  expect(difference(now, before, true)).toEqual([
    { op: 'replace', path: '/metadata/annotations', value: { a: '1', [annotations.lastFailure]: 'new' } },
    { op: 'replace', path: '/spec', value: { replicas: 5, paused: true } },
  ]);
});

test("no Secret's content is written down", () => {
  const secret = { ...object({ data: { token: 'c2VjcmV0' } }), kind: 'Secret' };
  const [kept] = storable([{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'app' }, live: secret }]);
  expect(JSON.stringify(kept)).not.toContain('c2VjcmV0');
  expect(kept.unread).toContain('not kept');
});

test('an object whose status a controller has written is not changed', () => {
  const { apiVersion, kind, metadata } = object({});
  const kept = [{ apiVersion, kind, metadata, live: object({ spec: { a: 1 } }, { resourceVersion: '1' }) }];
  const after = (spec: object) =>
    object({ spec, status: { seen: true } }, { resourceVersion: '2', namespace: 'default' });
  expect([isChanged(kept, after({ a: 1 })), isChanged(kept, after({ a: 2 })), isChanged([], after({ a: 1 }))]).toEqual([
    false,
    true,
    true,
  ]);
});

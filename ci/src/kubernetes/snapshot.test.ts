import type { V1Deployment, V1Pod, V1ReplicaSet } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import {
  newRevision,
  progressLine,
  progressOf,
  revisionAnnotation,
  type Snapshot,
  selectorText,
  snapshotOf,
  withoutOldNews,
} from './snapshot.ts';

const now = new Date('2026-01-01T00:00:00Z');

/** A Deployment of two pods at generation 2, by default in the middle of its second revision. */
function recording(change: { status?: V1Deployment['status']; revision?: string; pods?: V1Pod[] } = {}): Snapshot {
  const { revision = '2', pods = [pod('old-1', 'one'), pod('old-2', 'one'), pod('new-1', 'two')] } = change;
  const status = { observedGeneration: 2, replicas: 3, updatedReplicas: 1, availableReplicas: 2, ...change.status };
  const deployment: V1Deployment = {
    metadata: {
      name: 'app',
      namespace: 'shop',
      uid: 'app',
      generation: 2,
      annotations: { [revisionAnnotation]: revision },
    },
    spec: { replicas: 2, selector: { matchLabels: { app: 'app' } }, template: {} },
    status,
  };
  const replicaSets = [set('one', '1'), set('two', '2', status.availableReplicas)];
  return snapshotOf(deployment, { replicaSets, pods, events: [] }, now);
}

function set(uid: string, revision: string, available = 0): V1ReplicaSet {
  const annotations = { [revisionAnnotation]: revision };
  const metadata = { name: uid, uid, annotations, ownerReferences: owner('Deployment', 'app') };
  return { metadata, status: { replicas: 1, readyReplicas: available, availableReplicas: available } };
}

function pod(name: string, owned: string, deletionTimestamp?: Date, ready = 'True'): V1Pod {
  const metadata = { name, uid: name, ownerReferences: owner('ReplicaSet', owned), deletionTimestamp };
  return { metadata, status: { conditions: [{ type: 'Ready', status: ready }] } };
}

const owner = (kind: string, uid: string) => [{ apiVersion: 'apps/v1', kind, name: uid, uid }];
const done = { status: { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2 } };
const newPods = [pod('new-1', 'two'), pod('new-2', 'two')];

describe('a snapshot', () => {
  test('contains only what the Deployment owns, whatever the labels say', () => {
    const strangers = { replicaSets: [{ metadata: { uid: 'x', ownerReferences: owner('Deployment', 'other') } }] };
    const about = (uid: string) => ({ involvedObject: { uid }, metadata: { uid: `about ${uid}` } });
    const material = { ...strangers, pods: [pod('p', 'x')], events: [about('app'), about('x'), about('p')] };
    const snapshot = snapshotOf(recording().deployment, material, now);
    expect([snapshot.replicaSets, snapshot.pods]).toEqual([[], []]);
    expect(snapshot.events.map(({ involvedObject }) => involvedObject.uid)).toEqual(['app']);
  });

  test('finds the new revision by its number, without pods that are being deleted', () => {
    const pods = [pod('old', 'one'), pod('new', 'two'), pod('gone', 'two', now)];
    const revision = newRevision(recording({ pods }));
    expect(revision?.replicaSet.metadata?.name).toBe('two');
    expect(revision?.pods.map(({ metadata }) => metadata?.name)).toEqual(['new']);
  });

  test('has no new revision before the controller has seen the template', () => {
    expect(newRevision(recording({ status: { observedGeneration: 1 } }))).toBeUndefined();
  });

  test('turns a selector into the text of a list request', () => {
    const matchExpressions = [
      { key: 'tier', operator: 'In', values: ['a', 'b'] },
      { key: 'env', operator: 'NotIn', values: ['dev'] },
      { key: 'team', operator: 'Exists' },
      { key: 'old', operator: 'DoesNotExist' },
    ];
    const text = selectorText({ matchLabels: { app: 'app', part: 'web' }, matchExpressions });
    expect(text).toBe('app=app,part=web,tier in (a,b),env notin (dev),team,!old');
  });
});

describe('progress', () => {
  test('is shown in figures', () => {
    expect(progressLine(progressOf(recording()))).toBe('1 of 2 updated, 2 ready, 2 available; 2 old pods left');
  });

  test('is done when only the new revision serves', () => {
    expect(progressOf(recording({ ...done, pods: newPods }))).toMatchObject({ isDone: true, hasSettled: true, old: 0 });
  });

  test('has settled but is not done while old pods terminate', () => {
    const ending = pod('old-1', 'one', new Date(now.getTime() + 10_000));
    expect(progressOf(recording({ ...done, pods: [...newPods, ending] }))).toMatchObject({
      isDone: false,
      hasSettled: true,
      old: 1,
    });
  });

  test('does not wait for a terminating pod that serves nobody', () => {
    const ending = pod('bad-1', 'one', new Date(now.getTime() + 10_000), 'False');
    expect(progressOf(recording({ ...done, pods: [...newPods, ending] })).isDone).toBe(true);
  });

  test('does not wait for a pod long past its end, whose node has gone', () => {
    const lost = pod('old-1', 'one', new Date(now.getTime() - 60_000));
    expect(progressOf(recording({ ...done, pods: [...newPods, lost] })).isDone).toBe(true);
  });

  test('is not done while the counts are older than the last change', () => {
    const status = { ...done.status, observedGeneration: 1 };
    expect(progressOf(recording({ status, pods: newPods })).isDone).toBe(false);
  });

  test.each(['replicas', 'updatedReplicas', 'availableReplicas'])('is not done while %s differs', (field) => {
    const status = { ...done.status, [field]: 1 };
    expect(progressOf(recording({ status, pods: newPods })).isDone).toBe(false);
  });
});

describe('old news', () => {
  const condition = (reason: string, at: Date) => ({
    type: 'Progressing',
    status: 'False',
    reason,
    lastUpdateTime: at,
  });
  const event = (uid: string, resourceVersion: string) => ({
    involvedObject: { uid: 'two' },
    metadata: { uid, resourceVersion },
    reason: 'FailedCreate',
  });
  const news = (generation: number, conditions: object[], events: object[]): Snapshot => {
    const snapshot = recording();
    const { metadata, status } = snapshot.deployment;
    const deployment = {
      ...snapshot.deployment,
      metadata: { ...metadata, generation },
      status: { ...status, conditions },
    };
    return { ...snapshot, deployment, events } as Snapshot;
  };
  const late = new Date(now.getTime() + 1000);
  const before = news(1, [condition('ProgressDeadlineExceeded', now)], [event('a', '1'), event('b', '1')]);

  test('is what was there before the apply', () => {
    const seen = withoutOldNews(news(2, [condition('ProgressDeadlineExceeded', now)], before.events), before);
    expect([seen.events, seen.deployment.status?.conditions]).toEqual([[], []]);
  });

  test('does not include what happened again since', () => {
    const after = news(2, [condition('ProgressDeadlineExceeded', late)], [event('a', '1'), event('b', '2')]);
    const seen = withoutOldNews(after, before);
    expect(seen.events.map(({ metadata }) => metadata.uid)).toEqual(['b']);
    expect(seen.deployment.status?.conditions).toHaveLength(1);
  });

  test('is empty if the apply changed nothing: the failure on record is this one', () => {
    expect(withoutOldNews(before, before)).toBe(before);
  });
});

import { expect, test } from 'vitest';
import type { NodeState } from '../kubernetes/nodes.ts';
import type { Snapshot } from '../kubernetes/snapshot.ts';
import { explain } from './explain.ts';
import { judge, judgeNow, noHistory, remember } from './judge.ts';
import type { Reads } from './reads.ts';
import { later, recorded } from './testdata/recorded.ts';
import { watch } from './testdata/watch.ts';

const unknown = { reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' };

function node(name: string, status: string, words: object = {}): NodeState {
  return { name, state: 'there', ready: { type: 'Ready', status, ...words } };
}

/** A pod that was bound to a node that then died: no kubelet ever saw it. */
function neverPickedUp(nodes: NodeState[]): Snapshot {
  return { ...recorded('node-not-ready'), nodes };
}

test('a node that fails and recovers, however often, leads to no verdict', () => {
  let history = noHistory;
  for (let second = 0; second < 300; second++) {
    const nodes = [second % 55 < 50 ? node('node1', 'Unknown', unknown) : node('node1', 'True')];
    const seen = { ...later(recorded('never-ready'), second), events: [], nodes };
    history = remember(seen, history);
    expect(judge(seen, history)).toBeUndefined();
  }
});

test('a node that is not ready makes other findings about its pods stale, except those that cannot heal', () => {
  const nodes = [node('node1', 'False', { reason: 'KubeletNotReady', message: 'container runtime is down' })];
  const { verdict, after } = watch({ ...recorded('never-ready'), nodes });
  expect(after).toBe(60);
  expect(verdict).toMatchObject({
    cause: 'node-trouble',
    headline: expect.stringMatching(/not ready: container runtime is down$/),
  });
  expect(watch({ ...recorded('image-forbidden'), nodes }).verdict?.cause).toBe('image-forbidden');
});

test('the event of a node that has recovered is ignored', () => {
  const seen = recorded('never-ready');
  const [event] = seen.events;
  seen.events = [{ ...event, reason: 'NodeNotReady', message: 'Node is not ready' }];
  expect(judgeNow(seen)).toMatchObject({ cause: 'node-trouble', headline: expect.stringMatching(/is not ready$/) });
  expect(judgeNow({ ...seen, nodes: [node('node1', 'True')] })).toBeUndefined();
});

test('without the right to read nodes, a pod that its node does not pick up is still reported, with the missing right', async () => {
  const why = 'nodes is forbidden: User "release" cannot list resource "nodes" in API group "" at the cluster scope';
  const seen = neverPickedUp([{ name: 'node2', state: 'unread', why }]);
  const { verdict, after } = watch(seen);
  expect(after).toBe(60);
  expect(verdict?.headline).toBe('Deployment d-node/app: node node2 does not pick up pod app-77694c9c4f-5nl59');
  const reads = { nodes: () => Promise.reject(new Error(why)) } as unknown as Reads;
  expect((await explain(verdict!, seen, reads)).evidence).toEqual([
    'pod app-77694c9c4f-5nl59: bound to node2 at 2026-11-24T17:19:39.000Z, and its kubelet has not reported on it',
    `the nodes cannot be read: ${why}`,
  ]);
});

test('a pod that was bound a moment ago is not reported', () => {
  const seen = neverPickedUp([node('node2', 'True')]);
  seen.now = new Date('2026-11-24T17:19:45Z');
  expect(judgeNow(seen)).toBeUndefined();
});

test('the rollout waits when a node is gone, because the cluster recreates its pods', () => {
  const seen = neverPickedUp([{ name: 'node2', state: 'gone' }]);
  expect(watch(seen)).toEqual({});
  expect(judgeNow(seen)?.headline).toBe('Deployment d-node/app: node node2 of pod app-77694c9c4f-5nl59 is gone');
});

test('at the deadline a node that cannot be read is evidence', () => {
  const seen = recorded('never-ready');
  seen.events = [];
  seen.nodes = [{ name: 'node1', state: 'unread', why: 'nodes is forbidden' }];
  Object.assign(seen.deployment.status!.conditions!.find(({ type }) => type === 'Progressing')!, {
    status: 'False',
    reason: 'ProgressDeadlineExceeded',
  });
  expect(judgeNow(seen)?.evidence).toContain('the state of node node1 cannot be read: nodes is forbidden');
});

// The node of the tests is never short of anything; these statuses are written as the kubelet writes them.
test('evicted pods are reported from the second on', () => {
  const once = recorded('never-ready');
  once.events = [];
  const [pod] = once.pods;
  pod.status = { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' };
  expect(watch(once)).toEqual({});
  once.pods.push(structuredClone(pod));
  expect(watch(once).verdict).toMatchObject({ cause: 'node-trouble', permanent: false });
});

test('a node without a free address is reported with the command that shows the subnet', () => {
  const waiting = recorded('volume-mount');
  const message =
    'Failed to create pod sandbox: plugin type="aws-cni" failed (add): add cmd: failed to assign an IP address to container';
  // each attempt is for a sandbox of another name
  waiting.events = ['b1', 'b2', 'b3'].map((sandbox) => {
    const words = message.replace('sandbox:', `sandbox "${sandbox}":`);
    return { ...waiting.events[0], reason: 'FailedCreatePodSandBox', message: words, count: 1 };
  });
  const { verdict } = watch(waiting);
  expect(verdict).toMatchObject({ cause: 'node-trouble' });
  expect(verdict?.next).toContain('AvailableIpAddressCount');
});

import { expect, test } from 'vitest';
import type { Snapshot } from '../kubernetes/snapshot.ts';
import type { PatienceTable } from './causes.ts';
import { afterSilence, isMoving, judge, judgeNow, noHistory, remember } from './judge.ts';
import { later, recorded } from './testdata/recorded.ts';
import { watch } from './testdata/watch.ts';

function gated(condition?: { status: string; reason?: string; message?: string }): Snapshot {
  const snapshot = recorded('never-ready-gate');
  const [pod] = snapshot.pods;
  const type = pod.spec!.readinessGates![0].conditionType;
  const others = pod.status!.conditions!.filter((each) => each.type !== type);
  pod.status!.conditions = condition ? [...others, { type, ...condition }] : others;
  return snapshot;
}

test.each([
  undefined,
  { status: 'False' },
  { status: 'Unknown', reason: 'Anything' },
  { status: 'False', reason: 'Elb.RegistrationInProgress', message: 'Target registration is in progress' },
  { status: 'False', reason: 'Elb.InitialHealthChecking', message: 'Initial health checks in progress' },
  { status: 'False', reason: 'LoadBalancerNegNotReady' },
])('a gate that says %j has until the deadline', (condition) => {
  expect(watch(gated(condition), undefined, 600)).toEqual({});
  const { verdict } = watch(pastDeadline(gated(condition)), undefined, 700);
  expect(verdict).toMatchObject({ cause: 'never-ready', permanent: false });
});

test('a gate whose target fails its checks has the patience of its cause, and a minute to pass several again', () => {
  const { verdict, after } = watch(gated({ status: 'False', reason: 'Target.FailedHealthChecks' }), undefined, 300);
  expect(after).toBe(120);
  expect(verdict?.headline).toBe(
    'Deployment d-gate/sentiment: pod sentiment-7b8df977bc-lxfvv runs but its readiness gate target-health.elbv2.k8s.aws/x is not true (Target.FailedHealthChecks)',
  );
  expect(verdict?.next).toContain("compare the balancer's health check");
});

test("a gate's next stage renews the deadline, and a stage that it had before does not", () => {
  const registering = { status: 'False', reason: 'Elb.RegistrationInProgress' };
  const checking = { status: 'False', reason: 'Elb.InitialHealthChecking' };
  const seconds = 600;
  const at = (second: number, condition: object) => {
    const seen = gated(condition as { status: string });
    return later(second >= seconds ? pastDeadline(seen) : seen, second);
  };
  let history = noHistory;
  const verdictAt = (second: number, condition: object) => {
    history = remember(at(second, condition), history);
    return judge(at(second, condition), history);
  };
  expect(verdictAt(0, registering)).toBeUndefined();
  expect(verdictAt(500, checking)).toBeUndefined();
  expect(verdictAt(seconds, checking)).toBeUndefined();
  expect(verdictAt(900, registering)).toBeUndefined();
  expect(verdictAt(500 + seconds, checking)).toMatchObject({ cause: 'never-ready' });
});

test('a gate that has just opened is progress too: the Deployment has not heard of it yet', () => {
  const checking = { status: 'False', reason: 'Elb.InitialHealthChecking' };
  let history = noHistory;
  for (const [second, condition] of [
    [0, checking],
    [700, { status: 'True' }],
  ] as const)
    history = remember(later(pastDeadline(gated(condition)), second), history);
  const opened = (second: number) => later(pastDeadline(gated({ status: 'True' })), second);
  expect(judge(opened(701), history)).toBeUndefined();
  expect(isMoving(opened(701), history)).toBe(true);
  expect(isMoving(opened(700 + 600), history)).toBe(false);
});

test('an old pod that is ending makes room: a quota or a full node waits for it, and as long again for a retry', () => {
  for (const [name, text] of [
    ['quota', 'requested: requests.cpu=500m, used: requests.cpu=700m'],
    ['unschedulable', ''],
  ]) {
    const held = () =>
      recorded(name, (json) =>
        text ? json.replaceAll('requested: requests.cpu=2, used: requests.cpu=0', text) : json,
      );
    const patience = name === 'quota' ? 30 : 60;
    const ending = held();
    const old = { metadata: { name: 'old', uid: 'old', deletionTimestamp: later(ending, 150).now } };
    ending.pods.push(old);
    let history = noHistory;
    for (let second = 0; second <= 150; second++) {
      const seen = later(ending, second);
      history = remember(seen, history);
      expect(judge(seen, history), `${name} ${second}`).toBeUndefined();
    }
    const verdicts = Array.from({ length: 300 }, (_, index) => {
      const seen = later(held(), 151 + index);
      history = remember(seen, history);
      return judge(seen, history);
    });
    expect(
      verdicts.findIndex((verdict) => verdict !== undefined),
      name,
    ).toBe(150 + patience - 1);
  }
});

test('what the cluster was busy with before it could not be asked makes its retries rare afterwards, too', () => {
  const held = () =>
    recorded('quota', (json) =>
      json.replaceAll(
        'requested: requests.cpu=2, used: requests.cpu=0',
        'requested: requests.cpu=500m, used: requests.cpu=700m',
      ),
    );
  const ending = held();
  ending.pods.push({ metadata: { name: 'old', uid: 'old', deletionTimestamp: later(ending, 100).now } });
  let history = noHistory;
  for (let second = 0; second <= 100; second++) history = remember(later(ending, second), history);
  history = afterSilence(history, later(ending, 120).now);
  const verdicts = Array.from({ length: 300 }, (_, index) => {
    const seen = later(held(), 120 + index);
    history = remember(seen, history);
    return judge(seen, history);
  });
  // 100 s of waiting and 20 s of silence, and then the patience of 30 s.
  expect(verdicts.findIndex((verdict) => verdict !== undefined)).toBe(150);
});

test('a service that starts as slowly as the revision before gets twice that time', () => {
  const slow = recorded('never-ready');
  const started = new Date(slow.now.getTime() - 3_600_000);
  slow.pods.push({
    metadata: { name: 'old', uid: 'old' },
    status: {
      startTime: started,
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: new Date(started.getTime() + 100_000) }],
    },
  });
  expect(watch(slow, undefined, 300).after).toBe(200);
});

test('neither the first failed pull nor one that healed leads to a verdict', () => {
  const once = recorded('image-unreachable', (text) => text.replace(/"count":\d+/g, '"count":1'));
  expect(watch(once, undefined, 100)).toEqual({});
  const failing = recorded('image-unreachable');
  const healed = { ...failing, pods: [] };
  let history = remember(failing, noHistory);
  history = remember(later(healed, 8), history);
  history = remember(later(failing, 16), history);
  expect(judge(later(failing, 16), history)).toBeUndefined();
});

// The runtime unpacks into a folder with a new name each time.
test('attempts count together even if each message differs', () => {
  const seen = recorded('image-unreachable', (text) => text.replace(/"count":\d+/g, '"count":1'));
  const pull = seen.events.find(({ message }) => /^Failed to pull image/.test(message ?? ''))!;
  seen.events.push({ ...pull, message: `${pull.message} (containerd-mount2)` });
  expect(watch(seen).after).toBe(10);
});

test('many pods that each need a while are not one pod that never gets ready', () => {
  let history = noHistory;
  for (let second = 0; second < 300; second++) {
    const pod = `sentiment-${Math.floor(second / 40)}`;
    const seen = later(
      recorded('never-ready', (text) => text.replaceAll('sentiment-5b8c4b848f-', `${pod}-`)),
      second,
    );
    history = remember(seen, history);
    expect(judge(seen, history)).toBeUndefined();
  }
});

test('a caller can set a longer patience for a cause', () => {
  const own: PatienceTable = { 'image-not-found': 120 };
  expect(watch(recorded('image-not-found'), own, 119)).toEqual({});
  expect(watch(recorded('image-not-found'), own).after).toBe(120);
});

test('a caller can set a patience for a fault that cannot heal, and none at all', () => {
  expect(watch(recorded('image-forbidden'), { 'image-forbidden': 30 }).after).toBe(30);
  expect(watch(recorded('image-forbidden'), { 'image-forbidden': 0 }).after).toBe(0);
  expect(watch(recorded('image-not-found'), { 'image-not-found': 0 }).after).toBe(0);
});

// The event is the one in Karpenter's documentation.
test('an unschedulable pod may wait while Karpenter adds a node', () => {
  const coming = recorded('unschedulable');
  const [event] = coming.events;
  coming.events.push({
    ...event,
    type: 'Normal',
    reason: 'Nominated',
    message: 'Pod should schedule on: nodeclaim/default-x7k2p',
  });
  expect(watch(coming, undefined, 300)).toEqual({});
  expect(judgeNow(coming)?.evidence).toContain('Nominated: "Pod should schedule on: nodeclaim/default-x7k2p"');
});

test('a quota that older pods still hold may free up', () => {
  const held = recorded('quota', (text) =>
    text.replaceAll(
      'requested: requests.cpu=2, used: requests.cpu=0',
      'requested: requests.cpu=500m, used: requests.cpu=700m',
    ),
  );
  const { verdict, after } = watch(held);
  expect(after).toBe(30);
  expect(verdict?.permanent).toBe(false);
});

test('a container that runs again after two crashes is given until the deadline', () => {
  const again = recorded('crash-loop');
  const status = again.pods[0].status!.containerStatuses![0];
  status.state = { running: { startedAt: again.now } };
  expect(watch(again)).toEqual({});
  expect(judgeNow(again)?.cause).toBe('crash-loop');
});

function pastDeadline(snapshot: Snapshot): Snapshot {
  const condition = snapshot.deployment.status!.conditions!.find(({ type }) => type === 'Progressing')!;
  const name = snapshot.replicaSets[0].metadata!.name;
  Object.assign(condition, {
    status: 'False',
    reason: 'ProgressDeadlineExceeded',
    message: `ReplicaSet "${name}" has timed out progressing.`,
  });
  return snapshot;
}

test('at the deadline, the fault that was still being waited for is the verdict', () => {
  const { verdict, after } = watch(pastDeadline(recorded('never-ready')));
  expect(after).toBe(0);
  expect(verdict).toMatchObject({ cause: 'never-ready', permanent: false });
  expect(verdict?.evidence.join()).toContain('has timed out progressing');
});

test('a deadline without another fault is a verdict, but not one of another ReplicaSet', () => {
  const silent = { ...pastDeadline(recorded('never-ready')), events: [] };
  expect(watch(silent).verdict).toMatchObject({
    cause: 'deadline',
    headline:
      'Deployment d-ready503/sentiment made no progress for 600 s (spec.progressDeadlineSeconds), 0 of 1 new pods are ready',
  });
  const other = recorded('never-ready');
  other.events = [];
  pastDeadline(other);
  other.replicaSets[0].metadata!.name = 'sentiment-another';
  expect(watch(other)).toEqual({});
});

test('pods that have just become ready outrun a deadline that the Deployment still reports', () => {
  const seen = { ...pastDeadline(recorded('never-ready')), events: [], pods: [] };
  for (const replicaSet of seen.replicaSets) replicaSet.status = { ...replicaSet.status!, readyReplicas: 1 };
  expect(watch(seen).verdict).toBeUndefined();
});

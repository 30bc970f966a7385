import { expect, test } from 'vitest';
import type { Snapshot } from '../kubernetes/snapshot.ts';
import type { Cause, PatienceTable } from './causes.ts';
import { afterSilence, isMoving, judge, judgeNow, noHistory, remember } from './judge.ts';
import { later, recorded } from './testdata/recorded.ts';
import { watch } from './testdata/watch.ts';

// 0 s: it cannot heal. Every other fault gets the patience of its cause.
test.each<[string, Cause, number, string]>([
  [
    'image-forbidden',
    'image-forbidden',
    0,
    'Deployment d-forbidden/sentiment cannot pull 127.0.0.1:5002/app:v1: the registry refuses it (403)',
  ],
  [
    'image-no-credentials',
    'image-no-credentials',
    0,
    'Deployment d-nocred/sentiment cannot pull 127.0.0.1:5001/app:v1: the node has no valid credentials for the registry (401)',
  ],
  [
    'image-not-found',
    'image-not-found',
    10,
    'Deployment d-tag/sentiment cannot pull 127.0.0.1:5000/app:v9: the registry has no such image',
  ],
  [
    'image-never-pulled',
    'image-not-found',
    0,
    'Deployment d-never/sentiment cannot pull 127.0.0.1:5000/app:v2: the node does not have it and may not pull it (imagePullPolicy: Never)',
  ],
  [
    'image-tls',
    'image-tls',
    0,
    "Deployment d-tls/sentiment cannot pull 10.89.0.1:5003/app:v1: the node does not trust the registry's certificate",
  ],
  [
    'image-rate-limit',
    'image-rate-limit',
    90,
    'Deployment d-rate/sentiment cannot pull 127.0.0.1:5004/app:v1: the registry limits the pull rate (429)',
  ],
  [
    'image-unreachable',
    'image-unreachable',
    10,
    'Deployment d-refused/sentiment cannot pull 127.0.0.1:5999/app:v1: the node cannot reach the registry',
  ],
  [
    'image-host-unknown',
    'image-unreachable',
    10,
    'Deployment d-nohost/sentiment cannot pull 123456789012.dkr.ecr.eu-west-9.amazonaws.com/sentiment:v1: the node cannot reach the registry',
  ],
  [
    'image-name',
    'image-name',
    0,
    'Deployment d-badname/sentiment cannot pull 127.0.0.1:5000/App:v1: that is not a valid image name',
  ],
  [
    'crash-loop',
    'crash-loop',
    20,
    'Deployment d-crash/sentiment: container web fails with exit code 3 and keeps restarting',
  ],
  [
    'crash-loop-init',
    'crash-loop',
    20,
    'Deployment d-init/sentiment: init container migrate fails with exit code 4 and keeps restarting',
  ],
  [
    'out-of-memory',
    'out-of-memory',
    1,
    'Deployment d-oom2/sentiment: container web runs out of memory (OOMKilled); its limit is 24Mi',
  ],
  [
    'container-start',
    'container-start',
    0,
    'Deployment d-badcmd/sentiment: container web cannot start: there is no /bin/sentimnt in 127.0.0.1:5000/app:v1',
  ],
  [
    'security-context',
    'security-context',
    0,
    'Deployment d-root/sentiment: container web cannot start under its security context: container has runAsNonRoot and image will run as root',
  ],
  [
    'never-ready',
    'never-ready',
    66,
    'Deployment d-ready503/sentiment: container web never becomes ready, its readiness probe (GET /ready on port 8080) says: HTTP 503',
  ],
  [
    'never-ready-path',
    'never-ready',
    66,
    'Deployment d-ready404/sentiment: container web never becomes ready, its readiness probe (GET /redy on port 8080) says: HTTP 404',
  ],
  [
    'never-ready-command',
    'never-ready',
    66,
    'Deployment d-readyexec/sentiment: container web never becomes ready, its readiness probe (command ["/bin/busybox","sh","-c","echo model not loaded; exit 7"]) says: model not loaded',
  ],
  [
    'never-ready-port-changed',
    'never-ready',
    66,
    'Deployment d-port/sentiment: container web never becomes ready, its readiness probe (GET /ready on port 9090) says: connection refused',
  ],
  [
    'startup-probe',
    'startup-probe',
    0,
    'Deployment d-startup/sentiment: container web never comes up, its startup probe (GET /ready on port 8080) says: HTTP 503',
  ],
  [
    'liveness-probe',
    'liveness-probe',
    10,
    'Deployment d-live/sentiment: container web is restarted, its liveness probe (GET /ready on port 8080) says: HTTP 503',
  ],
  [
    'node-not-ready',
    'node-trouble',
    60,
    'Deployment d-node/app: node node2 of pod app-77694c9c4f-5nl59 is not ready: Kubelet stopped posting node status',
  ],
  [
    'unschedulable',
    'unschedulable',
    60,
    'Deployment d-cpu/sentiment: no node can run pod sentiment-7fbd4d586d-tr58h: 0/1 nodes are available: 1 Insufficient cpu',
  ],
  [
    'unschedulable-selector',
    'unschedulable',
    60,
    "Deployment d-selector/sentiment: no node can run pod sentiment-5c6bff9c5b-nnk77: 0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector",
  ],
  [
    'quota',
    'quota',
    0,
    'Deployment d-quota/sentiment: its pods are refused, quota "team" is exhausted: requested requests.cpu=2, used requests.cpu=0, limit requests.cpu=1',
  ],
  [
    'quota-limit-range',
    'quota',
    0,
    'Deployment d-limitrange/sentiment: its pods are refused by a LimitRange: the maximum of memory per Container is 64Mi, their limit is 128Mi',
  ],
  [
    'admission-denied-priority-class',
    'admission-denied',
    30,
    'Deployment d-priority/sentiment: its pods are refused: no PriorityClass with name gold was found',
  ],
  [
    'missing-service-account',
    'missing-config',
    12,
    'Deployment d-sa/sentiment: there is no ServiceAccount "sentimnt", which its pods need',
  ],
  [
    'missing-config-map',
    'missing-config',
    12,
    'Deployment d-envcm/sentiment: there is no ConfigMap "sentiment-confg", which container web of its pods needs',
  ],
  [
    'missing-key',
    'missing-config',
    12,
    'Deployment d-envkey/sentiment: there is no key "token" in Secret "mlflow", which container web of its pods needs',
  ],
  [
    'missing-config-map-volume',
    'missing-config',
    12,
    'Deployment d-volcm/sentiment: there is no ConfigMap "settings", which volume d of its pods needs',
  ],
  [
    'missing-key-volume',
    'missing-config',
    12,
    'Deployment d-volkey/sentiment: there is no key "crt" in Secret "tls", which volume d of its pods needs',
  ],
  [
    'volume-mount',
    'volume-mount',
    30,
    'Deployment d-host/sentiment: volume d cannot be mounted: hostPath type check failed: /no/such is not a directory',
  ],
  [
    'volume-claim',
    'volume-mount',
    30,
    'Deployment d-pvc/sentiment: there is no PersistentVolumeClaim "data", which its pods need',
  ],
])('the recording %s is judged %s after %i s', (name, cause, after, headline) => {
  const { verdict, after: seconds } = watch(recorded(name));
  expect(verdict).toMatchObject({ cause, headline, permanent: after === 0, runbook: `docs/runbook/${cause}.md` });
  expect(seconds).toBe(after);
  expect(verdict?.next).not.toBe('');
});

test('Pod Security is quoted in full, with what it requires of each field', () => {
  const { verdict, after } = watch(recorded('admission-denied'));
  expect(after).toBe(0);
  expect(verdict?.headline).toContain(
    'refused by Pod Security "restricted:latest": privileged (container "web" must not set',
  );
  expect(verdict?.evidence.join()).toContain('seccompProfile (pod or container "web" must set');
});

/** A revision that serves, and a new one from another registry, both with ECR's names. */
const account = recorded('image-forbidden-second-revision', (text) =>
  text
    .replaceAll('127.0.0.1:5000/app:v1', '123456789012.dkr.ecr.eu-central-1.amazonaws.com/sentiment:v1')
    .replaceAll('127.0.0.1:5002/app:v1', '210987654321.dkr.ecr.eu-central-1.amazonaws.com/sentiment:v2'),
);

test('a wrong account is reported with both images and the command that corrects it', () => {
  const { verdict, after } = watch(account);
  expect(after).toBe(0);
  expect(verdict?.headline).toBe(
    'Deployment d-second/sentiment cannot pull 210987654321.dkr.ecr.eu-central-1.amazonaws.com/sentiment:v2: the registry refuses it (403); account 210987654321 instead of 123456789012, where 123456789012.dkr.ecr.eu-central-1.amazonaws.com/sentiment:v1 runs',
  );
  expect(verdict?.next).toBe(
    'kubectl -n d-second set image deployment/sentiment web=123456789012.dkr.ecr.eu-central-1.amazonaws.com/sentiment:v2',
  );
});

test('the Failed event gives the cause where the waiting message hides it', () => {
  const old = recorded('image-forbidden');
  const waiting = old.pods[0].status!.containerStatuses![0].state!.waiting!;
  expect(waiting.message).toContain('403 Forbidden');
  waiting.message = 'Back-off pulling image "127.0.0.1:5002/app:v1"';
  expect(watch(old).verdict?.cause).toBe('image-forbidden');
});

/** A pod whose gate says `reason`, in a Deployment that has made no progress yet. */
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

/** Two pods of one revision with different faults. */
function twoFaults(first: string, second: string): Snapshot {
  const one = recorded(first);
  const set = one.replicaSets[0].metadata!;
  const other = recorded(second, (text) => text.replaceAll(recorded(second).replicaSets[0].metadata!.uid!, set.uid!));
  return { ...one, pods: [...one.pods, ...other.pods], events: [...one.events, ...other.events] };
}

test.each([
  ['crash-loop', 'never-ready', 'crash-loop'],
  ['never-ready', 'crash-loop', 'crash-loop'],
  ['crash-loop', 'image-forbidden', 'image-forbidden'],
  ['out-of-memory', 'image-unreachable', 'image-unreachable'],
])('of the faults %s and %s the rank decides for %s, in whatever order they appear', (first, second, cause) => {
  const snapshot = twoFaults(first, second);
  expect(judgeNow(snapshot)?.cause).toBe(cause);
  const reversed = { ...snapshot, pods: snapshot.pods.toReversed() };
  expect(judgeNow(reversed)).toEqual(judgeNow(snapshot));
});

test('pods of older revisions and pods being deleted do not count', () => {
  const failing = recorded('image-forbidden');
  const asOld = recorded('image-forbidden', (text) =>
    text.replaceAll('"deployment.kubernetes.io/revision":"1"', '"deployment.kubernetes.io/revision":"0"'),
  );
  asOld.deployment = failing.deployment;
  expect(judgeNow(asOld)).toBeUndefined();
  for (const pod of failing.pods) pod.metadata!.deletionTimestamp = failing.now;
  expect(judgeNow(failing)).toBeUndefined();
});

test('a generation that the controller has not observed yet is not judged by the old status', () => {
  const stale = recorded('quota');
  stale.deployment.metadata!.generation = 2;
  expect(judgeNow(stale)).toBeUndefined();
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

test('judgeNow reports a paused Deployment', () => {
  const paused = { ...recorded('never-ready'), events: [] };
  paused.deployment.spec!.paused = true;
  expect(judgeNow(paused)?.next).toBe('kubectl -n d-ready503 rollout resume deployment/sentiment');
});

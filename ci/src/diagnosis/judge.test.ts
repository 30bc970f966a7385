import { expect, test } from 'vitest';
import type { Snapshot } from '../kubernetes/snapshot.ts';
import type { Cause } from './causes.ts';
import { judgeNow } from './judge.ts';
import { recorded } from './testdata/recorded.ts';
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

test('judgeNow reports a paused Deployment', () => {
  const paused = { ...recorded('never-ready'), events: [] };
  paused.deployment.spec!.paused = true;
  expect(judgeNow(paused)?.next).toBe('kubectl -n d-ready503 rollout resume deployment/sentiment');
});

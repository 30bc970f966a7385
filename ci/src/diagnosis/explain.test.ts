import { expect, test, vi } from 'vitest';
import type { ImageExplanation } from '../image_name.ts';
import { explain } from './explain.ts';
import type { Verdict } from './finding.ts';
import { judgeNow } from './judge.ts';
import type { NodeRoom, Reads } from './reads.ts';
import { recorded } from './testdata/recorded.ts';

const nothing: Reads = {
  log: async () => '',
  answer: async () => undefined,
  quotas: async () => [],
  nodes: async () => [],
  names: async () => [],
  keys: async () => [],
};

async function explained(name: string, reads: Partial<Reads>, change?: (text: string) => string): Promise<Verdict> {
  const snapshot = recorded(name, change);
  return explain(judgeNow(snapshot)!, snapshot, { ...nothing, ...reads });
}

test('a crash is reported with its own last error, without secrets', async () => {
  const log = async (_pod: string, _container: string, previous: boolean) => {
    expect(previous).toBe(false); // it waits for its restart, so the current log is that of the last run
    return 'starting\nError: MODEL_PATH is not set, password=hunter2\n\n';
  };
  const verdict = await explained('crash-loop', { log });
  expect(verdict.headline).toBe(
    'Deployment d-crash/sentiment: container web ends with exit code 3 and says: Error: MODEL_PATH is not set, password=***',
  );
  expect(verdict.evidence).toContain('log: starting');
  expect(JSON.stringify(verdict)).not.toContain('hunter2');
});

test('a program for another architecture is recognised by its only log line', async () => {
  const verdict = await explained('image-exec-format', { log: async () => 'exec /bin/app: exec format error\n' });
  expect(verdict).toMatchObject({ cause: 'image-architecture', runbook: 'docs/runbook/image-architecture.md' });
  expect(verdict.evidence.join()).toContain('exec format error');
});

test('a service that says why it is not ready is quoted', async () => {
  const answer = async (_pod: string, port: string, path: string) => {
    expect([port, path]).toEqual(['8080', '/ready']);
    return { status: 503, body: 'the model is not loaded\n' };
  };
  const verdict = await explained('never-ready', { answer, log: async () => 'listening\n' });
  expect(verdict.headline).toMatch(/says: HTTP 503, "the model is not loaded"$/);
  expect(verdict.evidence).toContain('GET /ready answers 503: "the model is not loaded"');
  expect(verdict.evidence).toContain('log: listening');
});

test('a quota is reported with what is left and the limit that would suffice', async () => {
  const quotas = async () => [
    { name: 'team', hard: { 'requests.cpu': '1', pods: '5' }, used: { 'requests.cpu': '0', pods: '0' } },
  ];
  const verdict = await explained('quota', { quotas });
  expect(verdict.evidence).toContain('quota team: requests.cpu 0 of 1 used, 1 left, a pod requests 2');
  expect(verdict.next).toBe(
    `let a pod request at most requests.cpu 1, or raise the quota: kubectl -n d-quota patch resourcequota team --type merge -p '{"spec":{"hard":{"requests.cpu":"2"}}}'`,
  );
});

const node: NodeRoom = {
  name: 'node1',
  labels: { 'kubernetes.io/arch': 'amd64' },
  taints: [],
  troubles: [],
  allocatable: { cpu: '2', memory: '8Gi', pods: '110' },
  requested: { cpu: '410m', memory: '1Gi', pods: '12' },
};

test('an unschedulable pod is reported with what each node has free', async () => {
  const verdict = await explained('unschedulable', {
    nodes: async () => [node, { ...node, name: 'node2', requested: { cpu: '1' } }],
  });
  expect(verdict.evidence).toContain('node node1: cpu 1590m of 2 free, 64 requested');
  expect(verdict.next).toBe(
    'let a pod request at most cpu 1590m (resources.requests, now 64), or add a node with 64 free',
  );
});

test('a label that no node has is reported with the labels of the nodes', async () => {
  const verdict = await explained('unschedulable-selector', { nodes: async () => [node] });
  expect(verdict.evidence).toContain('no node has kubernetes.io/arch=arm64; they have amd64');
});

test('a missing name is reported with the nearest one', async () => {
  const verdict = await explained('missing-config-map', {
    names: async () => ['kube-root-ca.crt', 'sentiment-config'],
  });
  expect(verdict.next).toBe(
    'if "sentiment-config" is meant, write it in place of "sentiment-confg" in the pod template',
  );
});

test('a missing key is reported with the existing keys', async () => {
  const keys = async (kind: string, name: string) => (kind === 'Secret' && name === 'mlflow' ? ['tokn', 'user'] : []);
  const verdict = await explained('missing-key', { keys });
  expect(verdict.evidence).toContain('keys of Secret mlflow: tokn, user');
  expect(verdict.next).toContain('write it in place of "token"');
});

const asEcr = (text: string) => text.replaceAll('127.0.0.1:5002/app:v1', wrong);
const wrong = '210987654321.dkr.ecr.eu-central-1.amazonaws.com/sentiment:v1';
const right = '123456789012.dkr.ecr.eu-central-1.amazonaws.com/sentiment:v1';

test('an image is reported with the nearest one in the registry', async () => {
  const explanation: ImageExplanation = {
    reference: wrong,
    nearest: right,
    differences: [{ part: 'account', found: '210987654321', expected: '123456789012' }],
    evidence: ['this role is of account 123456789012'],
  };
  const verdict = await explained('image-forbidden', { explainImage: async () => explanation }, asEcr);
  expect(verdict.headline).toBe(
    `Deployment d-forbidden/sentiment cannot pull ${wrong}: the registry refuses it (403); account 210987654321 instead of 123456789012, where ${right} exists`,
  );
  expect(verdict.next).toBe(`kubectl -n d-forbidden set image deployment/sentiment web=${right}`);
  expect(verdict.evidence).toContain('this role is of account 123456789012');
});

test('a failed read becomes a line of evidence', async () => {
  const log = async () => {
    throw new Error('pods "x" is forbidden');
  };
  const verdict = await explained('crash-loop', { log });
  expect(verdict.cause).toBe('crash-loop');
  expect(verdict.evidence.at(-1)).toBe('the log of sentiment-74d46b5465-v5ln8 cannot be read: pods "x" is forbidden');
});

test('a read without an answer ends after five seconds', async () => {
  vi.useFakeTimers();
  const explaining = explained('crash-loop', { log: () => new Promise(() => {}) });
  await vi.advanceTimersByTimeAsync(5000);
  vi.useRealTimers();
  const verdict = await explaining;
  expect(verdict.evidence.at(-1)).toContain('no answer within 5 s');
});

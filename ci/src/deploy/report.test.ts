import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { PipelineError } from '../errors.ts';
import { describeOutcome, exitCode, type Outcome, outcomeError, outcomeJson, withPages } from './report.ts';

const facts = { namespace: 'shop', name: 'app', image: 'r/app@sha256:new', seconds: 12.34 };
const verdict = {
  cause: 'image-forbidden' as const,
  code: 'ROLLOUT_IMAGE_FORBIDDEN',
  headline: 'the registry refuses it',
  evidence: ['403 Forbidden'],
  next: 'mend the account',
  runbook: 'docs/runbook/image-forbidden.md',
  permanent: true,
  subject: {},
};
const returned = {
  replicaSet: 'app-1',
  image: 'r/app@sha256:old',
  provedAt: '2026-01-01T00:00:00Z',
  seconds: 2,
  answers: ['Service app, port 80: GET / answers 200'],
  left: ['NetworkPolicy deny: no right to; an administrator can: kubectl -n shop delete networkpolicy deny'],
};
const refusal = new PipelineError('NO_RIGHTS', 'this role may not deploy', {
  evidence: ['missing: patch'],
  next: 'ask',
});
const outcomes: Record<Outcome['state'], Outcome> = {
  deployed: {
    ...facts,
    state: 'deployed',
    replicaSet: 'app-2',
    changed: ['Service app', 'Deployment app'],
    answers: ['Service app, port 80: GET / answers 200', 'http://lb:80/ answers 200'],
    despite: { IMAGE_NOT_FOUND: 'we may not look' },
  },
  'not proved': { ...facts, state: 'not proved', replicaSet: 'app-2', changed: [], why: 'it has 0 replicas' },
  unchanged: { ...facts, state: 'unchanged', replicaSet: 'app-2' },
  refused: { ...facts, state: 'refused', error: refusal },
  'rolled back': { ...facts, state: 'rolled back', verdict, secondsToVerdict: 1.05, returned },
  failed: { ...facts, state: 'failed', verdict, secondsToVerdict: 1.05, why: 'no healthy release is on record' },
  interrupted: { ...facts, state: 'interrupted', reason: 'stopped by SIGTERM', left: '1 of 2 updated' },
};

test('describes each outcome in one paragraph, with the verdict below', () => {
  expect(Object.values(outcomes).map(describeOutcome).join('\n\n')).toMatchInlineSnapshot(`
    "deployed after 12.3 s: shop/app serves r/app@sha256:new (ReplicaSet app-2); Service app, port 80: GET / answers 200; http://lb:80/ answers 200; changed: Service app, Deployment app
      passed IMAGE_NOT_FOUND, because: we may not look

    applied, not proved after 12.3 s: shop/app has r/app@sha256:new (ReplicaSet app-2), but it has 0 replicas; it is not on record as good

    unchanged: shop/app already serves r/app@sha256:new (ReplicaSet app-2)

    refused, nothing was changed: this role may not deploy (NO_RIGHTS)
      | missing: patch
      next: ask

    rolled back: the registry refuses it. Detected 1.1 s after the apply; shop/app serves r/app@sha256:old again (ReplicaSet app-1), healthy 2.0 s later; Service app, port 80: GET / answers 200; not as before: NetworkPolicy deny: no right to; an administrator can: kubectl -n shop delete networkpolicy deny (ROLLOUT_IMAGE_FORBIDDEN)
      | 403 Forbidden
      next: mend the account
      more: docs/runbook/image-forbidden.md

    failed: the registry refuses it. Detected 1.1 s after the apply; no healthy release is on record (ROLLOUT_IMAGE_FORBIDDEN)
      | 403 Forbidden
      next: mend the account
      more: docs/runbook/image-forbidden.md

    interrupted after 12.3 s, shop/app was left like this: 1 of 2 updated. The next deployment continues from there. Why: stopped by SIGTERM"
  `);
});

test('throws a failed rollout with the code of its cause, and a refusal with its own', () => {
  const codes = [outcomes['rolled back'], outcomes.failed, outcomes.refused, outcomes.interrupted].map((outcome) =>
    outcome.state === 'deployed' || outcome.state === 'unchanged' || outcome.state === 'not proved'
      ? undefined
      : outcomeError(outcome, 'deploy').code,
  );
  const cause = 'ROLLOUT_IMAGE_FORBIDDEN';
  expect(codes).toEqual([cause, cause, 'NO_RIGHTS', 'DEPLOY_INTERRUPTED']);
});

test('keeps the fields of an outcome as JSON, and of an error its code, evidence and next step', () => {
  const report = describeOutcome(outcomes['rolled back']);
  expect(JSON.parse(outcomeJson(outcomes['rolled back']))).toEqual({ ...outcomes['rolled back'], report });
  expect(JSON.parse(outcomeJson(outcomes.refused)).error).toEqual({
    code: 'NO_RIGHTS',
    headline: 'this role may not deploy',
    evidence: ['missing: patch'],
    next: 'ask',
  });
});

test('has a different exit code for success, failure and refusal', () => {
  const codes = Object.fromEntries(Object.entries(outcomes).map(([state, outcome]) => [state, exitCode(outcome)]));
  expect(codes).toEqual({
    deployed: 0,
    'not proved': 0,
    unchanged: 0,
    refused: 3,
    'rolled back': 1,
    failed: 1,
    interrupted: 1,
  });
});

const root = resolve(import.meta.dirname, '../../..');

test('pages are named as they are found from where the user stands', () => {
  const text = '  more: docs/runbook/quota.md';
  expect(withPages(text, root)).toBe(text);
  expect(withPages(text, resolve(root, 'docs'))).toBe('  more: runbook/quota.md');
  expect(withPages(text, '/elsewhere')).toBe(`  more: ${root}/docs/runbook/quota.md`);
  expect(withPages('{ "runbook": "docs/runbook/quota.md" }', '/elsewhere')).toContain(
    `"${root}/docs/runbook/quota.md"`,
  );
});

test('what a log of the application says about pages of its own is left alone', () => {
  const log = '  | see docs/runbook/quota.md';
  expect(withPages(log, '/elsewhere')).toBe(log);
});

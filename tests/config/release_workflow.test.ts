/** When the jobs of the release workflow run. GitHub's own checks (actionlint, zizmor) are part of `make lint`. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { deadlineOf } from '../../ci/src/deploy/deadline.ts';

const read = (path: string) => readFileSync(resolve(import.meta.dirname, '../..', path), 'utf8');
const text = readFileSync(resolve(import.meta.dirname, '../../.github/workflows/release.yml'), 'utf8');
const workflow = z.looseObject({ jobs: z.record(z.string(), z.looseObject({ if: z.string() })) }).parse(parse(text));

type Start = { vars?: Record<string, string>; event: string; inputs?: { retrain?: boolean } };

/** GitHub's expressions that the workflow uses are JavaScript too; a variable that is not set is an empty text. */
function evaluate(expression: string, { vars = {}, event, inputs = {} }: Start): unknown {
  const unset = { AWS_ROLE_ARN: '', RETRAIN_SCHEDULE_ENABLED: '' };
  return new Function('vars', 'github', 'inputs', `return ${expression}`)(
    { ...unset, ...vars },
    { event_name: event },
    inputs,
  );
}

const account = { AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/sentiment-release' };
const scheduled = { RETRAIN_SCHEDULE_ENABLED: 'true' };

test.each<[string, Start, string[]]>([
  ['a push', { event: 'push', vars: account }, ['release']],
  ['a push in a fork without an account', { event: 'push' }, ['not-set-up']],
  ['a start by hand', { event: 'workflow_dispatch', vars: account }, ['release']],
  ['the clock, which nobody asked for', { event: 'schedule', vars: account }, []],
  ['the clock in a fork', { event: 'schedule' }, []],
  ['the clock', { event: 'schedule', vars: { ...account, ...scheduled } }, ['release']],
  ['the clock without an account', { event: 'schedule', vars: scheduled }, ['not-set-up']],
])('after %s', (_what, start, jobs) => {
  const running = Object.entries(workflow.jobs).filter(([, job]) => evaluate(job.if, start));
  expect(running.map(([name]) => name)).toEqual(jobs);
});

test('the sources are fetched anew by the clock and on demand', () => {
  const [, expression] = /--retrain=\$\{\{ (.*?) \}\}/.exec(text)!;
  expect(evaluate(expression, { event: 'schedule' })).toBe(true);
  expect(evaluate(expression, { event: 'workflow_dispatch', inputs: { retrain: true } })).toBe(true);
  expect(evaluate(expression, { event: 'workflow_dispatch', inputs: { retrain: false } })).toBe(false);
  expect(evaluate(expression, { event: 'push' })).toBe(false);
});

const checkJobs: { name: string; checks: string; minutes: number }[] = parse(read('.github/workflows/ci.yml')).jobs
  .check.strategy.matrix.include;

/** Seconds of `10m`. */
const secondsOf = (option: string) => 60 * Number(new RegExp(`--${option}=(\\d+)m\\b`).exec(text)![1]);

test('the job lasts as long as a release at its longest, the session as long as the job, and the role allows that', () => {
  const deployment = parse(read('manifests/app/4-deployment.yaml'));
  const { spec: scale } = parse(read('manifests/app/6-autoscaler.yaml'));
  const most = { ...deployment, spec: { ...deployment.spec, replicas: scale.maxReplicas } };
  // A release runs all checks beside each other.
  const checks = 60 * Math.max(...checkJobs.map(({ minutes }) => minutes));
  // The first pod of a canary is followed on its own.
  const rollout = deadlineOf(most) + secondsOf('canary') + secondsOf('bake');
  const job = 60 * z.looseObject({ 'timeout-minutes': z.number() }).parse(workflow.jobs.release)['timeout-minutes'];
  expect(job).toBeGreaterThan(checks + rollout);
  const session = Number(/role-duration-seconds: (\d+)/.exec(text)![1]);
  expect(session).toBeGreaterThan(job);
  const role = Number(/--max-session-duration (\d+)/.exec(read('docs/aws.md'))![1]);
  expect(role).toBeGreaterThanOrEqual(session);
});

test('the checks that ci.yml has run are asked for by the names that they have there', () => {
  const [, names] = /for name in (.*); do/.exec(text)!;
  expect(names).toBe(checkJobs.map(({ name }) => `"${encodeURIComponent(name)}"`).join(' '));
  expect(parse(read('.github/workflows/ci.yml')).on).toHaveProperty('merge_group');
});

test('the two jobs of ci.yml run every check and every generator of the module', () => {
  const module = read('ci/src/index.ts');
  const names = [...module.matchAll(/@(?:check|generate)\(\)\n {2}@func\(\)\n {2}async (\w+)/g)].map(
    ([, name]) => name,
  );
  const kebab = names.map((name) => `sentiment:${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
  expect(kebab.length).toBeGreaterThan(4);
  expect(checkJobs.flatMap(({ checks }) => checks.split(' ')).sort()).toEqual(kebab.sort());
});

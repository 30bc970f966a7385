/** When the jobs of the release workflow run. GitHub's own checks (actionlint, zizmor) are part of `make lint`. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

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

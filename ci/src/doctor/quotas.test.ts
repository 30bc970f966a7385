import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type AwsCall, type AwsDouble, startAwsDouble } from '../aws/testdata/aws_double.ts';
import { diagnosis } from './finding.ts';
import { examineQuotas, needsOf, vcpusOf } from './quotas.ts';

let aws: AwsDouble | undefined;
afterEach(async () => {
  await aws?.stop();
  aws = undefined;
});

const needs = needsOf(readFileSync(resolve(import.meta.dirname, '../../../eksctl.yaml'), 'utf8'));
const answering = (value: number) => () => ({ body: { Quota: { Value: value } } });

test('processors are read off the size of a machine', () => {
  const types = ['m7i-flex.large', 'm6i.xlarge', 'c7g.16xlarge', 't3.medium', 'm6g.medium', 't3.micro'];
  expect(types.map(vcpusOf)).toEqual([2, 4, 64, 2, 1, 2]);
});

test('the cluster of eksctl.yaml needs more processors than a new account may run', async () => {
  expect(needs.map(({ wanted }) => wanted)).toEqual([6, 1, 1]);
  const asked: AwsCall[] = [];
  aws = await startAwsDouble((call) => {
    asked.push(call);
    return answering(5)();
  });
  const findings = await examineQuotas(aws.clients, needs);
  expect(asked.map(({ parameters }) => parameters)).toContainEqual({ ServiceCode: 'ec2', QuotaCode: 'L-1216C47A' });
  expect(() => diagnosis(findings)).toThrow(
    /WRONG quota "Running On-Demand Standard .*: 5: the cluster of eksctl.yaml needs 6\n.*--quota-code L-1216C47A --desired-value 14 /,
  );
});

test('enough for the start and too little for the most is said, and no fault', async () => {
  aws = await startAwsDouble(answering(8));
  expect(diagnosis(await examineQuotas(aws.clients, needs))).toContain(
    ': 8, and the cluster of eksctl.yaml needs 6; at its largest it needs 14',
  );
});

test('a refusal is no fault, and names the permission', async () => {
  aws = await startAwsDouble(() => ({ status: 400, body: { __type: 'a#AccessDeniedException', Message: 'no' } }));
  expect(diagnosis(await examineQuotas(aws.clients, needs))).toContain(
    'not checked (AccessDeniedException: no); the check needs servicequotas:GetServiceQuota',
  );
});

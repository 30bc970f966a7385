import { afterEach, expect, test } from 'vitest';
import { type AwsDouble, startAwsDouble } from '../world/testdata/aws_double.ts';
import { callerIdentity, refused } from '../world/testdata/iam_answers.ts';
import { examineAws } from './aws.ts';
import { diagnosis } from './finding.ts';

let aws: AwsDouble;
afterEach(() => aws.stop());

const arn = 'arn:aws:iam::123456789012:user/me';

test('account and region as wanted', async () => {
  aws = await startAwsDouble(() => callerIdentity('123456789012', arn));
  const { findings, caller } = await examineAws(aws.clients, { account: '123456789012', region: 'eu-central-1' });
  expect(diagnosis(findings)).toBe(
    `ok    region eu-central-1\nok    AWS credentials: ${arn}\nok    account 123456789012`,
  );
  expect(caller).toEqual({ account: '123456789012', arn });
});

test('others than wanted are named with what is', async () => {
  aws = await startAwsDouble(() => callerIdentity('123456789012', arn));
  const { findings } = await examineAws(aws.clients, { account: '999999999999', region: 'us-east-1' });
  expect(findings.map(({ problem }) => problem)).toEqual(['us-east-1 is wanted', undefined, '999999999999 is wanted']);
});

test("credentials that do not work are a finding in AWS's words", async () => {
  aws = await startAwsDouble(() => refused('ExpiredToken', 'The security token included in the request is expired'));
  const { findings, caller } = await examineAws(aws.clients);
  expect(caller).toBeUndefined();
  expect(findings).toEqual([
    {
      what: 'AWS credentials in eu-central-1',
      problem: 'ExpiredToken: The security token included in the request is expired',
      next: expect.stringContaining('sign in again'),
    },
  ]);
});

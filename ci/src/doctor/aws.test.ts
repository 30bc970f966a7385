import { afterEach, describe, expect, test } from 'vitest';
import { type AwsAnswer, type AwsCall, type AwsDouble, startAwsDouble } from '../aws/testdata/aws_double.ts';
import { callerIdentity, refused, role, simulated } from '../aws/testdata/iam_answers.ts';
import { ECR_ACTIONS, ECR_MAKING, EKS_ACTIONS, examineAws, examineEcr, examinePermissions } from './aws.ts';
import { diagnosis } from './finding.ts';

let aws: AwsDouble;
afterEach(() => aws.stop());

const arn = 'arn:aws:iam::123456789012:user/me';

test('account and region match', async () => {
  aws = await startAwsDouble(() => callerIdentity('123456789012', arn));
  const { findings, caller } = await examineAws(aws.clients, { account: '123456789012', region: 'eu-central-1' });
  expect(diagnosis(findings)).toBe(
    `ok    region eu-central-1\nok    AWS credentials: ${arn}\nok    account 123456789012`,
  );
  expect(caller).toEqual({ account: '123456789012', arn });
});

test('a different account or region is a finding', async () => {
  aws = await startAwsDouble(() => callerIdentity('123456789012', arn));
  const { findings } = await examineAws(aws.clients, { account: '999999999999', region: 'us-east-1' });
  expect(findings.map(({ problem }) => problem)).toEqual(['expected us-east-1', undefined, 'expected 999999999999']);
});

test("invalid credentials are a finding in AWS's words", async () => {
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

describe('permissions', () => {
  const account = '123456789012';
  const session = { account, arn: `arn:aws:sts::${account}:assumed-role/release/ci` };
  const roleArn = `arn:aws:iam::${account}:role/teams/release`;
  const names = { repository: 'sentiment', cluster: 'production' };

  function answering(simulation: (call: AwsCall) => AwsAnswer, scanType = 'BASIC') {
    const principals: unknown[] = [];
    const resources: unknown[] = [];
    const answer = (call: AwsCall) => {
      if (call.action === 'GetRole') return role(roleArn);
      if (call.action === 'GetRegistryScanningConfiguration') return { body: { scanningConfiguration: { scanType } } };
      principals.push(call.parameters.PolicySourceArn);
      resources.push(call.parameters['ResourceArns.member.1']);
      return simulation(call);
    };
    return { answer, principals, resources };
  }

  test('asks IAM about the role of the session, with its path, for this repository and this cluster', async () => {
    const { answer, principals, resources } = answering((call) => simulated(call, []));
    aws = await startAwsDouble(answer);
    const finding = await examinePermissions(aws.clients, session, names);
    const count = ECR_ACTIONS.length + ECR_MAKING.length + EKS_ACTIONS.length + 1;
    expect(finding).toEqual({ what: `permissions of ${session.arn}: all ${count} actions of a release are allowed` });
    expect(new Set(principals)).toEqual(new Set([roleArn]));
    expect(resources.sort()).toEqual([
      '*',
      `arn:aws:ecr:eu-central-1:${account}:repository/sentiment`,
      `arn:aws:ecr:eu-central-1:${account}:repository/sentiment`,
      `arn:aws:eks:eu-central-1:${account}:cluster/production`,
    ]);
  });

  test('asks about Amazon Inspector too where it scans', async () => {
    const denied = ['inspector2:ListFindings'];
    aws = await startAwsDouble(answering((call) => simulated(call, denied), 'ENHANCED').answer);
    expect(await examinePermissions(aws.clients, session, names)).toMatchObject({
      problem: 'denied: inspector2:ListFindings',
    });
  });

  test('lists the denied actions', async () => {
    aws = await startAwsDouble(answering((call) => simulated(call, ['ecr:PutImage', 'eks:DescribeCluster'])).answer);
    expect(await examinePermissions(aws.clients, session, names)).toMatchObject({
      problem: 'denied: ecr:PutImage, eks:DescribeCluster',
      next: `allow them in a policy of ${roleArn}`,
    });
  });

  test('a refusal by IAM is no fault', async () => {
    aws = await startAwsDouble(() => refused('AccessDenied', 'not authorized to perform: iam:SimulatePrincipalPolicy'));
    const finding = await examinePermissions(aws.clients, session, names);
    expect(finding.problem).toBeUndefined();
    expect(finding.what).toContain('not checked (AccessDenied: not authorized');
  });

  test('IAM is not asked about the root user', async () => {
    aws = await startAwsDouble(() => refused('AccessDenied', 'no'));
    await examinePermissions(aws.clients, { account, arn: `arn:aws:iam::${account}:root` }, names);
    expect(aws.actions()).toEqual([]);
  });
});

describe('the repository', () => {
  const caller = { account: '123456789012', arn };
  const host = '123456789012.dkr.ecr.eu-central-1.amazonaws.com';
  const repository = (imageTagMutability: string): AwsAnswer => ({ body: { repositories: [{ imageTagMutability }] } });
  const notFound: AwsAnswer = { status: 400, body: { __type: 'RepositoryNotFoundException' } };

  test.each([
    [repository('IMMUTABLE'), /its tags are immutable/],
    [repository('MUTABLE'), /its tags are MUTABLE; a release keeps that/],
    [notFound, /the first release creates it/],
  ])('an existing or missing repository is no fault: %o', async (answer, what) => {
    aws = await startAwsDouble(() => answer);
    const findings = await examineEcr(aws.clients, `${host}/sentiment`, caller);
    expect(findings.at(-1)?.what).toMatch(what);
    expect(findings.filter(({ problem }) => problem)).toEqual([]);
  });

  test.each([
    [`${host.replace('9012', '9013')}/sentiment`, /in account 123456789013, the credentials belong to 123456789012/],
    [`${host.replace('9012', '901')}/sentiment`, /12345678901 has 11 digits/],
    [`${host.replace('eu-central-1', 'us-east-1')}/sentiment`, /in us-east-1, the release runs in eu-central-1/],
    [`${host}/sentiment:latest`, /without a tag/],
    [`${host}/Sentiment`, /without a tag/],
  ])('%s is wrong, which is found before ECR is asked', async (image, problem) => {
    aws = await startAwsDouble(() => notFound);
    const [finding] = await examineEcr(aws.clients, image, caller);
    expect(finding.problem).toMatch(problem);
    expect(aws.actions()).toEqual([]);
  });

  test('a registry other than ECR is not checked', async () => {
    aws = await startAwsDouble(() => notFound);
    expect((await examineEcr(aws.clients, 'ghcr.io/me/sentiment'))[0].what).toContain('the registry is not ECR');
  });

  test('a refusal by ECR is a finding', async () => {
    aws = await startAwsDouble(() => ({ status: 400, body: { __type: 'AccessDeniedException', message: 'no' } }));
    expect((await examineEcr(aws.clients, `${host}/sentiment`, caller)).at(-1)?.problem).toBe(
      'AccessDeniedException: no',
    );
  });
});

import { afterEach, expect, test } from 'vitest';
import { type AwsAnswer, type AwsCall, type AwsDouble, startAwsDouble } from '../world/testdata/aws_double.ts';
import { refused, role, simulated } from '../world/testdata/iam_answers.ts';
import { ECR_ACTIONS, EKS_ACTIONS, examinePermissions } from './permissions.ts';

let aws: AwsDouble;
afterEach(() => aws.stop());

const account = '123456789012';
const session = { account, arn: `arn:aws:sts::${account}:assumed-role/release/ci` };
const roleArn = `arn:aws:iam::${account}:role/teams/release`;
const names = { repository: 'sentiment', cluster: 'production' };

function answering(simulation: (call: AwsCall) => AwsAnswer) {
  const principals: unknown[] = [];
  const resources: unknown[] = [];
  const answer = (call: AwsCall) => {
    if (call.action === 'GetRole') return role(roleArn);
    principals.push(call.parameters.PolicySourceArn);
    resources.push(call.parameters['ResourceArns.member.1']);
    return simulation(call);
  };
  return { answer, principals, resources };
}

test('asks for the role of the session, path included, on the repository and the cluster that are meant', async () => {
  const { answer, principals, resources } = answering((call) => simulated(call, []));
  aws = await startAwsDouble(answer);
  const finding = await examinePermissions(aws.clients, session, names);
  const count = ECR_ACTIONS.length + EKS_ACTIONS.length + 1;
  expect(finding).toEqual({ what: `permissions of ${session.arn}: all ${count} actions of a release` });
  expect(new Set(principals)).toEqual(new Set([roleArn]));
  expect(resources.sort()).toEqual([
    '*',
    `arn:aws:ecr:eu-central-1:${account}:repository/sentiment`,
    `arn:aws:eks:eu-central-1:${account}:cluster/production`,
  ]);
});

test('names what is denied', async () => {
  aws = await startAwsDouble(answering((call) => simulated(call, ['ecr:PutImage', 'eks:DescribeCluster'])).answer);
  expect(await examinePermissions(aws.clients, session, names)).toMatchObject({
    problem: 'denied: ecr:PutImage, eks:DescribeCluster',
    next: `allow them in a policy of ${roleArn}`,
  });
});

test('an IAM that does not say is no fault', async () => {
  aws = await startAwsDouble(() => refused('AccessDenied', 'not authorized to perform: iam:SimulatePrincipalPolicy'));
  const finding = await examinePermissions(aws.clients, session, names);
  expect(finding.problem).toBeUndefined();
  expect(finding.what).toContain('could not be looked at (AccessDenied: not authorized');
});

test('the account itself is not asked for', async () => {
  aws = await startAwsDouble(() => refused('AccessDenied', 'no'));
  await examinePermissions(aws.clients, { account, arn: `arn:aws:iam::${account}:root` }, names);
  expect(aws.actions()).toEqual([]);
});

import { afterEach, expect, test } from 'vitest';
import { type AwsDouble, startAwsDouble } from '../aws/testdata/aws_double.ts';
import { refused, simulated } from '../aws/testdata/iam_answers.ts';
import { type ImageExplanation, parseImage } from '../image_name.ts';
import { explainPresent } from './present.ts';

let aws: AwsDouble;
afterEach(() => aws.stop());

const role = 'arn:aws-cn:iam::123456789012:role/teams/nodes';
const image = {
  parts: parseImage('123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/sentiment:v1')!,
  digest: 'sha256:abc',
  tags: ['v1'],
};

async function explained(nodeRoles: () => Promise<string[]>): Promise<ImageExplanation> {
  const explanation: ImageExplanation = { reference: '', differences: [], evidence: [] };
  await explainPresent(image, { clients: aws.clients, nodeRoles }, explanation);
  return explanation;
}

test('reports that a role may pull', async () => {
  aws = await startAwsDouble((call) => simulated(call, []));
  const { evidence, next } = await explained(async () => [role]);
  expect(evidence).toEqual(['the cluster is in eu-central-1: its nodes pull across regions', `${role} may pull it`]);
  expect(next).toBeUndefined();
});

test('reports which rights a role lacks, and the command that grants them', async () => {
  aws = await startAwsDouble((call) => simulated(call, ['ecr:BatchGetImage', 'ecr:GetAuthorizationToken']));
  const { evidence, next } = await explained(async () => [role]);
  expect(evidence.at(-1)).toBe(`${role} may not ecr:GetAuthorizationToken, ecr:BatchGetImage`);
  expect(next).toBe(
    'aws iam attach-role-policy --role-name nodes --policy-arn arn:aws-cn:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly',
  );
});

test('reports what cannot be read', async () => {
  aws = await startAwsDouble(() => refused('AccessDenied', 'not yours'));
  expect((await explained(async () => [role])).evidence.at(-1)).toContain('may pull is unknown: AccessDenied');
  expect((await explained(async () => [])).evidence.at(-1)).toContain('no managed node group names a role');
  const failing = await explained(() => Promise.reject(new Error('EKS is away')));
  expect(failing.evidence.at(-1)).toContain('EKS is away');
});

/** May the one who signs in do what a release does? IAM is asked what it would decide; nothing is done. */
import { GetRoleCommand } from '#aws/client-iam';
import { simulate, type Wanted } from '../ecr/pull_rights.ts';
import type { AwsClients, Caller } from '../world/aws_clients.ts';
import type { Finding } from './finding.ts';

/** What a release asks of ECR, on its repository. */
export const ECR_ACTIONS = [
  'ecr:BatchCheckLayerAvailability',
  'ecr:BatchGetImage',
  'ecr:CompleteLayerUpload',
  'ecr:CreateRepository',
  'ecr:DescribeImageScanFindings',
  'ecr:DescribeImages',
  'ecr:DescribeRepositories',
  'ecr:GetDownloadUrlForLayer',
  'ecr:GetLifecyclePolicy',
  'ecr:InitiateLayerUpload',
  'ecr:PutImage',
  'ecr:PutImageScanningConfiguration',
  'ecr:PutImageTagMutability',
  'ecr:PutLifecyclePolicy',
  'ecr:StartImageScan',
  'ecr:UploadLayerPart',
];

/** And of EKS, on its cluster. */
export const EKS_ACTIONS = ['eks:DescribeCluster'];

export type Names = { repository: string; cluster?: string };

/** Never throws. */
export async function examinePermissions(clients: AwsClients, caller: Caller, names: Names): Promise<Finding> {
  const { repository, cluster } = names;
  const what = `permissions of ${caller.arn}`;
  if (caller.arn.endsWith(':root')) return { what: `${what}: the account itself, which may do everything` };
  const principal = await principalArn(clients, caller.arn);
  const [, partition] = caller.arn.split(':');
  const arn = (service: string, path: string) =>
    `arn:${partition}:${service}:${clients.access.region}:${caller.account}:${path}`;
  const wanted: Wanted[] = [
    { actions: ['ecr:GetAuthorizationToken'], resource: '*' },
    { actions: ECR_ACTIONS, resource: arn('ecr', `repository/${repository}`) },
    ...(cluster ? [{ actions: EKS_ACTIONS, resource: arn('eks', `cluster/${cluster}`) }] : []),
  ];
  const { denied, problem } = await simulate(clients.iam, principal, wanted);
  if (problem) return { what: `${what}: could not be looked at (${problem}); iam:SimulatePrincipalPolicy shows them` };
  const count = wanted.reduce((sum, { actions }) => sum + actions.length, 0);
  if (denied.length === 0) return { what: `${what}: all ${count} actions of a release` };
  return { what, problem: `denied: ${denied.join(', ')}`, next: `allow them in a policy of ${principal}` };
}

/**
 * IAM knows roles, not sessions: `arn:aws:sts::1:assumed-role/name/session` is a session of `arn:aws:iam::1:role/path/name`,
 * and its path only IAM can tell.
 */
async function principalArn({ iam }: AwsClients, arn: string): Promise<string> {
  const match = /^arn:([^:]+):sts::(\d+):assumed-role\/([^/]+)\//.exec(arn);
  if (!match) return arn;
  const [, partition, account, name] = match;
  try {
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: name }));
    return Role?.Arn ?? arn;
  } catch {
    return `arn:${partition}:iam::${account}:role/${name}`;
  }
}

/** Checks of AWS: the credentials with their account and region, the permissions of a release, the repository at ECR. */
import { GetRegistryScanningConfigurationCommand } from '#aws/client-ecr';
import { GetRoleCommand } from '#aws/client-iam';
import type { AwsClients, Caller } from '../aws/clients.ts';
import { awsProblem } from '../aws/errors.ts';
import { simulate, type Wanted } from '../ecr/pull_rights.ts';
import { findRepository, MADE_BY, repositoryNameProblem } from '../ecr/repository.ts';
import { ecrHost, parseImage } from '../image_name.ts';
import type { Finding } from './finding.ts';

export type WantedAws = { account?: string; region?: string };

/** Never throws: a failure is a finding. `caller` is missing when STS did not say who signs in. */
export async function examineAws(
  clients: AwsClients,
  wanted: WantedAws = {},
): Promise<{ findings: Finding[]; caller?: Caller }> {
  const { region } = clients.access;
  const findings: Finding[] = [];
  if (wanted.region !== undefined) {
    const isSame = wanted.region === region;
    findings.push({
      what: `region ${region}`,
      ...(!isSame && {
        problem: `expected ${wanted.region}`,
        next: `give --aws-region ${wanted.region}, or change --to`,
      }),
    });
  }
  try {
    const caller = await clients.caller();
    findings.push({ what: `AWS credentials: ${caller.arn}` }, accountFinding(caller, wanted.account));
    return { findings, caller };
  } catch (error) {
    const { problem, next } = awsProblem(error);
    findings.push({ what: `AWS credentials in ${region}`, problem, next });
    return { findings };
  }
}

function accountFinding({ account }: Caller, wanted?: string): Finding {
  const what = `account ${account}`;
  if (wanted === undefined || wanted === account) return { what };
  return {
    what,
    problem: `expected ${wanted}`,
    next: `sign in to ${wanted}, or correct the account in --to and in the ARNs of eksctl.yaml`,
  };
}

/** What a release calls at ECR, on its repository. */
export const ECR_ACTIONS = [
  'ecr:BatchCheckLayerAvailability',
  'ecr:BatchGetImage',
  'ecr:CompleteLayerUpload',
  'ecr:DescribeImageScanFindings',
  'ecr:DescribeImages',
  'ecr:DescribeRepositories',
  'ecr:GetDownloadUrlForLayer',
  'ecr:GetLifecyclePolicy',
  'ecr:InitiateLayerUpload',
  'ecr:PutImage',
  'ecr:StartImageScan',
  'ecr:UploadLayerPart',
];

/** What making a repository takes: only with the label that a release gives it. */
export const ECR_MAKING = ['ecr:CreateRepository', 'ecr:PutLifecyclePolicy', 'ecr:TagResource'];

/** What only `publish --correct-repository` calls. The release's role does not have it. */
export const ECR_CORRECTING = ['ecr:PutImageScanningConfiguration', 'ecr:PutImageTagMutability'];

/** What a release calls at EKS, on its cluster. */
export const EKS_ACTIONS = ['eks:DescribeCluster'];

/** What ECR's findings take where Amazon Inspector makes them. */
export const INSPECTOR_ACTIONS = ['inspector2:ListCoverage', 'inspector2:ListFindings'];

/** Asks IAM what it would decide; no action is carried out. Never throws. */
export async function examinePermissions(
  clients: AwsClients,
  caller: Caller,
  names: { repository: string; cluster?: string },
): Promise<Finding> {
  const { repository, cluster } = names;
  const what = `permissions of ${caller.arn}`;
  if (caller.arn.endsWith(':root')) return { what: `${what}: the root user, which may do everything` };
  const principal = await principalArn(clients, caller.arn);
  const [, partition] = caller.arn.split(':');
  const arn = (service: string, path: string) =>
    `arn:${partition}:${service}:${clients.access.region}:${caller.account}:${path}`;
  const isEnhanced = await isScannedByInspector(clients);
  const wanted: Wanted[] = [
    { actions: ['ecr:GetAuthorizationToken'], resource: '*' },
    { actions: ECR_ACTIONS, resource: arn('ecr', `repository/${repository}`) },
    { actions: ECR_MAKING, resource: arn('ecr', `repository/${repository}`), context: MADE },
    ...(isEnhanced ? [{ actions: INSPECTOR_ACTIONS, resource: '*' }] : []),
    ...(cluster ? [{ actions: EKS_ACTIONS, resource: arn('eks', `cluster/${cluster}`) }] : []),
  ];
  const { denied, problem } = await simulate(clients.iam, principal, wanted);
  if (problem) return { what: `${what}: not checked (${problem}); the check needs iam:SimulatePrincipalPolicy` };
  const count = wanted.reduce((sum, { actions }) => sum + actions.length, 0);
  if (denied.length === 0) return { what: `${what}: all ${count} actions of a release are allowed` };
  return { what, problem: `denied: ${denied.join(', ')}`, next: `allow them in a policy of ${principal}` };
}

/** The label that the policy asks for, in the request that makes the repository and on the repository. */
const MADE = { [`aws:RequestTag/${MADE_BY.Key}`]: MADE_BY.Value, [`aws:ResourceTag/${MADE_BY.Key}`]: MADE_BY.Value };

async function isScannedByInspector({ ecr }: AwsClients): Promise<boolean> {
  try {
    const { scanningConfiguration } = await ecr.send(new GetRegistryScanningConfigurationCommand({}));
    return scanningConfiguration?.scanType === 'ENHANCED';
  } catch {
    // Without the permission to ask it is taken for the default.
    return false;
  }
}

/**
 * IAM simulates roles, not sessions: `arn:aws:sts::1:assumed-role/name/session` is a session of
 * `arn:aws:iam::1:role/path/name`, and only IAM knows the path.
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

/** `image` is the registry/repository that releases are pushed to. A missing one is no fault: the first release creates it. Never throws. */
export async function examineEcr(clients: AwsClients, image: string, caller?: Caller): Promise<Finding[]> {
  const what = `image ${image}`;
  const parts = parseImage(image);
  if (!parts || parts.tag || parts.digest) {
    const next = 'such as 123456789012.dkr.ecr.eu-central-1.amazonaws.com/sentiment';
    return [{ what, problem: 'expected registry/repository without a tag', next }];
  }
  const host = ecrHost(parts.registry);
  if (!host) return [{ what: `${what}: the registry is not ECR, so it is not checked` }];
  const findings = hostFindings(what, host, clients.access.region, caller);
  const nameProblem = repositoryNameProblem(parts.repository);
  if (nameProblem)
    findings.push({ what: `repository ${parts.repository}`, problem: nameProblem, next: 'choose another name' });
  if (findings.length > 0) return findings;
  return [{ what }, await repositoryFinding(clients, parts.repository)];
}

function hostFindings(
  what: string,
  host: { account: string; region: string },
  region: string,
  caller?: Caller,
): Finding[] {
  const findings: Finding[] = [];
  const at = (account: string, place: string) => `registry host ${account}.dkr.ecr.${place}...`;
  if (!/^\d{12}$/.test(host.account)) {
    const problem = `its account ${host.account} has ${host.account.length} digits, expected 12`;
    findings.push({ what, problem, next: at(caller?.account ?? '123456789012', region) });
  } else if (caller && host.account !== caller.account) {
    const problem = `it is in account ${host.account}, the credentials belong to ${caller.account}`;
    findings.push({ what, problem, next: at(caller.account, region) });
  }
  if (host.region !== region) {
    const problem = `it is in ${host.region}, the release runs in ${region}`;
    findings.push({ what, problem, next: at(host.account, region) });
  }
  return findings;
}

async function repositoryFinding(clients: AwsClients, name: string): Promise<Finding> {
  const what = `repository ${name}`;
  try {
    const found = await findRepository(clients, name);
    if (!found) return { what: `${what}: does not exist yet, the first release creates it` };
    if (found.imageTagMutability?.startsWith('IMMUTABLE')) return { what: `${what}: its tags are immutable` };
    const keeps = 'a release keeps that; dagger call publish --correct-repository makes them immutable';
    return { what: `${what}: its tags are ${found.imageTagMutability}; ${keeps}` };
  } catch (error) {
    const { problem, next } = awsProblem(error);
    return { what, problem, next };
  }
}

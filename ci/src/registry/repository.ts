/**
 * The repository as a release wants it: immutable tags, scan on push, encrypted, with a lifecycle. One that exists is
 * brought to the same, all but its encryption, which ECR cannot change.
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
 */
import {
  CreateRepositoryCommand,
  DescribeRepositoriesCommand,
  GetLifecyclePolicyCommand,
  PutImageScanningConfigurationCommand,
  PutImageTagMutabilityCommand,
  PutLifecyclePolicyCommand,
  type Repository,
} from '#aws/client-ecr';
import { PipelineError } from '../errors.ts';
import type { AwsClients } from '../world/aws_clients.ts';
import { awsError, errorName } from '../world/aws_problem.ts';
import { isSamePolicy, LIFECYCLE, type Lifecycle, lifecyclePolicy } from './lifecycle.ts';

export type RepositoryWishes = {
  /** Such as team/sentiment. */
  name: string;
  lifecycle?: Lifecycle;
  /** Alias, id or ARN of a key of KMS; without it ECR's own AES-256. Only looked at when the repository is made. */
  kmsKey?: string;
};

export type PreparedRepository = {
  name: string;
  /** registry/repository, as images are named. */
  uri: string;
  arn: string;
  account: string;
  created: boolean;
  /** What was brought to what is wanted, one sentence each; empty when all was in order. */
  changes: string[];
};

/** ECR's own rule. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html */
const NAME = /^[a-z0-9]+(?:[._-][a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)*$/;

/** What is wrong with a repository's name, or undefined. */
export function repositoryNameProblem(name: string): string | undefined {
  if (name.length < 2 || name.length > 256) return `it has ${name.length} characters, expected 2 to 256`;
  if (NAME.test(name)) return undefined;
  return 'expected lower-case letters and digits, with single . _ - or / between them';
}

/** Makes or finds it. Throws REPOSITORY_NAME, LIFECYCLE, or as awsError. */
export async function prepareRepository(clients: AwsClients, wishes: RepositoryWishes): Promise<PreparedRepository> {
  const { name, lifecycle = LIFECYCLE } = wishes;
  const problem = repositoryNameProblem(name);
  if (problem) throw new PipelineError('REPOSITORY_NAME', `"${name}" cannot name a repository: ${problem}`);
  const policy = lifecyclePolicy(lifecycle);
  try {
    const found = await findRepository(clients, name);
    const made = found ? undefined : await createRepository(clients, wishes);
    const repository = found ?? made?.repository;
    if (!repository?.repositoryUri) throw new Error('ECR answered without the repository');
    const changes = await bringInOrder(clients, repository, policy);
    return {
      name,
      uri: repository.repositoryUri,
      arn: repository.repositoryArn ?? '',
      account: repository.registryId ?? '',
      created: made?.isNew ?? false,
      changes: made?.isNew ? [] : changes,
    };
  } catch (error) {
    throw awsError(`the repository ${name} could not be made ready in ${clients.access.region}`, error);
  }
}

/** Undefined when there is none of this name. */
export async function findRepository(clients: AwsClients, name: string): Promise<Repository | undefined> {
  try {
    const answer = await clients.ecr.send(new DescribeRepositoriesCommand({ repositoryNames: [name] }));
    return answer.repositories?.[0];
  } catch (error) {
    if (errorName(error) === 'RepositoryNotFoundException') return undefined;
    throw error;
  }
}

async function createRepository(
  clients: AwsClients,
  { name, kmsKey }: RepositoryWishes,
): Promise<{ repository?: Repository; isNew: boolean }> {
  try {
    const answer = await clients.ecr.send(
      new CreateRepositoryCommand({
        repositoryName: name,
        imageTagMutability: 'IMMUTABLE',
        imageScanningConfiguration: { scanOnPush: true },
        encryptionConfiguration: kmsKey ? { encryptionType: 'KMS', kmsKey } : { encryptionType: 'AES256' },
      }),
    );
    return { repository: answer.repository, isNew: true };
  } catch (error) {
    // Another release was faster; its repository is as good.
    if (errorName(error) !== 'RepositoryAlreadyExistsException') throw error;
    return { repository: await findRepository(clients, name), isNew: false };
  }
}

async function bringInOrder({ ecr }: AwsClients, repository: Repository, policy: string): Promise<string[]> {
  const { repositoryName } = repository;
  const changes: string[] = [];
  if (repository.imageTagMutability !== 'IMMUTABLE') {
    await ecr.send(new PutImageTagMutabilityCommand({ repositoryName, imageTagMutability: 'IMMUTABLE' }));
    changes.push(`its tags were ${repository.imageTagMutability}, now they are IMMUTABLE`);
  }
  if (repository.imageScanningConfiguration?.scanOnPush !== true) {
    const imageScanningConfiguration = { scanOnPush: true };
    await ecr.send(new PutImageScanningConfigurationCommand({ repositoryName, imageScanningConfiguration }));
    changes.push('images were not scanned on push, now they are');
  }
  if (!isSamePolicy(await currentPolicy(ecr, repositoryName), policy)) {
    await ecr.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText: policy }));
    changes.push("its lifecycle policy was another, now it is this release's");
  }
  return changes;
}

async function currentPolicy(ecr: AwsClients['ecr'], repositoryName?: string): Promise<string | undefined> {
  try {
    return (await ecr.send(new GetLifecyclePolicyCommand({ repositoryName }))).lifecyclePolicyText;
  } catch (error) {
    if (errorName(error) === 'LifecyclePolicyNotFoundException') return undefined;
    throw error;
  }
}

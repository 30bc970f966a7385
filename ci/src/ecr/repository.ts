/**
 * Prepares the repository for a release: immutable tags, scan on push, encryption, a lifecycle policy, a label that says who made
 * it. The settings of an existing repository are its owner's: they are kept, and what differs is told, unless the caller asks to
 * correct them. Its encryption ECR cannot change.
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
import type { AwsClients } from '../aws/clients.ts';
import { awsError, errorName } from '../aws/errors.ts';
import { PipelineError } from '../errors.ts';
import { isSamePolicy, LIFECYCLE, type Lifecycle, lifecyclePolicy } from './lifecycle.ts';

export type RepositorySettings = {
  /** Such as team/sentiment. */
  name: string;
  lifecycle?: Lifecycle;
  /** Alias, id or ARN of a KMS key; default ECR's own AES-256. Only used when the repository is created. */
  kmsKey?: string;
  /** Also gives an existing repository these settings. */
  correct?: boolean;
};

/** The label of a repository that a release has made; its role may set the lifecycle of no other. */
export const MADE_BY = { Key: 'made-by', Value: 'release' };

export type PreparedRepository = {
  name: string;
  /** registry/repository, as images are named. */
  uri: string;
  arn: string;
  account: string;
  created: boolean;
  /** One sentence per setting that was changed, or that differs and was kept; empty when all are right. */
  changes: string[];
};

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html */
const NAME = /^[a-z0-9]+(?:[._-][a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)*$/;

/** What is wrong with a repository's name, or undefined. */
export function repositoryNameProblem(name: string): string | undefined {
  if (name.length < 2 || name.length > 256) return `it is ${name.length} characters long, expected 2 to 256`;
  if (NAME.test(name)) return undefined;
  return 'expected lower-case letters and digits, with single . _ - or / between them';
}

/** Creates the repository, or compares its settings, and corrects them if asked. Throws REPOSITORY_NAME, LIFECYCLE, or as awsError. */
export async function prepareRepository(
  clients: AwsClients,
  settings: RepositorySettings,
): Promise<PreparedRepository> {
  const { name, lifecycle = LIFECYCLE } = settings;
  const problem = repositoryNameProblem(name);
  if (problem) throw new PipelineError('REPOSITORY_NAME', `"${name}" is not a repository name: ${problem}`);
  const policy = lifecyclePolicy(lifecycle);
  try {
    const found = await findRepository(clients, name);
    const made = found ? undefined : await createRepository(clients, settings);
    const repository = found ?? made?.repository;
    if (!repository?.repositoryUri) throw new Error('ECR returned no repository');
    if (made?.isNew) await setLifecycle(clients, name, policy);
    const changes = made?.isNew ? [] : await compareSettings(clients, repository, policy, settings.correct ?? false);
    return {
      name,
      uri: repository.repositoryUri,
      arn: repository.repositoryArn ?? '',
      account: repository.registryId ?? '',
      created: made?.isNew ?? false,
      changes,
    };
  } catch (error) {
    throw awsError(`the repository ${name} could not be prepared in ${clients.access.region}`, error);
  }
}

/** Undefined when it does not exist. */
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
  { name, kmsKey }: RepositorySettings,
): Promise<{ repository?: Repository; isNew: boolean }> {
  try {
    const answer = await clients.ecr.send(
      new CreateRepositoryCommand({
        repositoryName: name,
        tags: [MADE_BY],
        imageTagMutability: 'IMMUTABLE',
        imageScanningConfiguration: { scanOnPush: true },
        encryptionConfiguration: kmsKey ? { encryptionType: 'KMS', kmsKey } : { encryptionType: 'AES256' },
      }),
    );
    return { repository: answer.repository, isNew: true };
  } catch (error) {
    // Another release created it first.
    if (errorName(error) !== 'RepositoryAlreadyExistsException') throw error;
    return { repository: await findRepository(clients, name), isNew: false };
  }
}

async function compareSettings(
  clients: AwsClients,
  repository: Repository,
  policy: string,
  isCorrected: boolean,
): Promise<string[]> {
  const { ecr } = clients;
  const { repositoryName, imageTagMutability, imageScanningConfiguration } = repository;
  const changes: string[] = [];
  const apply = async (differs: string, isNow: string, correct: () => Promise<unknown>) => {
    if (isCorrected) await correct();
    changes.push(isCorrected ? `${differs}, and ${isNow}` : `${differs}, and stays so (publish --correct-repository)`);
  };
  if (!imageTagMutability?.startsWith('IMMUTABLE')) {
    const correct = () =>
      ecr.send(new PutImageTagMutabilityCommand({ repositoryName, imageTagMutability: 'IMMUTABLE' }));
    await apply(`its tag mutability was ${imageTagMutability}`, 'is now IMMUTABLE', correct);
  }
  if (imageScanningConfiguration?.scanOnPush !== true) {
    const wanted = { repositoryName, imageScanningConfiguration: { scanOnPush: true } };
    await apply('scan on push was off', 'is now on', () => ecr.send(new PutImageScanningConfigurationCommand(wanted)));
  }
  if (!isSamePolicy(await currentPolicy(ecr, repositoryName), policy)) {
    const correct = () => setLifecycle(clients, repositoryName, policy);
    await apply('its lifecycle policy was another one', 'is replaced', correct);
  }
  return changes;
}

async function setLifecycle({ ecr }: AwsClients, repositoryName: string | undefined, policy: string): Promise<void> {
  await ecr.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText: policy }));
}

async function currentPolicy(ecr: AwsClients['ecr'], repositoryName?: string): Promise<string | undefined> {
  try {
    return (await ecr.send(new GetLifecyclePolicyCommand({ repositoryName }))).lifecyclePolicyText;
  } catch (error) {
    if (errorName(error) === 'LifecyclePolicyNotFoundException') return undefined;
    throw error;
  }
}

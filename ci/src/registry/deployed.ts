/**
 * Marks an image that has served: a second tag, `deployed-` and its own. Tags are immutable, so it stays true; the
 * lifecycle keeps such images (lifecycle.ts).
 */
import { BatchGetImageCommand, PutImageCommand } from '#aws/client-ecr';
import type { AwsClients } from '../world/aws_clients.ts';
import { awsError, errorName } from '../world/aws_problem.ts';
import { DEPLOYED } from './lifecycle.ts';

/** Marking it a second time changes nothing. Throws as awsError. */
export async function markDeployed(
  { ecr }: AwsClients,
  { repository, tag, digest }: { repository: string; tag: string; digest: string },
): Promise<void> {
  const repositoryName = repository;
  try {
    const answer = await ecr.send(new BatchGetImageCommand({ repositoryName, imageIds: [{ imageDigest: digest }] }));
    const { imageManifest, imageManifestMediaType } = answer.images?.[0] ?? {};
    if (!imageManifest) throw new Error(answer.failures?.[0]?.failureReason ?? `ECR has no ${digest}`);
    const imageTag = `${DEPLOYED}${tag}`;
    await ecr.send(new PutImageCommand({ repositoryName, imageTag, imageManifest, imageManifestMediaType }));
  } catch (error) {
    if (errorName(error) === 'ImageAlreadyExistsException') return;
    throw awsError(`${repository}@${digest} could not be marked as deployed`, error);
  }
}

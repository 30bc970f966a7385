/**
 * Which images ECR may expire: untagged ones after some days, and all but the newest of the others. An image that was
 * deployed gets a second tag and is counted separately, so that builds that never went out do not expire the one that
 * serves. The order of the rules matters: a rule cannot expire an image that an earlier rule selects.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
 */
import { BatchGetImageCommand, PutImageCommand } from '#aws/client-ecr';
import type { AwsClients } from '../aws/clients.ts';
import { awsError, errorName } from '../aws/errors.ts';
import { PipelineError } from '../errors.ts';

export type Lifecycle = {
  /** How many of the newest images stay. 1 or more. */
  keepNewest: number;
  /** Days until an untagged image expires. 1 or more. */
  untaggedDays: number;
  /** How many of the newest deployed images stay. 1 or more. */
  keepDeployed: number;
  /** Tags that never expire. */
  keepTags: string[];
};

export const LIFECYCLE: Lifecycle = { keepNewest: 50, untaggedDays: 14, keepDeployed: 20, keepTags: [] };

/** Prefix of the second tag that an image gets once it has served. */
export const DEPLOYED = 'deployed-';

type Selection = {
  tagStatus: string;
  tagPatternList?: string[];
  countType: string;
  countUnit?: string;
  countNumber: number;
};
type Rule = { rulePriority: number; description: string; selection: Selection; action: { type: 'expire' } };

/** ECR allows 50 rules; three are in use. */
const MOST_TAGS = 47;
/** More images than a repository can hold: the rule selects images and expires none. */
const NEVER = 100_000;

/** The policy as JSON, equal for equal settings. Throws LIFECYCLE. */
export function lifecyclePolicy({ keepNewest, untaggedDays, keepDeployed, keepTags }: Lifecycle): string {
  const tags = [...new Set(keepTags)].sort();
  for (const [name, value] of Object.entries({ keepNewest, untaggedDays, keepDeployed })) {
    if (Number.isInteger(value) && value > 0) continue;
    throw new PipelineError('LIFECYCLE', `${name} is ${value}, expected a whole number above zero`);
  }
  if (tags.length > MOST_TAGS) {
    const next = 'keep fewer tags: those that run, and those that a rollback needs';
    throw new PipelineError('LIFECYCLE', `keepTags has ${tags.length} tags, the limit is ${MOST_TAGS}`, { next });
  }
  const kept = tags.map((tag) => ({
    description: `keep ${tag}`,
    // One rule per tag: a rule with several patterns selects only images that match all of them.
    selection: { tagStatus: 'tagged', tagPatternList: [tag], countType: 'imageCountMoreThan', countNumber: NEVER },
  }));
  const deployed = {
    description: `keep the newest ${keepDeployed} that were deployed`,
    selection: {
      tagStatus: 'tagged',
      tagPatternList: [`${DEPLOYED}*`],
      countType: 'imageCountMoreThan',
      countNumber: keepDeployed,
    },
  };
  const untagged = {
    description: `expire untagged images after ${untaggedDays} days`,
    selection: { tagStatus: 'untagged', countType: 'sinceImagePushed', countUnit: 'days', countNumber: untaggedDays },
  };
  const old = {
    description: `keep the newest ${keepNewest}`,
    selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: keepNewest },
  };
  const rules: Rule[] = [...kept, deployed, untagged, old].map((rule, index) => ({
    rulePriority: index + 1,
    ...rule,
    action: { type: 'expire' },
  }));
  return JSON.stringify({ rules });
}

/** Whether two texts hold the same rules, whatever their formatting. */
export function isSamePolicy(text: string | undefined, wanted: string): boolean {
  if (text === undefined) return false;
  try {
    return canonical(JSON.parse(text)) === canonical(JSON.parse(wanted));
  } catch {
    return false;
  }
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/**
 * Gives an image that has served its second tag. Tags are immutable, so it stays true; a second call changes nothing.
 * Throws as awsError.
 */
export async function markDeployed(
  { ecr }: AwsClients,
  { repository, tag, digest }: { repository: string; tag: string; digest: string },
): Promise<void> {
  const repositoryName = repository;
  try {
    const answer = await ecr.send(new BatchGetImageCommand({ repositoryName, imageIds: [{ imageDigest: digest }] }));
    const { imageManifest, imageManifestMediaType } = answer.images?.[0] ?? {};
    if (!imageManifest) throw new Error(answer.failures?.[0]?.failureReason ?? `ECR does not have ${digest}`);
    const imageTag = `${DEPLOYED}${tag}`;
    await ecr.send(new PutImageCommand({ repositoryName, imageTag, imageManifest, imageManifestMediaType }));
  } catch (error) {
    if (errorName(error) === 'ImageAlreadyExistsException') return;
    throw awsError(`${repository}@${digest} could not be marked as deployed`, error);
  }
}

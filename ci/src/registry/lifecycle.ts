/**
 * What ECR may throw away: untagged images after some days, of all others those beyond the newest so many. What was
 * deployed bears a tag that says so (deployed.ts), and is counted by itself: hundreds of builds that never went out do
 * not push out the one that serves. The order does it: an image that a rule selects cannot be expired by a later one.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
 */
import { PipelineError } from '../errors.ts';

export type Lifecycle = {
  /** Images that stay, the newest first. 1 or more. */
  keepNewest: number;
  /** Days that an image without a tag stays. 1 or more. */
  untaggedDays: number;
  /** Images that were deployed and stay, the newest first. 1 or more. */
  keepDeployed: number;
  /** Other tags that stay whatever their age. */
  keepTags: string[];
};

export const LIFECYCLE: Lifecycle = { keepNewest: 50, untaggedDays: 14, keepDeployed: 20, keepTags: [] };

/** Of the tag that an image bears beside its own once it has served. */
export const DEPLOYED = 'deployed-';

type Selection = {
  tagStatus: string;
  tagPatternList?: string[];
  countType: string;
  countUnit?: string;
  countNumber: number;
};
type Rule = { rulePriority: number; description: string; selection: Selection; action: { type: 'expire' } };

/** ECR takes at most 50 rules; three are taken. */
const MOST_TAGS = 47;
/** More images than a repository holds: the rule selects, and never expires. */
const NEVER = 100_000;

/** The policy's text, the same for the same wishes. Throws LIFECYCLE. */
export function lifecyclePolicy({ keepNewest, untaggedDays, keepDeployed, keepTags }: Lifecycle): string {
  const tags = [...new Set(keepTags)].sort();
  for (const [name, value] of Object.entries({ keepNewest, untaggedDays, keepDeployed })) {
    if (Number.isInteger(value) && value > 0) continue;
    throw new PipelineError('LIFECYCLE', `${name} is ${value}, expected a whole number above zero`);
  }
  if (tags.length > MOST_TAGS) {
    const next = 'keep fewer tags: those that run, and those that a rollback would return to';
    throw new PipelineError('LIFECYCLE', `${tags.length} tags are to be kept, ECR can hold ${MOST_TAGS}`, { next });
  }
  const kept = tags.map((tag) => ({
    description: `keep ${tag}`,
    // One rule for each: a rule with several patterns selects images that match all of them.
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

/** The same rules, however they are written. */
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

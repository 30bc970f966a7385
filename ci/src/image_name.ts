/**
 * Names of images: a registry's host, a repository, a tag or a digest, such as
 * `123456789012.dkr.ecr.eu-central-1.amazonaws.com/sentiment:4f2c...`. This is the only file that takes them apart.
 * https://github.com/distribution/reference/blob/main/reference.go
 */
import type { V1PodSpec } from '#kubernetes';
import { PipelineError } from './errors.ts';

/** Where images of one kind are kept. */
export type ImageName = {
  /** Host, with a port if it has one. */
  registry: string;
  repository: string;
};

/** A part is undefined where the reference has none; account and region are ECR's. */
export type ImageParts = ImageName & { account?: string; region?: string; tag?: string; digest?: string };

/** The parts of a name that can be wrong, in the order in which they are compared. */
export type ImagePart = 'registry' | 'account' | 'region' | 'repository' | 'tag' | 'digest' | 'architecture';

export type PartDifference = { part: ImagePart; found: string; expected: string };

/** What a registry holds, compared with the name that a pod pulls. */
export type ImageExplanation = {
  /** The name in question. */
  reference: string;
  /** The nearest name that exists, if there is one. */
  nearest?: string;
  /** Where the two differ; empty when the image exists. */
  differences: PartDifference[];
  /** The registry itself said that it does not hold the image; otherwise the differences are only a comparison. */
  isKnown?: boolean;
  /** One sentence each: what was read. */
  evidence: string[];
  /** The command that corrects it. */
  next?: string;
};

/** Never throws and answers within seconds: what cannot be read is a line of evidence. `pod` says which nodes may run it. */
export type ExplainImage = (reference: string, pod?: V1PodSpec) => Promise<ImageExplanation>;

const REFERENCE = /^([^@\s]+?)(?::(\w[\w.-]{0,127}))?(?:@([a-z0-9]+:[0-9a-fA-F]{32,}))?$/;
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+|\/)[a-z0-9]+)*$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** ECR's host names in all partitions, IPv6 endpoints included. An account with too few digits is still an account, mistyped. */
const ECR_HOST =
  /^(\d+)\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.(?:com(?:\.cn)?|eu)|on\.(?:aws|amazonwebservices\.(?:com\.cn|eu))|c2s\.ic\.gov|sc2s\.sgov\.gov|csp\.hci\.ic\.gov|cloud\.adc-e\.uk)$/;

/** Undefined for an invalid reference. A name without a registry is Docker Hub's, as for a container runtime. */
export function parseImage(reference: string): ImageParts | undefined {
  const [, name, tag, digest] = REFERENCE.exec(reference) ?? [];
  if (name === undefined) return undefined;
  const slash = name.indexOf('/');
  const head = slash < 0 ? '' : name.slice(0, slash);
  const hasRegistry = /[.:]/.test(head) || head === 'localhost';
  const registry = hasRegistry ? head : 'docker.io';
  const path = hasRegistry ? name.slice(slash + 1) : name;
  if (!PATH.test(path)) return undefined;
  const repository = hasRegistry || path.includes('/') ? path : `library/${path}`;
  return { registry, repository, tag, digest, ...ecrHost(registry) };
}

/** Where images are published: `registry/repository`, without a tag. Throws IMAGE_NAME. */
export function parseImageName(address: string): ImageName {
  const parts = parseImage(address);
  if (!parts || parts.tag || parts.digest || !address.includes('/')) {
    const next = 'such as 123456789012.dkr.ecr.eu-central-1.amazonaws.com/sentiment';
    throw wrong(`the image is to be published as "${address}", expected registry/repository without a tag`, next);
  }
  return { registry: parts.registry, repository: parts.repository };
}

/** Account and region in ECR's host name; undefined for another registry. */
export function ecrHost(registry: string): { account: string; region: string } | undefined {
  const match = ECR_HOST.exec(registry);
  return match ? { account: match[1], region: match[2] } : undefined;
}

export function imageReference({ registry, repository, tag, digest }: ImageParts): string {
  return `${registry}/${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`;
}

/** The tag of an image that was built from a commit; a working tree with changes gets a tag of its own. Throws IMAGE_NAME. */
export function imageTag(commit: string, isClean: boolean): string {
  if (!/^[0-9a-f]{40}$/.test(commit))
    throw wrong(`the commit is "${commit}", expected 40 hexadecimal digits`, 'see git rev-parse HEAD');
  return isClean ? commit : `${commit}-dirty`;
}

/** The reference by digest alone, from what a push answered. Throws IMAGE_NAME. */
export function byDigest(published: string): string {
  const [, name, , digest = ''] = REFERENCE.exec(published) ?? [];
  if (!DIGEST.test(digest))
    throw wrong(`the registry answered "${published}", expected a reference with a digest`, 'try again');
  return `${name}@${digest}`;
}

function wrong(headline: string, next: string): PipelineError {
  return new PipelineError('IMAGE_NAME', headline, { next });
}

/** The parts in which `found` differs from `expected`, from left to right. Two ECR hosts differ in account or region. */
export function compareImages(found: ImageParts, expected: ImageParts): PartDifference[] {
  const areEcr = found.account !== undefined && expected.account !== undefined;
  const names: Exclude<ImagePart, 'architecture'>[] = areEcr
    ? ['account', 'region', 'repository', 'tag', 'digest']
    : ['registry', 'repository', 'tag', 'digest'];
  return names.flatMap((part) => {
    const [here, there] = [found[part] ?? 'none', expected[part] ?? 'none'];
    return here === there ? [] : [{ part, found: here, expected: there }];
  });
}

/** For "did you mean": at most three of `names`, nearest first, that contain it, start it, or differ in at most a third of its letters. */
export function nearNames(wanted: string, names: string[]): string[] {
  const limit = Math.max(2, Math.floor(wanted.length / 3));
  const isPart = (name: string) => name.includes(wanted) || (name.length > 3 && wanted.includes(name));
  return names
    .map((name) => ({ name, distance: editDistance(wanted, name) }))
    .filter(({ name, distance }) => distance <= limit || isPart(name))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** The least number of letters to insert, delete or replace. Levenshtein (1966). */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      next.push(Math.min(next[j] + 1, row[j + 1] + 1, row[j] + (letter === b[j] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}

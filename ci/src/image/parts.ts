/** Image references taken apart, put together and compared. https://github.com/distribution/reference/blob/main/reference.go */
import type { ImagePart, PartDifference } from './explanation.ts';

/** A part is undefined where the reference has none; account and region are ECR's. */
export type ImageParts = {
  /** Host, with a port if it has one. */
  registry: string;
  account?: string;
  region?: string;
  repository: string;
  tag?: string;
  digest?: string;
};

const REFERENCE = /^([^@\s]+?)(?::(\w[\w.-]{0,127}))?(?:@([a-z0-9]+:[0-9a-fA-F]{32,}))?$/;
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+|\/)[a-z0-9]+)*$/;
/** Of all partitions, and of the endpoints with IPv6. An account with a digit too few is still meant to be one. */
const ECR_HOST =
  /^(\d+)\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.(?:com(?:\.cn)?|eu)|on\.(?:aws|amazonwebservices\.(?:com\.cn|eu))|c2s\.ic\.gov|sc2s\.sgov\.gov|csp\.hci\.ic\.gov|cloud\.adc-e\.uk)$/;

/** Undefined for what is no reference. A name without a registry is Docker Hub's, as for a container runtime. */
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

/** Account and region of ECR's host name; nothing for another registry. */
export function ecrHost(registry: string): { account: string; region: string } | undefined {
  const match = ECR_HOST.exec(registry);
  return match ? { account: match[1], region: match[2] } : undefined;
}

export function imageReference({ registry, repository, tag, digest }: ImageParts): string {
  return `${registry}/${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`;
}

/** Where `found` differs from `expected`, the wrongest part first. Two ECR hosts differ in account or region. */
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

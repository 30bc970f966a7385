/** Image references taken apart and compared. https://github.com/distribution/reference/blob/main/reference.go */
import type { ImagePart, PartDifference } from '../../image/explanation.ts';

/** A part is undefined where the reference has none; account and region are ECR's. */
export type ImageParts = {
  registry: string;
  account?: string;
  region?: string;
  repository: string;
  tag?: string;
  digest?: string;
};

const ecrHost = /^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)$/;

/** Undefined for what is no reference. A name without a registry is Docker Hub's, as for a container runtime. */
export function parseImage(reference: string): ImageParts | undefined {
  const match = /^([^@\s]+?)(?::([\w][\w.-]{0,127}))?(?:@([a-z0-9]+:[0-9a-fA-F]{32,}))?$/.exec(reference);
  if (!match) return undefined;
  const [, name, tag, digest] = match;
  const slash = name.indexOf('/');
  const head = slash < 0 ? '' : name.slice(0, slash);
  const hasRegistry = /[.:]/.test(head) || head === 'localhost';
  const registry = hasRegistry ? head : 'docker.io';
  const path = hasRegistry ? name.slice(slash + 1) : name;
  const repository = hasRegistry || path.includes('/') ? path : `library/${path}`;
  const ecr = ecrHost.exec(registry);
  return { registry, repository, tag, digest, ...(ecr && { account: ecr[1], region: ecr[2] }) };
}

/** Where `found` differs from `expected`, the wrongest part first. Two ECR hosts differ in account or region. */
export function compareImages(found: ImageParts, expected: ImageParts): PartDifference[] {
  const bothEcr = found.account !== undefined && expected.account !== undefined;
  const parts: Exclude<ImagePart, 'architecture'>[] = bothEcr
    ? ['account', 'region', 'repository', 'tag', 'digest']
    : ['registry', 'repository', 'tag', 'digest'];
  return parts.flatMap((part) => {
    const [here, there] = [found[part] ?? 'none', expected[part] ?? 'none'];
    return here === there ? [] : [{ part, found: here, expected: there }];
  });
}

/**
 * Explains the name of an image that could not be pulled, or is about to be: which part differs from what ECR holds.
 *
 * First the name is looked up exactly as written. Only if it does not exist is it compared with this deployment's own
 * registry: the account that STS names, the region of the cluster. So an image in another account or region that can be
 * pulled is no difference.
 */

import type { ImageDetail } from '#aws/client-ecr';
import type { V1PodSpec } from '#kubernetes';
import type { AwsClients } from '../aws/clients.ts';
import { dnsSuffix } from '../aws/eks_token.ts';
import { awsProblem } from '../aws/errors.ts';
import {
  compareImages,
  type ExplainImage,
  type ImageExplanation,
  type ImageParts,
  imageReference,
  nearNames,
  parseImage,
} from '../image_name.ts';
import { withTimeout } from '../timeout.ts';
import { type Look, lookAt, newestImages, repositoryNames } from './look.ts';
import { explainPresent, type NodeFacts } from './present.ts';

export type EcrExplainerOptions = NodeFacts & {
  /** Signed in to the account and region of the cluster. */
  clients: AwsClients;
  /** Replaces ECR's host, for tests; with http:// in front when it runs on another machine. */
  registryHost?: string;
  /** Milliseconds for the whole explanation; what was read until then is returned. */
  deadline?: number;
};

/** The registry to which this deployment releases. */
type OwnRegistry = { account: string; region: string; host: string };

export function ecrExplainer(options: EcrExplainerOptions): ExplainImage {
  const { deadline = 10_000 } = options;
  return async (reference, pod) => {
    const explanation: ImageExplanation = { reference, differences: [], evidence: [] };
    try {
      await withTimeout(explain(reference, pod, options, explanation), deadline);
    } catch (error) {
      const isLate = error instanceof DOMException && error.name === 'TimeoutError';
      const problem = isLate ? `AWS did not answer everything within ${deadline / 1000} s` : awsProblem(error).problem;
      explanation.evidence.push(isLate ? problem : `ECR cannot be read: ${problem}`);
    }
    // a late answer must not change what the caller has
    return structuredClone(explanation);
  };
}

async function explain(
  reference: string,
  pod: V1PodSpec | undefined,
  options: EcrExplainerOptions,
  explanation: ImageExplanation,
): Promise<void> {
  const { clients, registryHost } = options;
  const asked = parseImage(reference);
  if (!asked) return explainMalformed(reference, explanation);
  const { account } = await clients.caller();
  const { region } = clients.access;
  const double = registryHost?.replace(/^https?:\/\//, '');
  const isDouble = double !== undefined && asked.account === undefined;
  const own: OwnRegistry = {
    account,
    region,
    host: isDouble ? double : `${account}.dkr.ecr.${region}.${dnsSuffix(region)}`,
  };
  const parts: ImageParts = isDouble && asked.registry === double ? { ...asked, account, region } : asked;
  if (parts.account === undefined || parts.region === undefined) {
    explanation.evidence.push(`${parts.registry} is not ECR; this account's images are at ${own.host}`);
    return compareWithOwn(parts, own, clients, explanation);
  }
  const ecr = clients.inRegion(parts.region).ecr;
  const look = await lookAt(ecr, { account: parts.account, repository: parts.repository }, parts);
  explanation.evidence.push(sentence(parts, look));
  if (look.state === 'there') return explainPresent({ parts, pod, ...look }, options, explanation);
  explanation.isKnown = look.state !== 'cannot';
  return compareWithOwn(parts, own, clients, explanation, look);
}

function explainMalformed(reference: string, explanation: ImageExplanation): void {
  explanation.evidence.push(
    `"${reference}" is not a valid image name: expected registry/repository:tag or registry/repository@sha256:...`,
  );
  const lower = reference.toLowerCase();
  if (lower !== reference && parseImage(lower)) {
    explanation.evidence.push("a repository's name must be in lower case");
    explanation.next = `write ${lower}`;
  }
}

function sentence({ account, region, repository, tag, digest }: ImageParts, look: Look): string {
  const place = `ECR of account ${account} in ${region}`;
  const image = digest ? `the digest ${digest}` : `the tag ${tag ?? 'latest'}`;
  if (look.state === 'there') return `${place} has ${repository} with ${image}`;
  if (look.state === 'no-repository') return `${place} has no repository ${repository}`;
  if (look.state === 'no-image') return `${place} has the repository ${repository}, without ${image}`;
  return `${place} cannot be read: ${look.problem}`;
}

/** Finds the nearest name in the own registry and compares. */
async function compareWithOwn(
  parts: ImageParts,
  own: OwnRegistry,
  clients: AwsClients,
  explanation: ImageExplanation,
  look?: Look,
): Promise<void> {
  const { evidence, differences } = explanation;
  const { account, region, host } = own;
  // Docker Hub's own namespace stands for a name that was written without its registry.
  const wanted = parts.account === undefined ? parts.repository.replace(/^library\//, '') : parts.repository;
  const found: ImageParts = { ...parts, repository: wanted, tag: parts.tag ?? (parts.digest ? undefined : 'latest') };
  const names = await repositoryNames(clients.ecr, account);
  const repository = names.includes(wanted) ? wanted : nearNames(wanted, names)[0];
  if (repository === undefined) {
    evidence.push(
      `ECR of account ${account} in ${region} has no repository with a similar name; it has ${listed(names)}`,
    );
    if (parts.account === undefined) return;
    differences.push(...compareImages(found, { ...found, registry: host, account, region }));
    if (differences.length === 0) differences.push({ part: 'repository', found: wanted, expected: listed(names) });
    explanation.next = 'correct the name, or release to it: a release creates the repository';
    return;
  }
  const nearest: ImageParts = { registry: host, account, region, repository };
  const isLookedAt = parts.account === account && parts.region === region && repository === parts.repository;
  const there = isLookedAt && look ? look : await lookAt(clients.ecr, { account, repository }, found);
  if (there !== look) evidence.push(sentence({ ...found, account, region, repository }, there));
  if (there.state === 'there') Object.assign(nearest, { tag: found.tag, digest: found.digest });
  else if (there.state !== 'cannot') {
    const images = await newestImages(clients.ecr, { account, repository });
    evidence.push(
      `${repository} holds ${counted(images.length, 'image')}, the newest tags are ${listed(tagsOf(images))}`,
    );
    Object.assign(nearest, nearestImage(found, images));
  }
  const isKnown = nearest.tag !== undefined || nearest.digest !== undefined;
  differences.push(...compareImages(found, isKnown ? nearest : { ...nearest, tag: found.tag, digest: found.digest }));
  if (isKnown) {
    explanation.nearest = imageReference(nearest);
  } else if (there.state !== 'cannot') {
    const part = found.digest ? 'digest' : 'tag';
    differences.push({ part, found: found[part] ?? 'none', expected: 'none: the repository is empty' });
    explanation.next = 'release once, so that the repository holds an image';
  }
}

/** The image with the tag, with the most similar tag, or the newest. */
function nearestImage({ tag, digest }: ImageParts, images: ImageDetail[]): Pick<ImageParts, 'tag' | 'digest'> {
  const tags = tagsOf(images);
  const near = tag === undefined ? undefined : tags.includes(tag) ? tag : (nearNames(tag, tags)[0] ?? tags[0]);
  if (digest === undefined) return { tag: near };
  const image = images.find(({ imageTags = [] }) => near !== undefined && imageTags.includes(near)) ?? images[0];
  return { tag: near, digest: image?.imageDigest };
}

function tagsOf(images: ImageDetail[]): string[] {
  return images.flatMap(({ imageTags = [] }) => imageTags);
}

function listed(names: string[]): string {
  if (names.length === 0) return 'none';
  return `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

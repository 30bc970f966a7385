/**
 * Images that cannot be pulled, and what to do about it. The kubelet passes on what the container runtime says, and wordings
 * differ between runtimes and versions: those of containerd 1.6 were recorded on a cluster, those of 1.7 and 2 and of ECR
 * come from the threads named in image.test.ts.
 */

import { compareImages, type ImageParts, imageReference, parseImage } from '../image_name.ts';
import type { Cause } from './causes.ts';
import {
  type ContainerView,
  type Finding,
  lastEvent,
  previousReplicaSet,
  type RolloutView,
  specIn,
  subjectOf,
  timesReported,
} from './finding.ts';
import { quote } from './text.ts';

const reasons = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);

type Meaning = { cause: Cause; says: string; permanent?: true };

/**
 * What a message means, in words that complete "cannot pull IMAGE: ...". The first match counts, since a message may mention
 * other faults in passing ("or may require authorization").
 */
const wordings: [RegExp, Cause, string, { permanent?: true }?][] = [
  [/pull QPS exceeded/, 'image-rate-limit', 'the node pulls too many images at once'],
  [/\b429\b|too ?many ?requests|rate ?limit|throttl/i, 'image-rate-limit', 'the registry limits the pull rate (429)'],
  [
    /invalid reference format|couldn't parse image (name|reference)|InvalidImageName/i,
    'image-name',
    'that is not a valid image name',
  ],
  [
    /x509|certificate|tls: |gave HTTP response to HTTPS client/i,
    'image-tls',
    "the node does not trust the registry's certificate",
  ],
  [
    /no match for platform|no matching manifest|does not match the specified platform/i,
    'image-architecture',
    "it has no variant for the node's architecture",
  ],
  [
    /no basic auth credentials|\b401\b|unauthorized|authentication required|authorization failed|token has expired|pull access denied/i,
    'image-no-credentials',
    'the node has no valid credentials for the registry (401)',
  ],
  [
    /\b403\b|forbidden|access ?denied|not authorized to perform|\bdenied\b/i,
    'image-forbidden',
    'the registry refuses it (403)',
  ],
  [/no such host|server misbehaving/i, 'image-unreachable', "the registry's host name does not resolve"],
  [/no space left on device/i, 'node-trouble', "the node's disk is full"],
  [
    /connection refused|dial tcp|dial udp|i\/o timeout|deadline exceeded|unreachable|connection reset|\bEOF\b|httpReadSeeker/i,
    'image-unreachable',
    'the node cannot reach the registry',
  ],
  [
    /status code .{0,200}\b5\d\d\b|\b50[0234]\b|server error|unavailable/i,
    'image-unreachable',
    'the registry has an internal error (5xx)',
  ],
  [
    /not ?found|manifest unknown|name unknown|does not exist|\b404\b/i,
    'image-not-found',
    'the registry has no such image',
  ],
  [
    /not present with pull policy of Never/,
    'image-not-found',
    'the node does not have it and may not pull it (imagePullPolicy: Never)',
    { permanent: true },
  ],
];

/** What a message of kubelet or runtime means. The image's own name is removed first: a repository may be called "403". */
export function classifyPull(message: string, image: string): Meaning {
  const parts = parseImage(image);
  const own = parts
    ? [image, `${parts.registry}/${parts.repository}`, parts.registry, parts.repository, parts.tag ?? '']
    : [image];
  const bare = own
    .filter((text) => text !== '')
    .reduce((text, part) => text.replaceAll(part, ' '), message.replace(/https?:\/\/[^\s"]+/g, ' '));
  const [, cause, says, more] = wordings.find(([text]) => text.test(bare)) ?? [/^/, 'image-pull', 'the pull fails'];
  return { cause, says, ...more };
}

const failure = /^(\(combined from similar events\): )?Failed to (pull|inspect) image/;

export function imageFindings(rollout: RolloutView): Finding[] {
  return rollout.containers.flatMap((view) => {
    const waiting = view.status?.state?.waiting;
    if (!waiting?.reason || !reasons.has(waiting.reason)) return [];
    const failed = lastEvent(view.events, 'Failed', failure);
    const attempts = timesReported(view.events, 'Failed', failure);
    return [finding(rollout, view, kubeletWords(waiting.message, failed?.message), attempts)];
  });
}

/** Nodes up to 1.31 show only "Back-off pulling image" (kubernetes/kubernetes#127918); there the event has the cause. */
function kubeletWords(waiting = '', event = ''): string {
  const hidesCause = waiting === '' || /^Back-off pulling image "[^"]*"$/.test(waiting.trim());
  return hidesCause && event !== '' ? event : waiting;
}

function finding(rollout: RolloutView, view: ContainerView, message: string, attempts: number): Finding {
  const image = view.spec.image ?? view.status?.image ?? '';
  const { cause, says, permanent } = classifyPull(message, image);
  const words = quote(trimPull(message));
  const before = specIn(previousReplicaSet(rollout), view.name)?.image;
  const comparison = before === undefined || before === image ? undefined : compare(image, before);
  const next = imageAdvice(cause, {
    ...rollout,
    container: view.name,
    image,
    pullPolicy: view.spec.imagePullPolicy,
    corrected: comparison?.corrected,
  });
  return {
    cause,
    headline: `Deployment ${rollout.deployment} cannot pull ${image || 'an image without a name'}: ${cause === 'image-pull' ? `${says}: ${words}` : says}${comparison?.headline ?? ''}`,
    evidence: [`pod ${view.podName}, container ${view.name}: "${words}"`, ...(comparison?.evidence ?? [])],
    next,
    subject: { ...subjectOf(view), image },
    permanent,
    attempts,
  };
}

/** The runtime repeats the image's name up to four times, with folders of its own in between, before it says what is wrong. */
export function trimPull(message: string): string {
  return message
    .replace(/^Back-off pulling image "[^"]*": /, '')
    .replace(/^(ErrImagePull|Failed to pull image "[^"]*"): /, '')
    .replace(/rpc error: code = \w+ desc = /g, '')
    .replace(/mount callback failed on \S+: /g, '')
    .replace(/failed to (pull and unpack image|resolve reference|copy) "[^"]*": /g, '');
}

/** A new release has another tag or digest, as it should; only another registry or repository can be the fault. */
function compare(
  image: string,
  before: string,
): { headline: string; evidence: string[]; corrected?: string } | undefined {
  const [found, expected] = [parseImage(image), parseImage(before)];
  if (!found || !expected) return undefined;
  const differences = compareImages(found, expected);
  const place = differences.filter(({ part }) => part !== 'tag' && part !== 'digest');
  const listed = (all: typeof differences) =>
    all.map(({ part, found, expected }) => `${part} ${found} instead of ${expected}`).join(', ');
  const parts = differences.map(({ part }) => part).join(' and ');
  if (place.length === 0)
    return { headline: '', evidence: [`the previous revision runs ${before}, which differs in ${parts}`] };
  const corrected = imageReference({ ...expected, tag: found.tag, digest: found.digest });
  return { headline: `; ${listed(place)}, where ${before} runs`, evidence: [], corrected };
}

type PullFailure = {
  /** `-n namespace`. */
  flag: string;
  /** Of the Deployment. */
  name: string;
  container: string;
  image: string;
  pullPolicy?: string;
  /** The reference with the registry and repository of an older revision, if they differ. */
  corrected?: string;
};

export const architectureAdvice =
  'build the image for the architecture of the nodes (docker buildx build --platform linux/amd64,linux/arm64), or choose nodes with nodeSelector kubernetes.io/arch';

function imageAdvice(cause: Cause, failure: PullFailure): string {
  const { flag, name, container, image, corrected } = failure;
  const parts = parseImage(image);
  const other = corrected && `kubectl ${flag} set image deployment/${name} ${container}=${corrected}`;
  // a registry that asks for a password may be the right one
  if (other && parts && cause === 'image-no-credentials')
    return `${adviceFor(cause, parts, failure)}; or, if another registry was meant: ${other}`;
  if (other) return other;
  if (!parts) return 'write the image as registry/repository@sha256:..., in lower case';
  return adviceFor(cause, parts, failure);
}

function adviceFor(cause: Cause, parts: ImageParts, { flag, container, image, pullPolicy }: PullFailure): string {
  const { registry, repository, tag, digest, account, region } = parts;
  const ecr = account ? `--registry-id ${account} --region ${region}` : undefined;
  const id = digest ? `imageDigest=${digest}` : `imageTag=${tag ?? 'latest'}`;
  switch (cause) {
    case 'image-forbidden':
      if (!ecr) return `ask the owner of ${registry} for the right to pull ${repository}`;
      return `check the account and the rights: aws ecr get-repository-policy ${ecr} --repository-name ${repository}; the node role needs AmazonEC2ContainerRegistryPullOnly, and from another account the repository's policy must name it`;
    case 'image-no-credentials':
      if (ecr)
        return 'attach AmazonEC2ContainerRegistryPullOnly to the node role: aws iam attach-role-policy --policy-arn arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly --role-name <node role>';
      return `kubectl ${flag} create secret docker-registry pull --docker-server=${registry} --docker-username=... --docker-password=..., and name it in the pod's imagePullSecrets`;
    case 'image-not-found':
      if (pullPolicy === 'Never') return `set imagePullPolicy of container ${container} to IfNotPresent`;
      if (ecr) return `aws ecr describe-images ${ecr} --repository-name ${repository} --image-ids ${id}`;
      return `push ${image}, or deploy an image that exists: curl https://${registry}/v2/${repository}/tags/list`;
    case 'image-tls':
      return `install the CA that signed ${registry}'s certificate on the nodes (containerd: /etc/containerd/certs.d/${registry}/hosts.toml, ca = ...)`;
    case 'image-rate-limit':
      return `wait, pull fewer images at once, or use a pull-through cache (an ECR pull-through cache rule) instead of ${registry}`;
    case 'image-unreachable':
      return `from a node: curl -v https://${registry}/v2/ (the name, the route or VPC endpoint, the security group, the registry itself)`;
    case 'image-name':
      return `write the image of container ${container} as registry/repository@sha256:..., in lower case`;
    case 'image-architecture':
      return architectureAdvice;
    case 'node-trouble':
      return 'free or enlarge the disk of the node, or drain it: kubectl drain <node> --ignore-daemonsets';
    default:
      return `kubectl ${flag} get events --field-selector reason=Failed, then pull ${image} by hand from a node: crictl pull ${image}`;
  }
}

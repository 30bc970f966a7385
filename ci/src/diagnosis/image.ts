/** Images that cannot be pulled, and what to do about it. */

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
import { classifyPull } from './pull_wordings.ts';
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
  const meaning = classifyPull(message, image);
  const { cause, says, permanent } = meaning;
  const words = quote(trimPull(message));
  const before = specIn(previousReplicaSet(rollout), view.name)?.image;
  const comparison = before === undefined || before === image ? undefined : compare(image, before);
  const next = imageAdvice(cause, {
    ...rollout,
    container: view.name,
    image,
    pullPolicy: view.spec.imagePullPolicy,
    corrected: comparison?.corrected,
    secrets: pullSecrets(view),
    own: meaning.next,
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
  secrets: PullSecrets;
  /** The advice for this very message. */
  own?: string;
};

/** The pod's own credentials; the node uses them before its role. */
type PullSecrets = { named: string[]; areMissing: boolean };

function pullSecrets({ pod, events }: ContainerView): PullSecrets {
  const named = (pod.spec?.imagePullSecrets ?? []).flatMap(({ name }) => name ?? []);
  return { named, areMissing: lastEvent(events, 'FailedToRetrieveImagePullSecret') !== undefined };
}

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
  if (failure.own) return failure.own;
  if (!parts) return 'write the image as registry/repository@sha256:..., in lower case';
  return adviceFor(cause, parts, failure);
}

/** Undefined if the pod has no pull secrets. */
function secretAdvice({ registry, account }: ImageParts, { flag, secrets }: PullFailure): string | undefined {
  const [name] = secrets.named;
  if (name === undefined) return undefined;
  const listed = secrets.named.join(', ');
  const make = `kubectl ${flag} create secret docker-registry ${name} --docker-server=${registry} --docker-username=... --docker-password=... --dry-run=client -o yaml | kubectl ${flag} apply -f -`;
  if (secrets.areMissing) return `the pod's imagePullSecrets name ${listed}, and the node could not read them: ${make}`;
  const age = account ? '; a password of ECR is valid for twelve hours, so a node role is the better way' : '';
  return `the registry does not accept what the pod's imagePullSecrets (${listed}) hold, which go before the node's role: ${make}${age}`;
}

function adviceFor(cause: Cause, parts: ImageParts, failure: PullFailure): string {
  const { flag, container, image, pullPolicy } = failure;
  const { registry, repository, tag, digest, account, region } = parts;
  const ecr = account ? `--registry-id ${account} --region ${region}` : undefined;
  const id = digest ? `imageDigest=${digest}` : `imageTag=${tag ?? 'latest'}`;
  switch (cause) {
    case 'image-forbidden':
      if (failure.secrets.named.length > 0)
        return `${secretAdvice(parts, failure)}; or ask its owner for the right to pull ${repository}`;
      if (!ecr) return `ask the owner of ${registry} for the right to pull ${repository}`;
      return `check the account and the rights: aws ecr get-repository-policy ${ecr} --repository-name ${repository}; the node role needs AmazonEC2ContainerRegistryPullOnly, and from another account the repository's policy must name it`;
    case 'image-no-credentials': {
      const own = secretAdvice(parts, failure);
      if (own) return own;
      if (ecr)
        return 'attach AmazonEC2ContainerRegistryPullOnly to the node role: aws iam attach-role-policy --policy-arn arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly --role-name <node role>';
      return `kubectl ${flag} create secret docker-registry pull --docker-server=${registry} --docker-username=... --docker-password=..., and name it in the pod's imagePullSecrets`;
    }
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

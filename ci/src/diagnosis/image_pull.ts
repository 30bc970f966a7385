/**
 * Images that cannot be pulled. The kubelet passes on what the container runtime says, and wordings differ between
 * runtimes and their versions; those of containerd 1.6 were recorded on a cluster, those of 1.7 and 2 and of ECR are from
 * the threads that docs/deploy.md names.
 */

import { compareImages, imageReference, parseImage } from '../image_name.ts';
import { type ContainerView, type Finding, lastEvent, quote, type Scene, timesSaid } from './finding.ts';
import { imageAdvice } from './image_advice.ts';
import type { Cause } from './verdict.ts';

const reasons = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);

type Pattern = { cause: Cause; text: RegExp; says: string; permanent: boolean };

/** The first that fits counts, so that what is said in passing ("or may require authorization") comes after what is meant. */
const patterns: Pattern[] = [
  {
    cause: 'image-rate-limit',
    text: /pull QPS exceeded/,
    says: 'the node pulls too many images at once',
    permanent: false,
  },
  {
    cause: 'image-rate-limit',
    text: /\b429\b|too ?many ?requests|rate ?limit|throttl/i,
    says: 'the registry limits the rate (429)',
    permanent: false,
  },
  {
    cause: 'image-name',
    text: /invalid reference format|couldn't parse image (name|reference)|InvalidImageName/i,
    says: 'that is not a valid image name',
    permanent: true,
  },
  {
    cause: 'image-tls',
    text: /x509|certificate|tls: |gave HTTP response to HTTPS client/i,
    says: "the node does not trust the registry's certificate",
    permanent: true,
  },
  {
    cause: 'image-architecture',
    text: /no match for platform|no matching manifest|does not match the specified platform/i,
    says: "it has no variant for the node's architecture",
    permanent: true,
  },
  {
    cause: 'image-no-credentials',
    text: /no basic auth credentials|\b401\b|unauthorized|authentication required|authorization failed|token has expired|pull access denied/i,
    says: 'the node has no credentials that the registry takes (401)',
    permanent: true,
  },
  {
    cause: 'image-forbidden',
    text: /\b403\b|forbidden|access ?denied|not authorized to perform|\bdenied\b/i,
    says: 'the registry refuses it (403)',
    permanent: true,
  },
  {
    cause: 'image-unreachable',
    text: /no such host|server misbehaving/i,
    says: "the registry's host name does not resolve",
    permanent: false,
  },
  { cause: 'node-trouble', text: /no space left on device/i, says: "the node's disk is full", permanent: false },
  {
    cause: 'image-unreachable',
    text: /connection refused|dial tcp|dial udp|i\/o timeout|deadline exceeded|unreachable|connection reset|\bEOF\b|httpReadSeeker/i,
    says: 'the node cannot reach the registry',
    permanent: false,
  },
  {
    cause: 'image-unreachable',
    text: /status code .*\b5\d\d\b|\b50[0234]\b|server error|unavailable/i,
    says: 'the registry has trouble of its own (5xx)',
    permanent: false,
  },
  {
    cause: 'image-not-found',
    text: /not ?found|manifest unknown|name unknown|does not exist|\b404\b/i,
    says: 'the registry has no such image',
    permanent: false,
  },
  {
    cause: 'image-not-found',
    text: /not present with pull policy of Never/,
    says: 'the node does not hold it and may not pull it (imagePullPolicy: Never)',
    permanent: true,
  },
];

const anything: Omit<Pattern, 'text'> = { cause: 'image-pull', says: 'the pull fails', permanent: false };

/** What a message of kubelet or runtime means. The image's own name is taken out first: a repository may be called "403". */
export function classifyPull(message: string, image: string): Omit<Pattern, 'text'> {
  const parts = parseImage(image);
  const own = parts
    ? [image, `${parts.registry}/${parts.repository}`, parts.registry, parts.repository, parts.tag ?? '']
    : [image];
  const bare = own
    .filter((text) => text !== '')
    .reduce((text, part) => text.replaceAll(part, ' '), message.replace(/https?:\/\/[^\s"]+/g, ' '));
  return patterns.find(({ text }) => text.test(bare)) ?? anything;
}

const failure = /^(\(combined from similar events\): )?Failed to (pull|inspect) image/;

export function imageFindings(scene: Scene): Finding[] {
  return scene.containers.flatMap((view) => {
    const waiting = view.status?.state?.waiting;
    if (!waiting?.reason || !reasons.has(waiting.reason)) return [];
    const failed = lastEvent(view.events, 'Failed', failure);
    const attempts = timesSaid(view.events, 'Failed', failure);
    return [finding(scene, view, kubeletWords(waiting.message, failed?.message), attempts)];
  });
}

/**
 * Nodes up to 1.31 hide the cause behind "Back-off pulling image" (kubernetes/kubernetes#127918): there it is in the event.
 */
function kubeletWords(waiting = '', event = ''): string {
  const hidesCause = waiting === '' || /^Back-off pulling image "[^"]*"$/.test(waiting.trim());
  return hidesCause && event !== '' ? event : waiting;
}

function finding(scene: Scene, view: ContainerView, message: string, attempts: number): Finding {
  const image = view.spec.image ?? view.status?.image ?? '';
  const { cause, says, permanent } = classifyPull(message, image);
  const words = quote(trimPull(message));
  const before = imageBefore(scene, view);
  const comparison = before === undefined || before === image ? undefined : compare(image, before);
  const next = imageAdvice(cause, {
    ...scene,
    container: view.name,
    image,
    pullPolicy: view.spec.imagePullPolicy,
    mended: comparison?.mended,
  });
  return {
    cause,
    headline: `Deployment ${scene.deployment} cannot pull ${image || 'an image without a name'}: ${cause === 'image-pull' ? `${says}: ${words}` : says}${comparison?.headline ?? ''}`,
    evidence: [`pod ${view.podName}, container ${view.name}: "${words}"`, ...(comparison?.evidence ?? [])],
    next,
    subject: { pod: view.podName, container: view.name, image, node: view.pod.spec?.nodeName },
    permanent,
    attempts,
  };
}

/** The runtime says the same name up to four times before it says what is wrong, and folders of its own between. */
export function trimPull(message: string): string {
  return message
    .replace(/^Back-off pulling image "[^"]*": /, '')
    .replace(/^(ErrImagePull|Failed to pull image "[^"]*"): /, '')
    .replace(/rpc error: code = \w+ desc = /g, '')
    .replace(/mount callback failed on \S+: /g, '')
    .replace(/failed to (pull and unpack image|resolve reference|copy) "[^"]*": /g, '');
}

/** The same container's image in the newest older revision that serves, else the newest older one. */
function imageBefore(scene: Scene, view: ContainerView): string | undefined {
  const { replicaSets } = scene.snapshot;
  const number = (index: number) =>
    Number(replicaSets[index].metadata?.annotations?.['deployment.kubernetes.io/revision'] ?? 0);
  const older = replicaSets
    .map((set, index) => ({ set, number: number(index), serves: (set.status?.readyReplicas ?? 0) > 0 }))
    .filter(({ set }) => set.metadata?.uid !== scene.revision.replicaSet.metadata?.uid)
    .sort((a, b) => Number(b.serves) - Number(a.serves) || b.number - a.number);
  const containers = older.at(0)?.set.spec?.template?.spec?.containers ?? [];
  return containers.find(({ name }) => name === view.name)?.image;
}

/** A new release differs in tag or digest as it should: only another place is a fault that can be named. */
function compare(image: string, before: string): { headline: string; evidence: string[]; mended?: string } | undefined {
  const [found, expected] = [parseImage(image), parseImage(before)];
  if (!found || !expected) return undefined;
  const differences = compareImages(found, expected);
  const place = differences.filter(({ part }) => part !== 'tag' && part !== 'digest');
  const listed = (all: typeof differences) =>
    all.map(({ part, found, expected }) => `${part} ${found} instead of ${expected}`).join(', ');
  const parts = differences.map(({ part }) => part).join(' and ');
  if (place.length === 0)
    return { headline: '', evidence: [`the revision before runs ${before}, which differs in ${parts}`] };
  const mended = imageReference({ ...expected, tag: found.tag, digest: found.digest });
  return { headline: `; ${listed(place)}, where ${before} runs`, evidence: [], mended };
}

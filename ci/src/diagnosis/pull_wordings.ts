/**
 * What a message about a failed pull means: who answered (the registry, the storage of its layers, a proxy, the node itself),
 * what is wrong, and what mends it. Wordings differ between runtimes and versions: those of containerd 1.6 were recorded on a
 * cluster, those of 1.7 and 2, of Go's HTTP client and of registries come from the threads named in image.test.ts.
 */
import { parseImage } from '../image_name.ts';
import type { Cause } from './causes.ts';

export type Meaning = {
  cause: Cause;
  /** Completes "cannot pull IMAGE: ...". */
  says: string;
  permanent?: boolean;
  /** Mends this wording, where the cause's own advice does not. */
  next?: string;
};

const proxyAdvice =
  "on the node: the proxy's settings (systemctl cat containerd, HTTP_PROXY and NO_PROXY); let the proxy pass the registry's hosts, or add them to NO_PROXY";
const storeAdvice =
  "the node's own image store is damaged: kubectl drain NODE --ignore-daemonsets and replace it, or on the node: crictl rmi IMAGE, then systemctl restart containerd";
const clockAdvice = "compare the node's clock (chronyc tracking, timedatectl) with the certificate's dates";
const s3Advice =
  "the layers of ECR are in S3: let the policy of the S3 VPC endpoint allow s3:GetObject on arn:aws:s3:::prod-REGION-starport-layer-bucket/*, and the node's proxy pass that host";

/** About the message as it is, with the addresses that answered. */
const answered: [RegExp, Meaning][] = [
  [
    /(?:starport-layer-bucket|\.s3[.-])[^\s"]{0,300}"?:? ?(?:403|.{0,20}Forbidden|.{0,20}AccessDenied)|<Code>AccessDenied<\/Code>/,
    {
      cause: 'image-forbidden',
      says: 'the registry lets the node read it, but S3 refuses its layers (403)',
      next: s3Advice,
    },
  ],
  [
    /(?:starport-layer-bucket|\.s3[.-])[^\s"]{0,300}"?: (?:dial tcp|EOF|context deadline|net\/http|read tcp)/,
    {
      cause: 'image-unreachable',
      says: 'the registry answers, but the node cannot reach S3, where its layers are',
      next: 'from a node: curl -v the S3 host of the message; a private subnet needs the S3 gateway endpoint in its route table, or a NAT gateway',
    },
  ],
  [/proxyconnect tcp: /, { cause: 'image-unreachable', says: 'the node cannot reach its proxy', next: proxyAdvice }],
  [
    /Proxy Authentication Required|\b407\b/,
    { cause: 'image-no-credentials', says: "the node's proxy asks for a sign-in (407)", next: proxyAdvice },
  ],
  // Go's client gives the words of a proxy that refuses CONNECT, without a status; a registry's own answer has one.
  [
    /(?:Head|Get) "https:[^"]{1,400}": (?:Forbidden|Access Denied|Access denied|Bad Gateway|Gateway Time-?out|Service Unavailable|Not Allowed|Method Not Allowed)/,
    { cause: 'image-forbidden', says: 'a proxy between node and registry refuses the connection', next: proxyAdvice },
  ],
  [
    /unexpected media type text\/html|invalid character '<' looking for beginning of value/,
    {
      cause: 'image-unreachable',
      says: 'a page of HTML came in place of the image: a proxy or a portal answers for the registry',
      next: proxyAdvice,
    },
  ],
];

/** About the message without addresses and without the image's own name. The first match counts. */
const wordings: [RegExp, Meaning][] = [
  [/pull QPS exceeded/, { cause: 'image-rate-limit', says: 'the node pulls too many images at once' }],
  [
    /\b429\b|too ?many ?requests|rate ?limit|throttl/i,
    { cause: 'image-rate-limit', says: 'the registry limits the pull rate (429)' },
  ],
  [
    /invalid reference format|couldn't parse image (name|reference)|InvalidImageName/i,
    { cause: 'image-name', says: 'that is not a valid image name' },
  ],
  [
    /certificate has expired or is not yet valid: current time \S+ is before/,
    {
      cause: 'image-tls',
      says: "the registry's certificate is not valid yet by the node's clock",
      next: `set the node's clock: ${clockAdvice}`,
    },
  ],
  [
    /certificate has expired/,
    {
      cause: 'image-tls',
      says: "the registry's certificate has expired by the node's clock",
      next: `renew the certificate of the registry; if that is valid: ${clockAdvice}`,
    },
  ],
  [
    /certificate is (?:valid for|not valid for any names)|doesn't contain any IP SANs/,
    {
      cause: 'image-tls',
      says: "the registry's certificate is for another name",
      next: 'use the name in the certificate, or issue one for this name; a private DNS name may lead to the wrong server',
    },
  ],
  [
    /gave HTTP response to HTTPS client/,
    {
      cause: 'image-tls',
      says: 'the registry speaks plain HTTP, and the node expects TLS',
      next: 'give the registry a certificate, or, only for tests, name it with http:// in hosts.toml of the nodes',
    },
  ],
  [/x509|certificate|tls: /i, { cause: 'image-tls', says: "the node does not trust the registry's certificate" }],
  [
    /no match for platform|no matching manifest|does not match the specified platform/i,
    { cause: 'image-architecture', says: "it has no variant for the node's architecture" },
  ],
  [
    /content digest sha256:[0-9a-f]+: not found|failed to (?:commit|prepare|stat) (?:extraction )?snapshot|from content store|failed size validation|unexpected commit digest|input\/output error|structure needs cleaning|read-only file system|metadata\.db|snapshot .{0,100} (?:does not exist|not found)/i,
    { cause: 'node-trouble', says: "the node's image store fails", next: storeAdvice },
  ],
  [
    /no basic auth credentials/i,
    { cause: 'image-no-credentials', says: 'the node has no valid credentials for the registry (401)' },
  ],
  [
    /insufficient_scope|repository does not exist or may require/i,
    {
      cause: 'image-no-credentials',
      says: 'the node has no valid credentials for the registry, or there is no such repository (the registry says 401 for both)',
    },
  ],
  [
    /\b401\b|unauthorized|authentication required|authorization failed|token has expired|pull access denied/i,
    { cause: 'image-no-credentials', says: 'the node has no valid credentials for the registry (401)' },
  ],
  [
    /\b403\b|forbidden|access ?denied|not authorized to perform|\bdenied\b/i,
    { cause: 'image-forbidden', says: 'the registry refuses it (403)' },
  ],
  [
    /no such host|server misbehaving/i,
    { cause: 'image-unreachable', says: "the registry's host name does not resolve" },
  ],
  [/no space left on device/i, { cause: 'node-trouble', says: "the node's disk is full" }],
  [
    /connection refused|dial tcp|dial udp|i\/o timeout|deadline exceeded|unreachable|connection reset|\bEOF\b|httpReadSeeker/i,
    { cause: 'image-unreachable', says: 'the node cannot reach the registry' },
  ],
  [
    /status code .{0,200}\b5\d\d\b|\b50[0234]\b|server error|unavailable/i,
    { cause: 'image-unreachable', says: 'the registry has an internal error (5xx)' },
  ],
  [
    /not ?found|manifest unknown|name unknown|does not exist|\b404\b/i,
    { cause: 'image-not-found', says: 'the registry has no such image' },
  ],
  [
    /not present with pull policy of Never/,
    {
      cause: 'image-not-found',
      says: 'the node does not have it and may not pull it (imagePullPolicy: Never)',
      permanent: true,
    },
  ],
];

/** What a message of kubelet or runtime means. The image's own name is removed first: a repository may be called "403". */
export function classifyPull(message: string, image: string): Meaning {
  const parts = parseImage(image);
  // With the host of the registry gone, what is left of an address is whoever answered in its place.
  const own = parts
    ? [image, `${parts.registry}/${parts.repository}`, parts.registry, parts.repository, parts.tag ?? '']
    : [image];
  const named = own.filter((text) => text !== '').reduce((text, part) => text.replaceAll(part, ' '), message);
  const first = answered.find(([text]) => text.test(named.replace(/"https?:\/\/ [^"]*"/g, '"https:x"')));
  if (first) return first[1];
  const withoutAddresses = message.replace(/https?:\/\/[^\s"]+/g, ' ');
  const bare = own.filter((text) => text !== '').reduce((text, part) => text.replaceAll(part, ' '), withoutAddresses);
  const [, meaning] = wordings.find(([text]) => text.test(bare)) ?? [];
  return meaning ?? { cause: 'image-pull', says: 'the pull fails' };
}

/**
 * ECR's registry: how to sign in, what a tag holds, and whether to push. A tag names one content for ever.
 *
 *     const state = await tagState(login, repository, tag);
 *     if (pushDecision({ repository, tag, state }, content) === 'push') ...
 *
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md, image-spec: manifest.md, image-index.md, config.md
 */
import { GetAuthorizationTokenCommand } from '#aws/client-ecr';
import type { AwsClients } from '../aws/clients.ts';
import { awsError } from '../aws/errors.ts';
import { PipelineError } from '../errors.ts';
import { hide } from '../redact.ts';

export type RegistryLogin = {
  /** Host and port: the first part of an image's name. In tests it may begin with http://. */
  host: string;
  username: string;
  password: string;
  expiresAt?: Date;
};

/**
 * The user name is always AWS; the password lasts twelve hours. `host` replaces ECR's own with a registry that takes the
 * same password. Throws as awsError.
 */
export async function registryLogin(clients: AwsClients, host?: string): Promise<RegistryLogin> {
  try {
    const [data] = (await clients.ecr.send(new GetAuthorizationTokenCommand({}))).authorizationData ?? [];
    if (!data?.authorizationToken || !data.proxyEndpoint) {
      throw new PipelineError('AWS', 'ECR returned no token', { next: 'try again' });
    }
    const [username, ...rest] = Buffer.from(data.authorizationToken, 'base64').toString('utf8').split(':');
    hide(data.authorizationToken);
    hide(rest.join(':'));
    return {
      host: host ?? new URL(data.proxyEndpoint).host,
      username,
      password: rest.join(':'),
      expiresAt: data.expiresAt,
    };
  } catch (error) {
    throw awsError(`could not get a token for ECR in ${clients.access.region}`, error);
  }
}

export type ImageFacts = {
  /** Of the manifest or index that was asked for. */
  digest: string;
  mediaType: string;
  /** Such as linux/amd64. */
  platforms: string[];
  /** Of the image, or of the first in an index. */
  labels: Record<string, string>;
};

const INDEX = ['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json'];
const MANIFEST = ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json'];

/** Milliseconds for one answer. */
const TIMEOUT = 20_000;

type Descriptor = { digest?: string; platform?: { os?: string; architecture?: string; variant?: string } };
type Manifest = { mediaType?: string; config?: Descriptor; manifests?: Descriptor[] };
type Config = { os?: string; architecture?: string; variant?: string; config?: { Labels?: Record<string, string> } };

/** `reference` is a tag or a digest. Undefined when the registry does not have it. Throws REGISTRY. */
export async function imageFacts(
  login: RegistryLogin,
  repository: string,
  reference: string,
): Promise<ImageFacts | undefined> {
  const accept = [...INDEX, ...MANIFEST].join(', ');
  const response = await ask(login, `${repository}/manifests/${reference}`, accept);
  if (response === undefined) return undefined;
  const manifest: Manifest = JSON.parse(await response.text());
  const digest = response.headers.get('docker-content-digest') ?? '';
  const mediaType = manifest.mediaType ?? response.headers.get('content-type') ?? '';
  const images = (manifest.manifests ?? []).filter(isImage);
  if (manifest.config === undefined && images.length > 0) {
    const first = await imageFacts(login, repository, images[0].digest ?? '');
    return {
      digest,
      mediaType,
      platforms: images.map(({ platform }) => platformName(platform)),
      labels: first?.labels ?? {},
    };
  }
  const config = await readConfig(login, repository, manifest.config?.digest);
  return { digest, mediaType, platforms: [platformName(config)], labels: config.config?.Labels ?? {} };
}

/** Builders add attestations to an index, for a platform called unknown. */
function isImage({ platform }: Descriptor): boolean {
  return platform?.architecture !== undefined && platform.architecture !== 'unknown';
}

function platformName({ os, architecture, variant }: Config = {}): string {
  return [os ?? 'linux', architecture ?? 'unknown', ...(variant ? [variant] : [])].join('/');
}

async function readConfig(login: RegistryLogin, repository: string, digest?: string): Promise<Config> {
  if (digest === undefined) return {};
  const response = await ask(login, `${repository}/blobs/${digest}`, '*/*');
  return response === undefined ? {} : JSON.parse(await response.text());
}

/** Like container engines: plain HTTP to this machine, HTTPS to all others, unless the host is given as a URL. */
export function registryUrl(host: string): string {
  if (/^https?:\/\//.test(host)) return host;
  const isHere = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
  return `${isHere ? 'http' : 'https'}://${host}`;
}

export type RegistryCall = { method?: 'PUT' | 'POST' | 'HEAD'; body?: Uint8Array<ArrayBuffer>; type?: string };

/**
 * One call below /v2/, or to an address that the registry gave. Undefined for 404. Registries other than ECR may ask for a
 * token first, which the same user name and password get. Throws REGISTRY.
 */
export async function ask(login: RegistryLogin, path: string, accept: string, call: RegistryCall = {}) {
  const { host, username, password } = login;
  const { method = 'GET', body, type } = call;
  const basic = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const url = new URL(path, `${registryUrl(host)}/v2/`);
  const send = (to: URL, authorization: string | undefined) =>
    fetch(to, {
      method,
      headers: { accept, ...(authorization && { authorization }), ...(type && { 'content-type': type }) },
      body,
      signal: AbortSignal.timeout(TIMEOUT),
    });
  const where = `the registry ${host}`;
  let response: Response;
  try {
    response = await send(url, username ? basic : undefined);
    const token = await tokenFor(response, username ? basic : undefined);
    if (token) response = await send(url, `Bearer ${token}`);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const evidence = [cause instanceof Error ? cause.message : String(cause)];
    throw new PipelineError('REGISTRY', `${where} cannot be reached`, { evidence, cause: error });
  }
  if (response.status === 404) return undefined;
  if (response.ok) return response;
  const evidence = [(await response.text()).trim().slice(0, 500)];
  const next = response.status === 401 ? 'check the user name and password' : undefined;
  throw new PipelineError('REGISTRY', `${where} answers ${response.status} to ${method} ${url.pathname}`, {
    evidence,
    next,
  });
}

/** What a 401 with a Bearer challenge asks for. https://distribution.github.io/distribution/spec/auth/token/ */
async function tokenFor(response: Response, authorization: string | undefined): Promise<string | undefined> {
  const challenge = response.status === 401 ? (response.headers.get('www-authenticate') ?? '') : '';
  if (!/^bearer /i.test(challenge)) return undefined;
  const asked = Object.fromEntries(
    [...challenge.matchAll(/(\w{1,20})="([^"]*)"/g)].map(([, name, value]) => [name, value]),
  );
  const realm = URL.parse(asked.realm ?? '');
  // They get the user name and the password.
  if (!realm || (realm.protocol !== 'https:' && realm.origin !== new URL(response.url).origin)) return undefined;
  for (const name of ['service', 'scope']) if (asked[name]) realm.searchParams.set(name, asked[name]);
  const headers: Record<string, string> = authorization ? { authorization } : {};
  const answer = await fetch(realm, { headers, signal: AbortSignal.timeout(TIMEOUT) });
  const { token, access_token: other }: Record<string, unknown> = answer.ok ? Object(await answer.json()) : {};
  const given = token ?? other;
  if (typeof given !== 'string') return undefined;
  hide(given);
  return given;
}

/** Label that shows two builds to have the same content, though the times in their layers differ. */
export const CONTENT_LABEL = 'sentiment.content';

/** Label of an image whose commit passed all checks; `release` then need not repeat them. */
export const CHECKED_LABEL = 'sentiment.checks';

/** What the tag holds; undefined when it is free. */
export type TagState = Pick<ImageFacts, 'digest' | 'labels'> | undefined;

/** What is about to be pushed: its digest, if it is known before the push, or the value of its content label. */
export type Content = { digest?: string; label?: string };

/** Throws REGISTRY. */
export async function tagState(login: RegistryLogin, repository: string, tag: string): Promise<TagState> {
  return imageFacts(login, repository, tag);
}

/**
 * The tag to push to, with what it holds. A tag never moves. So if the tag of the commit holds other content, and the model
 * is a version of the registry, the tag gets that version: after going back to model 3, a commit that was released with
 * model 4 is released again as <commit>-model-3.
 */
export async function tagToPush(
  { tag, label, modelVersion }: { tag: string; label: string; modelVersion?: string },
  look: (tag: string) => Promise<TagState>,
): Promise<{ tag: string; state: TagState }> {
  const state = await look(tag);
  if (state === undefined || state.labels[CONTENT_LABEL] === label || !modelVersion) return { tag, state };
  const other = `${tag}-model-${modelVersion}`;
  return { tag: other, state: await look(other) };
}

/** 'unchanged' when the tag already holds this content. Throws TAG_TAKEN when it holds another. */
export function pushDecision(
  held: { repository: string; tag: string; state: TagState },
  content: Content,
): 'push' | 'unchanged' {
  const { repository, tag, state } = held;
  if (state === undefined) return 'push';
  const label = state.labels[CONTENT_LABEL];
  if (content.digest !== undefined && content.digest === state.digest) return 'unchanged';
  if (content.label !== undefined && content.label === label) return 'unchanged';
  throw new PipelineError('TAG_TAKEN', `${repository} already has the tag ${tag}, with different content`, {
    evidence: [
      `it holds  ${state.digest}${label ? `, content ${label}` : ''}`,
      `you push  ${[content.digest, content.label && `content ${content.label}`].filter(Boolean).join(', ') || 'content with an unknown digest'}`,
    ],
    next: 'a tag is the commit it was built from and never moves: commit your changes and release that commit',
  });
}

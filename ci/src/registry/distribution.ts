/**
 * Reading from a registry: which manifest a tag or digest names, for which platforms, with which labels.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md, image-spec: manifest.md, image-index.md, config.md
 */
import { PipelineError } from '../errors.ts';
import type { RegistryLogin } from './login.ts';

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
const PATIENCE = 20_000;

type Descriptor = { digest?: string; platform?: { os?: string; architecture?: string; variant?: string } };
type Manifest = { mediaType?: string; config?: Descriptor; manifests?: Descriptor[] };
type Config = { os?: string; architecture?: string; variant?: string; config?: { Labels?: Record<string, string> } };

/** `reference` is a tag or a digest. Undefined when the registry has it not. Throws REGISTRY. */
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

/** Builders put attestations into an index, of a platform that does not exist. */
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

/** As container engines do, plain HTTP is spoken to this machine and to no other, unless the host is given as a URL. */
export function registryUrl(host: string): string {
  if (/^https?:\/\//.test(host)) return host;
  const isHere = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
  return `${isHere ? 'http' : 'https'}://${host}`;
}

async function ask({ host, username, password }: RegistryLogin, path: string, accept: string) {
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const where = `the registry ${host}`;
  let response: Response;
  try {
    response = await fetch(`${registryUrl(host)}/v2/${path}`, {
      headers: { accept, authorization },
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const evidence = [cause instanceof Error ? cause.message : String(cause)];
    throw new PipelineError('REGISTRY', `${where} cannot be reached`, { evidence, cause: error });
  }
  if (response.status === 404) return undefined;
  if (response.ok) return response;
  const evidence = [(await response.text()).trim().slice(0, 500)];
  const next = response.status === 401 ? 'it wants other credentials' : undefined;
  throw new PipelineError('REGISTRY', `${where} answers ${response.status} to ${path}`, { evidence, next });
}

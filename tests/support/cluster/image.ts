/** Small images, packed and pushed without a container engine. https://github.com/opencontainers/image-spec */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';

export type Registry = {
  /** "10.200.0.2:5000": where this machine pushes to and the pods' node pulls from, over plain HTTP. */
  host: string;
  user?: string;
  password?: string;
};

/** The part of an image's configuration that says how to run it: Entrypoint, Cmd, Env, User, WorkingDir, Labels. */
export type RunConfig = {
  Entrypoint?: string[];
  Cmd?: string[];
  Env?: string[];
  User?: string;
  WorkingDir?: string;
  Labels?: Record<string, string>;
};

export type Image = { name: string; tag: string; layers: Layer[]; config: RunConfig };

/** A tar archive. Not compressed: it travels within this machine, where that takes longer than it saves. */
export type Layer = Blob;

type Blob = { content: Buffer; mediaType: string; digest: string };

export type PushedImage = {
  /** "10.200.0.2:5000/app:v1" */
  reference: string;
  /** "10.200.0.2:5000/app@sha256:..." */
  byDigest: string;
  digest: string;
};

const mediaType = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar',
};

/**
 * `files` maps names in the image ("usr/bin/node") to files of this machine; all are executable and root's in it. A root
 * file system for Node is its program and the libraries that ldd names. The same files give the same digest: no times
 * and no names of this machine are in it.
 */
export async function layerOfFiles(files: Record<string, string>): Promise<Layer> {
  const tar = pack();
  const whole = buffer(tar);
  for (const [name, path] of Object.entries(files)) {
    tar.entry({ name, mode: 0o755, mtime: new Date(0) }, readFileSync(path));
  }
  tar.finalize();
  return blobOf(mediaType.layer, await whole);
}

/**
 * Uploads what the registry does not have yet. Throws when the registry refuses.
 * https://github.com/opencontainers/distribution-spec
 */
export async function push(registry: Registry, { name, tag, layers, config }: Image): Promise<PushedImage> {
  const configuration = blobOf(
    mediaType.config,
    Buffer.from(
      JSON.stringify({
        architecture: process.arch === 'x64' ? 'amd64' : process.arch,
        os: 'linux',
        config,
        rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
      }),
    ),
  );
  for (const blob of [...layers, configuration]) await upload(registry, name, blob);
  const described = ({ content, ...rest }: Blob) => ({ ...rest, size: content.length });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaType.manifest,
      config: described(configuration),
      layers: layers.map(described),
    }),
  );
  await send(registry, 'PUT', `/v2/${name}/manifests/${tag}`, manifest, mediaType.manifest);
  const digest = digestOf(manifest);
  const repository = `${registry.host}/${name}`;
  return { reference: `${repository}:${tag}`, byDigest: `${repository}@${digest}`, digest };
}

async function upload(registry: Registry, name: string, { content, digest }: Blob): Promise<void> {
  const there = await call(registry, 'HEAD', `/v2/${name}/blobs/${digest}`);
  if (there.ok) return;
  const begun = await send(registry, 'POST', `/v2/${name}/blobs/uploads/`);
  const place = new URL(begun.headers.get('location') ?? '', `http://${registry.host}`);
  place.searchParams.set('digest', digest);
  await send(registry, 'PUT', place.href, content);
}

async function send(...request: Parameters<typeof call>): Promise<Response> {
  const response = await call(...request);
  if (!response.ok) {
    throw new Error(`${request[1]} ${response.url}: ${response.status} ${await response.text()}`);
  }
  return response;
}

function call(registry: Registry, method: string, path: string, body?: Buffer, type = 'application/octet-stream') {
  const headers: Record<string, string> = { 'content-type': type };
  if (registry.user !== undefined) {
    headers.authorization = `Basic ${Buffer.from(`${registry.user}:${registry.password}`).toString('base64')}`;
  }
  return fetch(new URL(path, `http://${registry.host}`), { method, headers, body: body && new Uint8Array(body) });
}

function blobOf(type: string, content: Buffer): Blob {
  return { content, mediaType: type, digest: digestOf(content) };
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** Small images, packed and pushed without a container engine. https://github.com/opencontainers/image-spec */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
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

export type Layer = { digest: string; diffId: string; content: Buffer };

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
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
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
  const plain = await whole;
  const content = gzipSync(plain, { level: 1 });
  return { content, digest: digestOf(content), diffId: digestOf(plain) };
}

/**
 * Uploads what the registry does not have yet. Throws when the registry refuses.
 * https://github.com/opencontainers/distribution-spec
 */
export async function push(registry: Registry, { name, tag, layers, config }: Image): Promise<PushedImage> {
  const configuration = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config,
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    }),
  );
  const described = (type: string, content: Buffer) => ({
    mediaType: type,
    size: content.length,
    digest: digestOf(content),
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaType.manifest,
      config: described(mediaType.config, configuration),
      layers: layers.map(({ content }) => described(mediaType.layer, content)),
    }),
  );
  for (const content of [...layers.map((layer) => layer.content), configuration]) await upload(registry, name, content);
  await send(registry, 'PUT', `/v2/${name}/manifests/${tag}`, manifest, mediaType.manifest);
  const digest = digestOf(manifest);
  const repository = `${registry.host}/${name}`;
  return { reference: `${repository}:${tag}`, byDigest: `${repository}@${digest}`, digest };
}

async function upload(registry: Registry, name: string, content: Buffer): Promise<void> {
  const digest = digestOf(content);
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

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

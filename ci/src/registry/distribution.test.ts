import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { imageFacts, registryUrl } from './distribution.ts';
import type { RegistryLogin } from './login.ts';

let server: Server;
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

/** A registry that holds these documents, at a path such as manifests/v1. */
async function registry(documents: Record<string, object>): Promise<RegistryLogin> {
  server = createServer((request, response) => {
    const path = request.url?.replace('/v2/team/sentiment/', '') ?? '';
    const document = documents[path];
    const digest = path.replace(/^\w+\//, '').replace(/^v1$/, 'sha256:index');
    response.writeHead(document ? 200 : 404, { 'docker-content-digest': digest });
    response.end(document && JSON.stringify(document));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { host: `127.0.0.1:${port}`, username: 'AWS', password: 'p' };
}

const config = { os: 'linux', architecture: 'arm64', variant: 'v8', config: { Labels: { a: 'b' } } };

test('an index names its platforms, attestations aside, and the labels of its first image', async () => {
  const login = await registry({
    'manifests/v1': {
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        { digest: 'sha256:1', platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
        { digest: 'sha256:2', platform: { os: 'linux', architecture: 'amd64' } },
        { digest: 'sha256:3', platform: { os: 'unknown', architecture: 'unknown' } },
      ],
    },
    'manifests/sha256:1': { config: { digest: 'sha256:c' } },
    'blobs/sha256:c': config,
  });
  expect(await imageFacts(login, 'team/sentiment', 'v1')).toEqual({
    digest: 'sha256:index',
    mediaType: 'application/vnd.oci.image.index.v1+json',
    platforms: ['linux/arm64/v8', 'linux/amd64'],
    labels: { a: 'b' },
  });
});

test('one image has the platform of its configuration', async () => {
  const login = await registry({ 'manifests/v1': { config: { digest: 'sha256:c' } }, 'blobs/sha256:c': config });
  expect(await imageFacts(login, 'team/sentiment', 'v1')).toMatchObject({
    platforms: ['linux/arm64/v8'],
    labels: { a: 'b' },
  });
  expect(await imageFacts(login, 'team/sentiment', 'v2')).toBeUndefined();
});

test('plain HTTP is for this machine, or for whom it is written out', () => {
  expect(registryUrl('localhost:5000')).toBe('http://localhost:5000');
  expect(registryUrl('127.0.0.1:5000')).toBe('http://127.0.0.1:5000');
  expect(registryUrl('localhost.example.com')).toBe('https://localhost.example.com');
  expect(registryUrl('http://registry:5000')).toBe('http://registry:5000');
});

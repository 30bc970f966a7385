import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import {
  CONTENT_LABEL,
  imageFacts,
  pushDecision,
  type RegistryLogin,
  registryUrl,
  type TagState,
  tagToPush,
} from './registry.ts';

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

test('an index gives its platforms, without attestations, and the labels of its first image', async () => {
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

test('plain HTTP is used for this machine, or when the URL says so', () => {
  expect(registryUrl('localhost:5000')).toBe('http://localhost:5000');
  expect(registryUrl('127.0.0.1:5000')).toBe('http://127.0.0.1:5000');
  expect(registryUrl('localhost.example.com')).toBe('https://localhost.example.com');
  expect(registryUrl('http://registry:5000')).toBe('http://registry:5000');
});

const digest = `sha256:${'a'.repeat(64)}`;
const other = `sha256:${'b'.repeat(64)}`;
const state = { digest, mediaType: '', platforms: ['linux/amd64'], labels: { [CONTENT_LABEL]: 'c1' } };
const held = { repository: 'sentiment', tag: 'v1', state };

const without = { ...state, labels: {} };
const tagCases: [string, Record<string, TagState>, string | undefined, string, TagState][] = [
  ['a free tag is taken', {}, '4', 'abc', undefined],
  ['a tag with this content too', { abc: state }, '4', 'abc', state],
  ['other content gets a tag with its model', { abc: without }, '3', 'abc-model-3', undefined],
  ['which may be there already', { abc: without, 'abc-model-3': state }, '3', 'abc-model-3', state],
  ['a model without a version gets no other tag', { abc: without }, undefined, 'abc', without],
];
test.each(tagCases)('%s', async (_name, tags, modelVersion, tag, expected) => {
  const look = async (name: string) => tags[name];
  expect(await tagToPush({ tag: 'abc', label: 'c1', modelVersion }, look)).toEqual({ tag, state: expected });
});

test('a free tag may be pushed', () => {
  expect(pushDecision({ ...held, state: undefined }, { label: 'c1' })).toBe('push');
});

test('the same digest, or another build of the same content, is unchanged', () => {
  expect(pushDecision(held, { digest })).toBe('unchanged');
  expect(pushDecision(held, { digest: other, label: 'c1' })).toBe('unchanged');
});

test.each([{ digest: other }, { label: 'c2' }, { digest: other, label: 'c2' }, {}])(
  'different content %o is refused',
  (content) => {
    expect(() => pushDecision(held, content)).toThrow(/already has the tag v1, with different content \(TAG_TAKEN\)/);
  },
);

test('the refusal shows both contents', () => {
  expect(() => pushDecision(held, { label: 'c2' })).toThrow(
    `it holds  ${digest}, content c1\n  | you push  content c2`,
  );
});

test('two images without the label do not count as the same content', () => {
  expect(() => pushDecision({ ...held, state: { ...state, labels: {} } }, {})).toThrow('TAG_TAKEN');
});

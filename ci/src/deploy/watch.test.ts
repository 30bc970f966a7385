/** Against a fake API server that fails where a real one cannot be made to fail. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { KubeConfig, type V1Pod } from '@kubernetes/client-node';
import { afterEach, expect, test, vi } from 'vitest';
import { Follower } from './watch.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

/** `watches` answer the watch requests in order; further watches stay open. */
async function follow(watches: Answer[], authenticate = async () => {}) {
  const queries: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://localhost');
    queries.push(searchParams);
    const answer = watches[queries.length - 1];
    if (answer) answer(request, response);
    else response.writeHead(200).flushHeaders();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const kubeConfig = new KubeConfig();
  const port = typeof address === 'object' && address ? address.port : 0;
  kubeConfig.loadFromClusterAndUser(
    { name: 'fake', server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
    { name: 'nobody' },
  );
  kubeConfig.addAuthenticator({ isAuthProvider: () => true, applyAuthentication: authenticate });
  const stopped = new AbortController();
  let lists = 0;
  const interruptions: string[] = [];
  const list = async () => ({ metadata: { resourceVersion: `list-${++lists}` }, items: [pod('first', '1')] });
  const source = { path: '/api/v1/namespaces/shop/pods', selector: {}, list };
  const follower = new Follower<V1Pod>(kubeConfig, source, stopped.signal, {
    onChange: () => {},
    onInterruption: (reason) => interruptions.push(reason),
  });
  cleanUps.push(() => {
    stopped.abort();
    server.closeAllConnections();
    server.close();
  });
  const versions = () => queries.map((query) => query.get('resourceVersion'));
  return { follower, interruptions, versions, lists: () => lists };
}

const pod = (name: string, resourceVersion: string) => ({ metadata: { name, uid: name, resourceVersion } });
const event = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;
const send =
  (...lines: string[]): Answer =>
  (_, response) => {
    response.writeHead(200);
    response.write(lines.join(''));
    response.end();
  };
const names = ({ objects }: Follower<V1Pod>) => [...objects.values()].map(({ metadata }) => metadata?.name);

test('continues from the last version or bookmark after the server closes a watch', async () => {
  const added = event('ADDED', pod('second', '7'));
  const seen = await follow([send(added, event('BOOKMARK', pod('', '9'))), send(event('DELETED', pod('first', '10')))]);
  await vi.waitFor(() => expect(seen.versions()).toEqual(['list-1', '9', '10']), 5000);
  expect(names(seen.follower)).toEqual(['second']);
  expect(seen.lists()).toBe(1);
});

test('continues from the last version after a lost connection', async () => {
  const breaking: Answer = (_, response) => {
    response.writeHead(200);
    response.write(event('ADDED', pod('second', '7')), () => response.destroy());
  };
  const seen = await follow([breaking]);
  await vi.waitFor(() => expect(seen.versions()).toEqual(['list-1', '7']), 5000);
  expect(seen.interruptions).toHaveLength(1);
});

test('lists again if the version is too old, as a status or an event in the stream', async () => {
  const gone = { kind: 'Status', code: 410, reason: 'Expired' };
  const refused: Answer = (_, response) => response.writeHead(410).end();
  const seen = await follow([refused, send(event('ERROR', gone))]);
  await vi.waitFor(() => expect(seen.versions()).toEqual(['list-1', 'list-2', 'list-3']), 5000);
});

test('survives a failing server and a missing token', async () => {
  const trouble: Answer = (_, response) => response.writeHead(500).end();
  let asked = 0;
  const seen = await follow([trouble], async () => {
    if (++asked === 2) throw new Error('no token');
  });
  await vi.waitFor(() => expect(seen.versions()).toEqual(['list-1', 'list-1']), 5000);
  expect(seen.interruptions).toEqual([expect.any(String), 'no token']);
});

test('returns times as Dates, as a list does, but keeps a text that looks like one', async () => {
  const time = '2026-01-01T00:00:00Z';
  const object = {
    metadata: { uid: 'x', resourceVersion: '2', creationTimestamp: time, annotations: { startTime: time } },
  };
  const seen = await follow([send(event('ADDED', object))]);
  await vi.waitFor(() => expect(seen.follower.objects.has('x')).toBe(true), 5000);
  const metadata = seen.follower.objects.get('x')?.metadata;
  expect(metadata?.creationTimestamp).toEqual(new Date(time));
  expect(metadata?.annotations).toEqual({ startTime: time });
});

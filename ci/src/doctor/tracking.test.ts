import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { examineTracking } from './tracking.ts';

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('an MLflow that accepts the token is in order, under a path prefix too', async () => {
  const uri = await listen((request, response) => {
    const isRight = request.url?.startsWith('/prefix/api/2.0/mlflow/registered-models/search');
    response.writeHead(isRight && request.headers.authorization === 'Bearer t' ? 200 : 404).end('{}');
  });
  expect(await examineTracking({ uri: `${uri}/prefix`, token: 't' })).toEqual({
    what: `tracking server ${uri}/prefix`,
  });
});

test.each([
  [401, /check the credentials/],
  [403, /lacks permissions/],
  [500, /log of the server/],
])('an answer of %i has its own next step', async (status, next) => {
  const uri = await listen((_request, response) => response.writeHead(status).end());
  const finding = await examineTracking({ uri });
  expect(finding.problem).toContain(String(status));
  expect(finding.next).toMatch(next);
});

test('a web page is not MLflow', async () => {
  const uri = await listen((_request, response) => response.end('<html>'));
  expect((await examineTracking({ uri })).problem).toBe('the answer does not come from MLflow');
});

test('the finding says why the server cannot be reached', async () => {
  const uri = await listen(() => {});
  servers[0].close();
  await once(servers[0], 'close');
  expect((await examineTracking({ uri })).problem).toContain('ECONNREFUSED');
});

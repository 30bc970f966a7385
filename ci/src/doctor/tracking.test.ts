import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { diagnosis } from './finding.ts';
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

test('an MLflow that lets us in is in order, under a path prefix too', async () => {
  const uri = await listen((request, response) => {
    const isRight = request.url?.startsWith('/prefix/api/2.0/mlflow/registered-models/search');
    response.writeHead(isRight && request.headers.authorization === 'Bearer t' ? 200 : 404).end('{}');
  });
  expect(await examineTracking(`${uri}/prefix`, { token: 't' })).toEqual({ what: `tracking server ${uri}/prefix` });
});

test.each([
  [401, /other credentials/],
  [403, /no rights there/],
  [500, /its own log/],
])('an answer of %i has its own next step', async (status, next) => {
  const uri = await listen((_request, response) => response.writeHead(status).end());
  const finding = await examineTracking(uri, {});
  expect(finding.problem).toContain(String(status));
  expect(finding.next).toMatch(next);
});

test('a web page is not MLflow', async () => {
  const uri = await listen((_request, response) => response.end('<html>'));
  expect((await examineTracking(uri, {})).problem).toBe('something answers there, but not MLflow');
});

test('nobody there: the reason is in the finding', async () => {
  const uri = await listen(() => {});
  servers[0].close();
  await once(servers[0], 'close');
  expect((await examineTracking(uri, {})).problem).toContain('ECONNREFUSED');
});

test('a diagnosis with something wrong is an error that shows all lines', () => {
  expect(diagnosis([{ what: 'a' }])).toBe('ok    a');
  expect(() => diagnosis([{ what: 'a' }, { what: 'b', problem: 'gone', next: 'look' }])).toThrow(
    'doctor: 1 of 2 are not in order (DOCTOR)\n  | ok    a\n  | WRONG b: gone\n  |       next: look',
  );
});

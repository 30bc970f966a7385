import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { examineTracking, trackingAddress } from './tracking.ts';

test('without an address there is no tracking server', () => {
  expect(trackingAddress({})).toBeUndefined();
});

test('a path prefix stays, a slash at the end goes', () => {
  expect(trackingAddress({ uri: 'https://dagshub.com/me/repo.mlflow/' })).toBe('https://dagshub.com/me/repo.mlflow');
});

test.each([
  [{ token: 't' }, /no server/],
  [{ uri: 'mlflow.example.com' }, /"mlflow.example.com", expected an http/],
  [{ uri: 'sqlite:///mlflow.db' }, /expected an http/],
  [{ uri: 'https://me:secret@host' }, /which logs would show/],
  [{ uri: 'https://host', username: 'me', password: 'p', token: 't' }, /both given/],
  [{ uri: 'https://host', username: 'me' }, /belong together/],
  [{ uri: 'https://host', password: 'p' }, /belong together/],
])('refuses %o', (given, message) => {
  expect(() => trackingAddress(given)).toThrow(message);
});

test('a password in the address is not repeated in the message', () => {
  try {
    trackingAddress({ uri: 'https://me:hunter2@host' });
  } catch (error) {
    expect(String(error)).not.toContain('hunter2');
    return;
  }
  throw new Error('it was accepted');
});

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

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { afterEach, expect, test } from 'vitest';

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(status: number): Promise<number> {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/healthz' ? status : 404;
    response.end();
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function check(port: number): Promise<number> {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, 'healthcheck.ts')], {
    env: { ...process.env, PORT: String(port) },
  });
  const [code] = await once(child, 'close');
  return code;
}

test('passes if the service answers 200', async () => {
  expect(await check(await listen(200))).toBe(0);
});

test('fails if the service answers 503', async () => {
  expect(await check(await listen(503))).toBe(1);
});

test('fails if nothing listens on the port', async () => {
  const port = await listen(200);
  servers[0].close();
  await once(servers[0], 'close');
  expect(await check(port)).toBe(1);
});

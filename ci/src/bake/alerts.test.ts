import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { watchAlerts } from './alerts.ts';

let server: Server;
let address: string;
let answer: { status: number; body: unknown };
let authorization: string | undefined;

beforeAll(async () => {
  server = createServer((request, response) => {
    authorization = request.headers.authorization;
    response.writeHead(request.url === '/prefix/api/v1/alerts' ? answer.status : 404).end(JSON.stringify(answer.body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/prefix/`;
});
afterAll(() => server.close());

const labels = { job: 'sentiment', severity: 'page' };
const alert = (alertname: string, state: string, activeAt: string, own = labels) => ({
  labels: { alertname, ...own },
  annotations: { summary: `${alertname} it is` },
  state,
  activeAt,
});
const say = (...alerts: object[]) => {
  answer = { status: 200, body: { status: 'success', data: { alerts } } };
};

test('an alert of this service that begins to fire is worse, with its name, time and summary', async () => {
  say();
  const watch = watchAlerts({ address, labels });
  expect(await watch.look()).toEqual({ name: 'alerts', state: 'fine', says: 'alerts: none began to fire' });
  say(alert('Burn', 'firing', '2026-12-01T10:00:00Z'));
  expect(await watch.look()).toEqual({
    name: 'alerts',
    state: 'worse',
    says: 'alerts: Burn (page) fires since 2026-12-01T10:00:00Z: Burn it is',
  });
});

test('one that was there at the first look, also as pending, has another reason, until it ends and comes back', async () => {
  say(alert('Old', 'firing', '2026-12-01T09:00:00Z'), alert('Near', 'pending', '2026-12-01T09:59:00Z'));
  const watch = watchAlerts({ address, labels });
  await watch.look();
  say(alert('Old', 'firing', '2026-12-01T09:00:00Z'), alert('Near', 'firing', '2026-12-01T09:59:00Z'));
  expect((await watch.look()).state).toBe('fine');
  say(alert('Old', 'firing', '2026-12-01T10:05:00Z'));
  expect((await watch.look()).state).toBe('worse');
});

test('pending alerts, and those of another service or severity, are no reason', async () => {
  say();
  const watch = watchAlerts({ address, labels });
  await watch.look();
  const at = '2026-12-01T10:00:00Z';
  const others = [
    { ...labels, job: 'shop' },
    { ...labels, severity: 'ticket' },
  ];
  say(alert('Burn', 'pending', at), ...others.map((own) => alert('Burn', 'firing', at, own)));
  expect((await watch.look()).state).toBe('fine');
});

test('a Prometheus that cannot be asked is said and decides nothing; its first answer is then the beginning', async () => {
  const nobody = await watchAlerts({ address: 'http://user:secret@127.0.0.1:9/', labels }).look();
  expect(nobody).toMatchObject({
    state: 'not asked',
    says: expect.stringMatching(/^alerts: Prometheus at http:\/\/127\.0\.0\.1:9\/ cannot be asked: /),
  });
  expect(JSON.stringify(nobody)).not.toContain('secret');
  const watch = watchAlerts({ address, labels });
  answer = { status: 503, body: {} };
  expect((await watch.look()).says).toContain('GET /prefix/api/v1/alerts answers 503');
  answer = { status: 200, body: 'a page' };
  expect((await watch.look()).says).toContain('answers something else than alerts');
  say(alert('Old', 'firing', '2026-12-01T09:00:00Z'));
  expect((await watch.look()).state).toBe('fine');
});

test('a user and password in the address are sent as it asks', async () => {
  say();
  const url = new URL(address);
  [url.username, url.password] = ['ann', 'p@ss'];
  expect((await watchAlerts({ address: url.href, labels }).look()).state).toBe('fine');
  expect(authorization).toBe(`Basic ${Buffer.from('ann:p@ss').toString('base64')}`);
});

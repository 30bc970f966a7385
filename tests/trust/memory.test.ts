/** The service in the memory of its container: whatever a few clients send, it is not killed, and the others are served. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hostile } from '../support/hostile_requests.ts';
import { in256MiB } from '../support/image_start.ts';
import { limitMemory, type MemoryLimit } from '../support/memory_limit.ts';
import { createTestModel, type ServiceProcess, startService, type TestModel } from '../support/service.ts';
import { reportTrust } from '../support/trust_report.ts';

const LIMIT = 256 * 1024 * 1024;
const REQUESTS = 100;
const AT_ONCE = 20;
const SLOW_UPLOADS = 300;
const UNREAD_ANSWERS = 200;
/** Seconds: what a probe may take. */
const LONGEST = 1;
/** Share of the others' predictions: they are as many as others that come at the same time. */
const MOST_REFUSED = 0.05;

let model: TestModel;
let service: ServiceProcess;
let limit: MemoryLimit;
const sockets: Socket[] = [];
beforeAll(async () => {
  model = await createTestModel();
  limit = limitMemory(LIMIT);
  service = await startService(
    { MODEL_URI: model.path, REQUEST_SECONDS: '5', NODE_OPTIONS: in256MiB },
    'ready',
    limit.procs,
  );
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await service.stop();
  limit.remove();
  await model.remove();
});

type Others = { probes: number[]; predictions: number[]; refused: number };

/** Asks for a probe and a prediction until `until` resolves; returns how long each took, in seconds, and how many were refused. */
async function othersDuring(until: Promise<unknown>): Promise<Others> {
  let over = false;
  until.finally(() => {
    over = true;
  });
  const took: Others = { probes: [], predictions: [], refused: 0 };
  const ask = async (times: number[], path: string, init?: RequestInit) => {
    const began = performance.now();
    const response = await fetch(`${service.address}${path}`, init);
    await response.arrayBuffer();
    if (response.status === 503) took.refused++;
    else expect(response.status).toBe(200);
    times.push((performance.now() - began) / 1000);
  };
  const headers = { 'content-type': 'application/json' };
  do {
    await ask(took.probes, '/healthz');
    await ask(took.predictions, '/predict', { method: 'POST', headers, body: '{"text":"it was good"}' });
    await sleep(20);
  } while (!over);
  return took;
}

/** Sends it again and again, without a limit on its answers' sizes. Rejects for an answer that is the service's own fault. */
async function sendAll({
  type = 'application/json',
  path = '/predict',
  body,
}: (typeof hostile)[string]): Promise<void> {
  let left = REQUESTS;
  const client = async () => {
    while (left-- > 0) {
      const headers = { 'content-type': type };
      const status = await fetch(`${service.address}${path}`, { method: 'POST', headers, body })
        .then((response) => response.arrayBuffer().then(() => response.status))
        // The connection of somebody who still sends what was refused may be closed, and that of somebody who reads an answer of
        // megabytes for more than a second, as on a busy machine.
        .catch(() => 503);
      expect([200, 400, 408, 413, 415, 422, 503]).toContain(status);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
}

function open(): Socket {
  const socket = connect(service.port, service.host).on('error', () => {});
  sockets.push(socket);
  return socket;
}

const HEAD = 'POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';

async function uploadSlowly(): Promise<void> {
  const all = Array.from({ length: SLOW_UPLOADS }, open);
  for (const socket of all) socket.write(`${HEAD}content-length: 1000000\r\n\r\n{"text": "`);
  for (let i = 0; i < 19; i++) {
    for (const socket of all) if (socket.writable) socket.write('x'.repeat(50_000));
    await sleep(100);
  }
}

async function readNothing(): Promise<void> {
  const body = JSON.stringify({ texts: ['it was good and bad '.repeat(2400), 'fine '.repeat(9000)], explain: true });
  for (let i = 0; i < UNREAD_ANSWERS; i++) {
    open()
      .pause()
      .write(`${HEAD}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }
  await sleep(6000);
}

const attempts: [string, () => Promise<void>][] = [
  [
    `${REQUESTS} hostile requests of each of ${Object.keys(hostile).length} kinds, ${AT_ONCE} at a time`,
    async () => {
      for (const each of Object.values(hostile)) await sendAll(each);
    },
  ],
  [`${SLOW_UPLOADS} slow uploads of 1 MB at once`, uploadSlowly],
  [`${UNREAD_ANSWERS} explanations at once that nobody reads`, readNothing],
];

test.each(attempts)('in 256 MiB, %s', async (attempt, work) => {
  const { probes, predictions, refused } = await othersDuring(work());
  const [probe, prediction] = [probes, predictions].map((times) => Math.max(...times));
  const kills = limit.kills();
  const figure =
    `${kills} kills, at most ${Math.ceil(limit.peak() / 2 ** 20)} MiB so far (${limit.kind}); of the others, ${probes.length} ` +
    `probes took at most ${probe.toFixed(2)} s and ${predictions.length} predictions ${prediction.toFixed(2)} s, ${refused} of them refused`;
  const holds = kills === 0 && probe < LONGEST && prediction < LONGEST && refused <= MOST_REFUSED * predictions.length;
  reportTrust('Memory', { attempt: `256 MiB: ${attempt}`, figure, holds });
  expect(kills).toBe(0);
  expect(service.child.exitCode).toBe(null);
  expect(probe).toBeLessThan(LONGEST);
  expect(prediction).toBeLessThan(LONGEST);
  expect(refused / predictions.length).toBeLessThanOrEqual(MOST_REFUSED);
});

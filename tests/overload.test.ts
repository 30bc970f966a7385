/** A few clients, slow, greedy or many, do not take the service from the others. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { in256MiB } from './support/image_start.ts';
import {
  createTestModel,
  openConnection,
  type ServiceProcess,
  startService,
  type TestModel,
} from './support/service.ts';

let model: TestModel;
let service: ServiceProcess;
const sockets: Socket[] = [];
beforeAll(async () => {
  model = await createTestModel();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await service?.stop();
});
afterAll(() => model.remove());

const start = async (env: Record<string, string> = {}) => {
  service = await startService({
    MODEL_URI: model.path,
    DRAIN_SECONDS: '0',
    GRACE_SECONDS: '1',
    NODE_OPTIONS: in256MiB,
    ...env,
  });
};
const MEGABYTE = 1_000_000;
/** Without a container's limit Node collects garbage late; within 256 MiB the same load takes half of this. */
const MOST_MEGABYTES = 400;
/**
 * Longest time to the answer to a probe or a small request, in seconds. `make trust` runs alone and holds the tight one; the other only
 * says that they are served at all, on a machine that is busy with other tests.
 */
const LONGEST = process.env.TRUST ? 1 : 30;

/** The most memory that the service has had so far, in MB; undefined where there is no /proc. */
function peak(): number | undefined {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))?.[1]) / 1000;
  } catch {
    return undefined;
  }
}

/** A connection that ignores errors; its client reads only if asked to. */
function open(): Socket {
  const socket = connect(service.port, service.host).on('error', () => {});
  sockets.push(socket);
  return socket;
}

const HEAD = 'POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';

async function timed(work: () => Promise<Response>): Promise<{ status: number; seconds: number }> {
  const began = performance.now();
  const response = await work();
  await response.arrayBuffer();
  return { status: response.status, seconds: (performance.now() - began) / 1000 };
}

const predictOne = () =>
  timed(() =>
    fetch(`${service.address}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"text":"it was good"}',
    }),
  );
const probe = () => timed(() => fetch(`${service.address}/healthz`));
const metric = async (name: string) => {
  const text = await (await fetch(`${service.address}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.split(' ')[1],
  );
};

/** Asks for a prediction and a probe, one after the other, until `until` resolves. All are answered in time. */
async function othersAreServed(until: Promise<unknown>): Promise<void> {
  let over = false;
  until.finally(() => {
    over = true;
  });
  do {
    for (const ask of [predictOne, probe]) {
      const answer = await ask();
      expect(answer.status).toBe(200);
      expect(answer.seconds).toBeLessThan(LONGEST);
    }
    await sleep(20);
  } while (!over);
}

describe('others are served, in bounded memory,', () => {
  test('while 300 clients send a megabyte each, slowly', async () => {
    await start();
    const slow = Array.from({ length: 300 }, open);
    const piece = 'x'.repeat(MEGABYTE / 20);
    const sending = (async () => {
      for (const socket of slow) socket.write(`${HEAD}content-length: ${MEGABYTE}\r\n\r\n{"text": "`);
      // All but the last piece.
      for (let i = 0; i < 19; i++) {
        for (const socket of slow) if (socket.writable) socket.write(piece);
        await sleep(100);
      }
    })();
    await othersAreServed(sending);
    expect(peak() ?? 0).toBeLessThan(MOST_MEGABYTES);
    expect(await metric('app_refused_total{reason="bytes"}')).toBeGreaterThan(200);
  });

  test('while 200 clients do not read their explanations', async () => {
    await start({ REQUEST_SECONDS: '2' });
    const texts = JSON.stringify({ texts: ['it was good and bad '.repeat(2400), 'fine '.repeat(9000)], explain: true });
    for (let i = 0; i < 200; i++) {
      open()
        .pause()
        .write(`${HEAD}content-length: ${Buffer.byteLength(texts)}\r\n\r\n${texts}`);
    }
    await othersAreServed(sleep(4000));
    expect(peak() ?? 0).toBeLessThan(MOST_MEGABYTES);
    // The connections of those who do not read are closed.
    await expect.poll(() => metric('app_requests_in_flight'), { timeout: 20_000 }).toBe(0);
  });

  test('while 24 clients send batches of a megabyte without pause', async () => {
    await start();
    const text = 'It was a good film, but the acting was bad and the story was long. '.repeat(100);
    const body = JSON.stringify({ texts: Array.from({ length: 140 }, () => text) });
    const until = performance.now() + 4000;
    const statuses = new Map<number, number>();
    const client = async () => {
      while (performance.now() < until) {
        const headers = { 'content-type': 'application/json' };
        const response = await fetch(`${service.address}/predict`, { method: 'POST', headers, body });
        await response.arrayBuffer();
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      }
    };
    await othersAreServed(Promise.all(Array.from({ length: 24 }, client)));
    expect([...statuses.keys()].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(statuses.get(200)).toBeGreaterThan(0);
    expect(peak() ?? 0).toBeLessThan(MOST_MEGABYTES);
  });

  test('while 200 clients send small requests and wait for their answers: no one is refused', async () => {
    await start();
    const text = 'It was a good film, but the acting was bad and the story was long. ';
    const body = JSON.stringify({ texts: Array.from({ length: 16 }, () => text) });
    const statuses = new Map<number, number>();
    const client = async () => {
      const connection = openConnection(service);
      for (let i = 0; i < 20; i++) {
        connection.send(`${HEAD}content-length: ${body.length}\r\n\r\n${body}`);
        const { status } = await connection.answer();
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
      connection.send('GET /nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
      await connection.ended;
    };
    await othersAreServed(Promise.all(Array.from({ length: 200 }, client)));
    expect([...statuses]).toEqual([[200, 4000]]);
  });

  test('while nobody reads the log, and the process ends all the same', async () => {
    await start();
    service.child.stdout?.pause();
    const body = `${'GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(500)}`;
    const busy = open().resume();
    const before = peak() ?? 0;
    for (let i = 0; i < 20; i++) {
      busy.write(body);
      await probe();
    }
    await expect.poll(() => metric('app_log_lines_dropped_total'), { timeout: 60_000 }).toBeGreaterThan(0);
    expect((peak() ?? 0) - before).toBeLessThan(100);
    service.child.kill('SIGTERM');
    await expect.poll(() => service.child.exitCode, { timeout: 10_000 }).toBe(0);
    service.child.stdout?.resume();
  });
});

test('an answer that Node would give by itself is JSON, counted and logged', async () => {
  const cases: [what: string, sent: string, status: number, code: string][] = [
    ['no HTTP', 'hello\r\n\r\n', 400, 'NOT_HTTP'],
    [
      'a head that is too large',
      `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
      431,
      'HEAD_TOO_LARGE',
    ],
    ['an unknown Expect', `${HEAD}content-length: 2\r\nexpect: 200-maybe\r\n\r\n{}`, 417, 'EXPECTATION_FAILED'],
    ['a head that does not arrive', 'GET / HTTP/1.1\r\nhost', 408, 'REQUEST_TIMEOUT'],
    ['a body that does not arrive', `${HEAD}content-length: 100\r\n\r\n{`, 408, 'REQUEST_TIMEOUT'],
    [
      'extensions of a chunk that are too large',
      `${HEAD}transfer-encoding: chunked\r\n\r\n1;${'x'.repeat(20_000)}\r\n{\r\n`,
      413,
      'CHUNK_EXTENSIONS',
    ],
  ];
  await start({ REQUEST_SECONDS: '1' });
  for (const [what, sent, status, code] of cases) {
    const connection = openConnection(service);
    connection.send(sent);
    const answer = await connection.answer();
    expect(answer.status, what).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code } });
    expect(answer.head).toMatch(
      /^content-type: application\/json; charset=utf-8\r\n.*^x-content-type-options: nosniff/ims,
    );
    await connection.ended;
    await service.prints(`"method":"other","endpoint":"other","status":${status}`);
  }
  expect(await metric('app_response_count_total{endpoint="other",status="4xx"}')).toBe(cases.length);
});

import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readModel } from '../ml/model/artifact.ts';
import { uploadArtifact } from '../ml/tracking/artifacts.ts';
import { trackingConfig } from '../ml/tracking/config.ts';
import { ensureModel, ensureVersion, moveToStage } from '../ml/tracking/registry.ts';
import { createRun, ensureExperiment } from '../ml/tracking/runs.ts';
import { freePort, listen, stopListening } from './support/listen.ts';
import { need } from './support/need.ts';
import type { Running } from './support/process.ts';
import {
  createTestModel,
  openConnection,
  type RawConnection,
  runService,
  type ServiceProcess,
  startService,
  type TestModel,
} from './support/service.ts';
import { sharedMlflow } from './support/shared.ts';

let model: TestModel;
const started: Running[] = [];
beforeAll(async () => {
  model = await createTestModel();
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((each) => each.stop()));
});
afterAll(() => model.remove());

async function serve(env: Record<string, string> = {}, until?: 'listening'): Promise<ServiceProcess> {
  const service = await startService({ MODEL_URI: model.path, ...env }, until);
  started.push(service);
  return service;
}

async function fails(env: Record<string, string>, args: string[] = []) {
  const { code, stderr } = await runService(env, args).ended;
  return { code, lines: stderr.trimEnd().split('\n') };
}

const predict = (address: string, body: unknown) =>
  fetch(`${address}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

test('the service answers with exactly the scores of the model', async () => {
  const { address } = await serve();
  const expected = readModel(model.path);
  const texts = [
    'The film was lovely from start to end.',
    'Dreadful, boring',
    'neither 🙂 nor',
    '\ud800\0',
    'x'.repeat(2000),
  ];
  const { predictions } = (await (await predict(address, { texts })).json()) as { predictions: unknown[] };
  expect(predictions).toMatchObject(
    texts.map((text) => {
      const { label, abstains, probability, confidence } = expected.predict(text);
      return { label: abstains ? null : label, probability, confidence };
    }),
  );
  const metrics = await (await fetch(`${address}/metrics`)).text();
  expect(metrics).toMatch(/^process_resident_memory_bytes \d+/m);
  expect(metrics).toContain(`data_hash="${expected.facts.dataDigest}"`);
});

describe('on SIGTERM', () => {
  const HEAD = 'POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';

  /** A request without its body: "100 Continue" shows that the service has accepted it. */
  async function beginRequest(service: ServiceProcess): Promise<RawConnection> {
    const connection = openConnection(service);
    connection.send(`${HEAD}expect: 100-continue\r\ncontent-length: 16\r\n\r\n`);
    expect((await connection.answer()).status).toBe(100);
    return connection;
  }

  test('answers a request in progress after it stopped listening, and exits with 0', async () => {
    const service = await serve({ DRAIN_SECONDS: '0.1' });
    const connection = await beginRequest(service);
    connection.send('{"text": ');
    service.child.kill('SIGTERM');
    await expect.poll(() => fetch(service.address).catch(() => 'refused'), { timeout: 10_000 }).toBe('refused');
    connection.send('"good"}');
    const { status, head } = await connection.answer();
    expect(status).toBe(200);
    expect(head).toContain('\r\nConnection: close\r\n');
    expect(await connection.ended).toBeUndefined();
    expect((await service.ended).code).toBe(0);
  });

  test('is immediately not ready, and still answers while it drains', async () => {
    const service = await serve({ DRAIN_SECONDS: '600', GRACE_SECONDS: '600' });
    service.child.kill('SIGTERM');
    await service.prints('"msg":"draining"');
    const ready = await fetch(`${service.address}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'draining' }]);
    expect((await fetch(`${service.address}/healthz`)).status).toBe(200);
    const answer = await predict(service.address, { text: 'good' });
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
    service.child.kill('SIGTERM');
    expect((await service.ended).code).toBe(143);
  });

  test('loses no request under load: every connection is told to close, and none is reset', async () => {
    const service = await serve();
    const request = `${HEAD}content-length: 16\r\n\r\n{"text": "good"}`;
    const statuses = new Map<number, number>();
    let answers = 0;
    /** Sends requests on one connection until it is told to close. */
    const client = async () => {
      const connection = openConnection(service);
      for (;;) {
        connection.send(request);
        const { status, head } = await connection.answer();
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (++answers === 500) service.child.kill('SIGTERM');
        if (head.includes('\r\nConnection: close\r\n')) return connection.ended;
      }
    };
    const errors = await Promise.all(Array.from({ length: 20 }, client));
    expect(errors).toEqual(Array.from({ length: 20 }, () => undefined));
    expect(answers).toBeGreaterThan(500);
    expect([...statuses]).toEqual([[200, answers]]);
    expect((await service.ended).code).toBe(0);
  });

  test('is not held up by idle connections, used or unused', async () => {
    const service = await serve({ GRACE_SECONDS: '600' });
    const [idle, unused] = [openConnection(service), openConnection(service)];
    idle.send('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
    expect((await idle.answer()).status).toBe(200);
    service.child.kill('SIGTERM');
    expect((await service.ended).code).toBe(0);
    await Promise.all([idle.ended, unused.ended]);
  });

  test('cuts off a request that never ends after the grace period, and exits with 1', async () => {
    const service = await serve({ DRAIN_SECONDS: '0', GRACE_SECONDS: '0.2' });
    const connection = await beginRequest(service);
    service.child.kill('SIGTERM');
    const { code, stdout } = await service.ended;
    expect(code).toBe(1);
    expect(stdout).toMatch(/"level":"warn","time":\d+,"msg":"the grace period is over: closing open connections"/);
    await connection.ended;
  });

  test('a second signal ends the process at once', async () => {
    const service = await serve({ DRAIN_SECONDS: '0', GRACE_SECONDS: '600' });
    await beginRequest(service);
    service.child.kill('SIGINT');
    await service.prints('"msg":"draining"');
    service.child.kill('SIGINT');
    expect((await service.ended).code).toBe(130);
  });
});

describe('a failed start ends with one sentence:', () => {
  test('a busy port', async () => {
    const blocker = createServer();
    const port = await listen(blocker);
    expect(await fails({ MODEL_URI: model.path, PORT: String(port) })).toEqual({
      code: 1,
      lines: [
        `error: port ${port} on 127.0.0.1 is in use by another program (PORT_BUSY)`,
        `  next: stop that program, or set PORT to a free port, such as PORT=${port + 1}`,
      ],
    });
    await stopListening(blocker);
  });

  test('an address of another machine', async () => {
    const { code, lines } = await fails({ MODEL_URI: model.path, HOST: '192.0.2.1' });
    expect(code).toBe(1);
    expect(lines[0]).toBe('error: cannot listen on 192.0.2.1 (HOST)');
  });

  test('no model', async () => {
    const path = join(model.folder, 'none.bin');
    const { code, lines } = await fails({ MODEL_URI: path });
    expect(code).toBe(1);
    expect(lines[0]).toBe(`error: cannot open ${path} (MODEL_MISSING)`);
  });

  test('a truncated model', async () => {
    const path = join(model.folder, 'short.bin');
    await writeFile(path, (await readFile(model.path)).subarray(0, -100));
    const { code, lines } = await fails({ MODEL_URI: path });
    expect(code).toBe(1);
    expect(lines[0]).toContain(`${path} is damaged`);
    expect(lines.join('\n')).not.toMatch(/^\s+at /m);
  });

  test('an invalid setting', async () => {
    expect(await fails({ PORT: 'http' })).toEqual({
      code: 2,
      lines: [
        'error: PORT is "http", expected a whole number from 0 to 65535 (SETTING)',
        '  next: see --help for all settings',
      ],
    });
  });

  test('an argument', async () => {
    const { code, lines } = await fails({}, ['--port', '1']);
    expect(code).toBe(2);
    expect(lines[0]).toMatch(/^error: Unknown option '--port'/);
  });
});

test('with METRICS_PORT the metrics are there alone, also while the service drains', async () => {
  const metricsPort = await freePort();
  const service = await serve({ METRICS_PORT: String(metricsPort), DRAIN_SECONDS: '2', GRACE_SECONDS: '5' });
  const scrape = (path: string) => fetch(`http://${service.host}:${metricsPort}${path}`);
  await fetch(`${service.address}/predict`, { method: 'POST', body: '{"text": "lovely"}' });
  expect(await (await scrape('/metrics')).text()).toContain(
    'app_request_count_total{method="POST",endpoint="/predict"} 1',
  );
  expect((await scrape('/predict')).status).toBe(404);
  const here = await fetch(`${service.address}/metrics`);
  expect([here.status, await here.json()]).toEqual([
    404,
    { error: { code: 'METRICS_ELSEWHERE', message: `the metrics are on port ${metricsPort}` } },
  ]);
  const stopped = service.stop();
  await service.prints('"msg":"draining"');
  expect((await scrape('/metrics')).status).toBe(200);
  await stopped;
});

test('--help names every setting and does not start', async () => {
  const { code, stdout } = await runService({}, ['--help']).ended;
  expect(code).toBe(0);
  expect(stdout).toContain('  MODEL_URI ');
});

test('while it waits for a silent registry, the service is alive, not ready, and can be stopped', async () => {
  const registry = createServer(() => {});
  const port = await listen(registry);
  const env = { MODEL_URI: 'models:/m/Production', MLFLOW_TRACKING_URI: `http://127.0.0.1:${port}` };
  const service = await serve({ ...env, MODEL_CACHE_DIR: join(model.folder, 'empty') }, 'listening');
  expect((await fetch(`${service.address}/healthz`)).status).toBe(200);
  const ready = await fetch(`${service.address}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([503, { status: 'loading' }]);
  expect((await predict(service.address, { text: 'good' })).status).toBe(503);
  service.child.kill('SIGTERM');
  expect((await service.ended).code).toBe(0);
  await stopListening(registry);
});

describe.skipIf(!need('mlflow'))('with the model in the registry', () => {
  const name = `served-${randomUUID()}`;
  const MODEL_URI = `models:/${name}/Production`;
  let env: Record<string, string>;
  let runId: string;

  beforeAll(async () => {
    ({ env } = await sharedMlflow());
    const config = trackingConfig(env);
    const run = await createRun(config, await ensureExperiment(config, name), 'test', {});
    runId = run.id;
    await uploadArtifact(config, run.artifactUri, 'model/model.bin', model.path);
    await ensureModel(config, name, 'for a test');
    const source = `${run.artifactUri}/model`;
    const version = await ensureVersion(config, { name, source, runId, description: '', tags: {} });
    await moveToStage(config, version, 'Production');
  });

  const facts = async ({ address }: ServiceProcess) =>
    ((await (await fetch(`${address}/version`)).json()) as { model: unknown }).model;

  test('the service starts from it, and from its cached copy when the registry is unreachable', async () => {
    const MODEL_CACHE_DIR = join(model.folder, 'cache');
    const first = await serve({ ...env, MODEL_URI, MODEL_CACHE_DIR });
    expect(await facts(first)).toMatchObject({ name, version: '1', runId, source: 'registry', warning: null });
    expect(await (await fetch(`${first.address}/metrics`)).text()).toContain(
      `model_info{version="1",run_id="${runId}"`,
    );

    const away = { MLFLOW_TRACKING_URI: `http://127.0.0.1:${await freePort()}`, MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0' };
    const second = await serve({ ...away, MODEL_URI, MODEL_CACHE_DIR });
    const warning = expect.stringContaining('the registry could not be used');
    expect(await facts(second)).toMatchObject({ name, version: '1', runId, source: 'cache', warning });
    expect(second.output()).toMatch(/"level":"warn","time":\d+,"msg":"the registry could not be used/);
    expect(await (await fetch(second.address)).text()).toContain('The model registry was unreachable');
    expect((await predict(second.address, { text: 'good' })).status).toBe(200);

    const third = await fails({ ...away, MODEL_URI, MODEL_CACHE_DIR: join(model.folder, 'other') });
    expect(third.code).toBe(1);
    expect(third.lines[0]).toContain(`holds no copy of ${MODEL_URI}`);
  });
});

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listen, stopListening } from './support/listen.ts';
import { need, programPath } from './support/need.ts';
import { run } from './support/process.ts';
import { createTestModel, type ServiceProcess, startService, type TestModel } from './support/service.ts';

let model: TestModel;
beforeAll(async () => {
  model = await createTestModel();
});
afterAll(() => model.remove());

const scrape = async ({ address }: ServiceProcess) => (await fetch(`${address}/metrics`)).text();
/** Names with labels, without values. */
const seriesOf = (metrics: string) =>
  metrics
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')))
    .sort();

describe('the metrics of a running service', () => {
  let service: ServiceProcess;
  beforeAll(async () => {
    service = await startService({
      MODEL_URI: model.path,
      DRAIN_SECONDS: '0',
      REPLICA: 'pod-1',
      GIT_COMMIT: 'fedcba',
      FEEDBACK_TO: `file:${model.folder}/feedback`,
    });
  });
  afterAll(() => service.stop());

  test('have the replica on every series, the commit, and the profile of the training texts', async () => {
    const series = seriesOf(await scrape(service));
    expect(series.filter((each) => !each.includes('replica="pod-1"'))).toEqual([]);
    expect(series).toContain('app_info{git_commit="fedcba",replica="pod-1"}');
    expect(series).toContain('model_profile_share{signal="length",bucket="+Inf",replica="pod-1"}');
  });

  test.skipIf(!need('promtool'))("are clean by Prometheus' own check", async () => {
    const path = join(model.folder, 'metrics.txt');
    await writeFile(path, await scrape(service));
    const command = `${programPath('promtool')} check metrics < ${path}`;
    expect(await run('sh', ['-c', command], { cwd: model.folder })).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('close their connection, so that a load balancer gives the next scrape to another process', async () => {
    expect((await fetch(`${service.address}/metrics`)).headers.get('connection')).toBe('close');
  });

  test('have the same series after 10,000 random paths, methods and headers as before', {
    timeout: 120_000,
  }, async () => {
    // One prediction first, so that its series exist.
    await fetch(`${service.address}/predict`, {
      method: 'POST',
      body: '{"text":"fine"}',
      headers: { 'content-type': 'application/json' },
    });
    const before = seriesOf(await scrape(service));
    await Promise.all(Array.from({ length: 20 }, () => attack(service, 500)));
    const after = await scrape(service);
    expect(seriesOf(after)).toEqual(before);
    expect(before.length).toBeGreaterThan(200);
    const counted = [...after.matchAll(/^app_request_count_total{[^}]*endpoint="other"[^}]*} (\d+)$/gm)];
    expect(counted.reduce((sum, [, count]) => sum + Number(count), 0)).toBeGreaterThanOrEqual(10_000);
  });
});

describe('a scrape', () => {
  test('answers while the model is being loaded', async () => {
    // It accepts connections and never answers.
    const registry = createServer(() => {});
    const address = `http://127.0.0.1:${await listen(registry)}`;
    const env = {
      MODEL_URI: 'models:/m/Production',
      MLFLOW_TRACKING_URI: address,
      MODEL_CACHE_DIR: `${model.folder}/none`,
    };
    const service = await startService(env, 'listening');
    try {
      expect(await scrape(service)).toContain('app_request_count_total{method="GET",endpoint="/metrics"} 0');
      expect((await fetch(`${service.address}/readyz`)).status).toBe(503);
    } finally {
      await service.stop();
      await stopListening(registry);
    }
  });

  test('answers while the process drains', async () => {
    const service = await startService({ MODEL_URI: model.path, DRAIN_SECONDS: '3', GRACE_SECONDS: '5' });
    service.child.kill('SIGTERM');
    await service.prints('"msg":"draining"');
    expect(await scrape(service)).toContain('model_prediction_count_total{prediction="0"} 0');
    expect((await service.ended).code).toBe(0);
  });
});

test('the last request lines are written, however the process ends', async () => {
  const service = await startService({ MODEL_URI: model.path, DRAIN_SECONDS: '9', GRACE_SECONDS: '9' });
  service.child.kill('SIGTERM');
  await service.prints('"msg":"draining"');
  await (await fetch(service.address)).text();
  service.child.kill('SIGTERM');
  expect((await service.ended).code).toBe(143);
  expect(service.output()).toContain('"method":"GET","endpoint":"/","status":200');
});

/** Sends `count` requests one after the other, each with a random path, method and header. */
async function attack({ host, port }: ServiceProcess, count: number): Promise<void> {
  const methods = ['GET', 'PUT', 'DELETE', 'PATCH', 'PROPFIND', 'MKCOL', 'OPTIONS', 'TRACE', 'REPORT', 'HEAD'];
  for (let i = 0; i < count; i++) {
    const word = randomBytes(9).toString('base64url');
    const headers = {
      [`x-${word}`]: word,
      traceparent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`,
    };
    await new Promise<void>((resolve, reject) => {
      const sent = request({ host, port, path: `/${word}?${word}`, method: methods[i % methods.length], headers });
      sent.on('response', (response) => response.resume().on('end', resolve)).on('error', reject);
      sent.end();
    });
  }
}

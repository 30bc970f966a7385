import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { hangUp, type MisbehavingServer, refusal, reply, startMisbehaving } from '../../tests/support/misbehaving.ts';
import { ensureVersion } from './registry.ts';
import { cleanKey, createRun, cutValue, splitBatches } from './runs.ts';

describe('creating a run or a version', () => {
  let server: MisbehavingServer;
  afterEach(() => server.stop());

  const run = { info: { run_id: 'r1', experiment_id: '1', status: 'RUNNING', artifact_uri: 'mlflow-artifacts:/1/r1' } };
  const lines = () => server.requests.map(({ line }) => line.replace(/\?.*/, '').replace('/api/2.0/mlflow/', ''));

  test('a run whose creation breaks off after MLflow made it is found by its tag', async () => {
    server = await startMisbehaving([hangUp, reply(200, { runs: [run] })]);
    expect(await createRun(server.config, '1', 'name', {})).toMatchObject({ id: 'r1' });
    expect(lines()).toEqual(['POST runs/create', 'POST runs/search']);
    const { tags } = JSON.parse(server.requests[0].body) as { tags: { key: string; value: string }[] };
    expect(JSON.parse(server.requests[1].body)).toMatchObject({
      filter: `tags.\`${tags[0].key}\` = '${tags[0].value}'`,
    });
  });

  test('a run whose creation breaks off before MLflow made it is created again', async () => {
    server = await startMisbehaving([hangUp, reply(200, {}), reply(200, { run })]);
    expect(await createRun(server.config, '1', 'name', {})).toMatchObject({ id: 'r1' });
    expect(lines()).toEqual(['POST runs/create', 'POST runs/search', 'POST runs/create']);
    expect(server.requests[2].body).toBe(server.requests[0].body);
  });

  test('a creation that MLflow refuses is not repeated', async () => {
    server = await startMisbehaving([refusal(404, 'RESOURCE_DOES_NOT_EXIST', 'No Experiment with id=1 exists')]);
    await expect(createRun(server.config, '1', 'name', {})).rejects.toMatchObject({
      errorCode: 'RESOURCE_DOES_NOT_EXIST',
    });
    expect(lines()).toEqual(['POST runs/create']);
  });

  const version = { name: 'm', source: 'mlflow-artifacts:/1/r1/model', runId: 'r1', description: '', tags: {} };
  const pending = { name: 'm', version: '4', status: 'PENDING_REGISTRATION', run_id: 'r1' };

  test('a version whose creation breaks off is found by its run, and returned when it is ready', async () => {
    const ready = reply(200, { model_version: { ...pending, status: 'READY' } });
    const found = reply(200, { model_versions: [pending] });
    server = await startMisbehaving([reply(200, {}), hangUp, found, reply(200, { model_version: pending }), ready]);
    expect(await ensureVersion(server.config, version)).toMatchObject({ version: '4', status: 'READY' });
    expect(lines()).toEqual([
      'GET model-versions/search',
      'POST model-versions/create',
      'GET model-versions/search',
      'GET model-versions/get',
      'GET model-versions/get',
    ]);
  });

  test("a version whose registration failed is an error in MLflow's words", async () => {
    const failed = { ...pending, status: 'FAILED_REGISTRATION', status_message: 'no room' };
    server = await startMisbehaving([reply(200, { model_versions: [failed] })]);
    await expect(ensureVersion(server.config, version)).rejects.toMatchObject({
      code: 'MODEL_NOT_READY',
      message: 'version 4 of m is FAILED_REGISTRATION: "no room"',
    });
  });
});

const entries = fc.array(fc.record({ key: fc.string(), value: fc.string() }), { maxLength: 350 });
const metrics = fc
  .nat(2500)
  .map((n) => Array.from({ length: n }, (_, step) => ({ key: 'm', value: 1, timestamp: 0, step })));

test('batches hold all entries, in order, each within the limits of MLflow', () => {
  fc.assert(
    fc.property(entries, entries, metrics, (params, tags, points) => {
      const batches = splitBatches(params, tags, points);
      expect(batches.flatMap((batch) => batch.params)).toEqual(params);
      expect(batches.flatMap((batch) => batch.tags)).toEqual(tags);
      expect(batches.flatMap((batch) => batch.metrics)).toEqual(points);
      for (const batch of batches) {
        const sizes = [batch.params.length, batch.tags.length, batch.metrics.length];
        expect(sizes[0] <= 100 && sizes[1] <= 100 && sizes[2] <= 1000).toBe(true);
        const all = sizes[0] + sizes[1] + sizes[2];
        expect(all > 0 && all <= 1000).toBe(true);
      }
    }),
    { numRuns: 30 },
  );
});

test('a value over the limit is cut and says how long it was', () => {
  expect(cutValue('short', 30)).toBe('short');
  expect(cutValue('x'.repeat(100), 40)).toBe(`${'x'.repeat(15)}... (cut, 100 characters)`);
});

test('a key has only characters that MLflow accepts', () => {
  expect(cleanKey('word.ngrams[0]=ä/b:c-d_e f')).toBe('word.ngrams_0__ä/b:c-d_e f');
  expect(cleanKey('k'.repeat(300))).toHaveLength(250);
});

/** One suite for the MLflow client, run on a real server with each kind of access that people use. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { downloadArtifact, uploadArtifact } from '../ml/tracking/artifacts.ts';
import { type Environment, trackingConfig } from '../ml/tracking/config.ts';
import { MlflowError } from '../ml/tracking/errors.ts';
import {
  deleteAlias,
  ensureModel,
  ensureVersion,
  getVersion,
  moveToStage,
  parseModelUri,
  resolveReference,
  searchVersions,
  setAlias,
  setVersionTags,
  versionArtifacts,
  versionByAlias,
  versionInStage,
} from '../ml/tracking/registry.ts';
import {
  createRun,
  endRun,
  ensureExperiment,
  findExperiment,
  logInputs,
  logValues,
  searchRuns,
} from '../ml/tracking/runs.ts';
import { callApi } from '../ml/tracking/transport.ts';
import { type MlflowServer, startMlflow } from './support/mlflow.ts';
import { listArtifacts } from './support/mlflow_reads.ts';
import { need } from './support/need.ts';
import { startProxy } from './support/proxy.ts';
import { sharedMlflow } from './support/shared.ts';

type Access = { env: Environment; stop(): Promise<void> };

const accesses: [string, () => Promise<Access>][] = [
  ['a plain server', async () => ({ env: (await sharedMlflow()).env, stop: async () => {} })],
  [
    'a server behind a path prefix and a Bearer token, as on DagsHub',
    async () => {
      const { uri } = await sharedMlflow();
      const proxy = await startProxy(uri, { prefix: '/owner/repo.mlflow', token: 'secret' });
      return { env: { MLFLOW_TRACKING_URI: `${proxy.uri}/`, MLFLOW_TRACKING_TOKEN: 'secret' }, stop: proxy.stop };
    },
  ],
  ['a server with user names and passwords', async () => ({ env: (await guarded()).env, stop: async () => {} })],
];

/** A server that requires a password and accepts only its IP address as host name, started once. */
function guarded(): Promise<MlflowServer> {
  guardedServer ??= startMlflow({ auth: true, allowedHosts: '127.0.0.1:*' });
  return guardedServer;
}
let guardedServer: Promise<MlflowServer> | undefined;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tracking-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await (await guardedServer)?.stop();
});

const isHere = need('mlflow');

(isHere ? describe : describe.skip).each(accesses)('on %s', (_name, open) => {
  let access: Access;
  let config: ReturnType<typeof trackingConfig>;
  let experimentId: string;
  const name = `test ${randomUUID()}`;

  beforeAll(async () => {
    access = await open();
    config = trackingConfig(access.env);
    experimentId = await ensureExperiment(config, name);
  });
  afterAll(() => access?.stop());

  test('an experiment is created once, even by several clients at a time', async () => {
    const other = `${name} race`;
    expect(await findExperiment(config, other)).toBeUndefined();
    const ids = await Promise.all([1, 2, 3, 4].map(() => ensureExperiment(config, other)));
    expect(new Set(ids).size).toBe(1);
    expect(await findExperiment(config, other)).toBe(ids[0]);
  });

  test('an experiment in the trash is neither used nor created again', async () => {
    const other = `${name} trash`;
    const id = await ensureExperiment(config, other);
    await callApi(config, 'POST', 'experiments/delete', { experiment_id: id });
    await expect(ensureExperiment(config, other)).rejects.toMatchObject({
      message: `the experiment "${other}" is in MLflow's trash`,
    });
  });

  test('a run keeps params, metrics, tags and datasets, even more than fit into one call', async () => {
    const run = await createRun(config, experimentId, 'full', { 'test.id': 'full' });
    const params = Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`p.${i}`, `v${i}`]));
    const metrics = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`m_${i}`, i / 7]));
    const values = {
      params: { ...params, 'list[0]': 'x', long: 'y'.repeat(7000), empty: '' },
      metrics,
      tags: { a: 'ä' },
    };
    await logValues(config, run.id, values, 1_700_000_000_000);
    await logValues(config, run.id, values, 1_700_000_000_000);
    const data = { sourceType: 'local', source: { uri: 'x.csv' }, profile: { texts: 3 }, schema: {} };
    await logInputs(config, run.id, [{ name: 'train', digest: 'd'.repeat(64), context: 'training', ...data }]);
    await endRun(config, run.id, 'FINISHED');

    const [kept, ...others] = await searchRuns(config, experimentId, { 'test.id': 'full' });
    expect(others).toEqual([]);
    expect(kept.id).toBe(run.id);
    expect(kept.status).toBe('FINISHED');
    expect(kept.params).toMatchObject({ ...params, list_0_: 'x', empty: '' });
    expect(kept.params.long).toHaveLength(6000);
    expect(kept.params.long).toMatch(/y\.\.\. \(cut, 7000 characters\)$/);
    expect(kept.metrics).toEqual(metrics);
    expect(kept.tags).toMatchObject({ a: 'ä', 'test.id': 'full' });
    const history = await callApi(config, 'GET', 'metrics/get-history', { run_id: run.id, metric_key: 'm_1' });
    expect(history.body).toMatchObject({ metrics: [{ value: 1 / 7 }] });
    expect((history.body as { metrics: unknown[] }).metrics).toHaveLength(1);
    expect(await searchRuns(config, experimentId, { 'test.id': 'none' })).toEqual([]);
  });

  test('a file comes back from the artifact store byte for byte, under any name', async () => {
    const run = await createRun(config, experimentId, 'files', {});
    const file = join(folder, 'big.bin');
    const bytes = randomBytes(6_000_000);
    await writeFile(file, bytes);
    await uploadArtifact(config, run.artifactUri, 'model/model.bin', file);
    await uploadArtifact(config, run.artifactUri, 'plots/a b % é.svg', file);
    const back = join(folder, 'back', 'big.bin');
    const download = await downloadArtifact(config, run.artifactUri, 'model/model.bin', back);
    expect(download.bytes).toBe(bytes.length);
    expect((await readFile(back)).equals(bytes)).toBe(true);
    expect(await readdir(join(folder, 'back'))).toEqual(['big.bin']);
    expect(await listArtifacts(config, run.id, 'plots')).toEqual([{ path: 'plots/a b % é.svg', bytes: bytes.length }]);
    expect((await listArtifacts(config, run.id)).map((entry) => entry.path).sort()).toEqual(['model', 'plots']);
    expect(await listArtifacts(config, run.id, 'nothing')).toEqual([]);
    const missing = downloadArtifact(config, run.artifactUri, 'nothing.bin', back);
    await expect(missing).rejects.toMatchObject({ status: 404, errorCode: 'RESOURCE_DOES_NOT_EXIST' });
  });

  test('a model goes through its stages and aliases', async () => {
    const model = `model-${randomUUID()}`;
    expect(await versionInStage(config, model, 'Staging')).toBeUndefined();
    expect(await versionByAlias(config, model, 'staging')).toBeUndefined();
    expect(await searchVersions(config, model)).toEqual([]);
    await ensureModel(config, model, 'a test');
    await ensureModel(config, model, 'a test');
    expect(await versionByAlias(config, model, 'staging')).toBeUndefined();

    const runs = [await createRun(config, experimentId, '1', {}), await createRun(config, experimentId, '2', {})];
    const [first, second] = await Promise.all(
      runs.map((run) =>
        ensureVersion(config, {
          name: model,
          source: `${run.artifactUri}/model`,
          runId: run.id,
          description: 'by a test',
          tags: { digest: 'abc' },
        }),
      ),
    );
    const again = { name: model, source: 'unused', runId: first.runId, description: '', tags: {} };
    expect((await ensureVersion(config, again)).version).toBe(first.version);
    expect(await versionArtifacts(config, first)).toBe(`${runs[0].artifactUri}/model`);
    expect(first).toMatchObject({ status: 'READY', stage: 'None', tags: { digest: 'abc' }, description: 'by a test' });

    await moveToStage(config, first, 'Staging');
    await setAlias(config, first, 'staging');
    await moveToStage(config, first, 'Production');
    await setAlias(config, first, 'production');
    await moveToStage(config, second, 'Production');
    await setAlias(config, second, 'production');
    await setVersionTags(config, second, { reason: 'it is "better", so’s its author' });
    await deleteAlias(config, model, 'staging');
    await deleteAlias(config, model, 'staging');

    const seen = new Map((await searchVersions(config, model)).map((version) => [version.version, version]));
    expect(seen.get(first.version)).toMatchObject({ stage: 'Archived' });
    expect((await getVersion(config, model, second.version)).aliases).toEqual(['production']);
    expect((await getVersion(config, model, first.version)).aliases).toEqual([]);
    expect(seen.get(second.version)).toMatchObject({
      stage: 'Production',
      tags: { reason: 'it is "better", so’s its author' },
    });
    for (const uri of [
      `models:/${model}/production`,
      `models:/${model}@production`,
      `models:/${model}/${second.version}`,
    ]) {
      expect((await resolveReference(config, parseModelUri(uri))).version).toBe(second.version);
    }
    expect((await resolveReference(config, parseModelUri(`models:/${model}/latest`))).version).toBe('2');
    await expect(resolveReference(config, parseModelUri(`models:/${model}/Staging`))).rejects.toMatchObject({
      code: 'MODEL_NOT_REGISTERED',
      message: `the registry at ${config.uri} has no version of ${model} in stage Staging`,
    });
  });

  test("a refusal carries MLflow's own words", async () => {
    const refused = callApi(config, 'GET', 'runs/get', { run_id: 'nope' });
    await expect(refused).rejects.toBeInstanceOf(MlflowError);
    await expect(refused).rejects.toMatchObject({
      code: 'MLFLOW_REFUSED',
      endpoint: 'GET /api/2.0/mlflow/runs/get',
      status: 404,
      errorCode: 'RESOURCE_DOES_NOT_EXIST',
      message: expect.stringContaining('Run with id=nope not found'),
    });
  });
});

describe.skipIf(!isHere)('a creation whose connection breaks after MLflow has done it', () => {
  test('makes one run and one version', async () => {
    const { uri } = await sharedMlflow();
    const cut = new Set(['/runs/create', '/model-versions/create']);
    const proxy = await startProxy(uri, {
      cut: (request) => [...cut].some((path) => request.url?.endsWith(path) && cut.delete(path)),
    });
    try {
      const config = { ...trackingConfig({ MLFLOW_TRACKING_URI: proxy.uri }), pause: 1 };
      const experimentId = await ensureExperiment(config, `cut ${randomUUID()}`);
      const run = await createRun(config, experimentId, 'cut', { 'test.id': 'cut' });
      expect((await searchRuns(config, experimentId, { 'test.id': 'cut' })).map(({ id }) => id)).toEqual([run.id]);

      const model = `model-${randomUUID()}`;
      await ensureModel(config, model, '');
      const source = `${run.artifactUri}/model`;
      const version = await ensureVersion(config, { name: model, source, runId: run.id, description: '', tags: {} });
      expect((await searchVersions(config, model)).map((found) => found.version)).toEqual([version.version]);
      expect(cut.size).toBe(0);
      expect(proxy.seen.filter((line) => line.endsWith('/runs/create'))).toHaveLength(1);
    } finally {
      await proxy.stop();
    }
  });
});

describe.skipIf(!isHere)('a server with user names and passwords', () => {
  test('refuses a wrong password, a write without permission, and an unknown host name', async () => {
    const { uri, env } = await guarded();
    const admin = trackingConfig(env);
    const password = randomUUID();
    await callApi(admin, 'POST', 'users/create', { username: 'reader', password });
    const experimentId = await ensureExperiment(admin, 'private');
    const access = (changes: Environment) => trackingConfig({ ...env, ...changes });

    const wrong = access({ MLFLOW_TRACKING_PASSWORD: 'wrong' });
    await expect(findExperiment(wrong, 'private')).rejects.toMatchObject({ code: 'MLFLOW_UNAUTHORIZED', status: 401 });
    await expect(findExperiment(trackingConfig({ MLFLOW_TRACKING_URI: uri }), 'private')).rejects.toMatchObject({
      code: 'MLFLOW_UNAUTHORIZED',
      message: expect.stringContaining('You are not authenticated'),
    });
    const reader = access({ MLFLOW_TRACKING_USERNAME: 'reader', MLFLOW_TRACKING_PASSWORD: password });
    expect(await findExperiment(reader, 'private')).toBe(experimentId);
    await expect(createRun(reader, experimentId, 'x', {})).rejects.toMatchObject({
      code: 'MLFLOW_FORBIDDEN',
      message: expect.stringContaining('"Permission denied"'),
    });
    const elsewhere = access({ MLFLOW_TRACKING_URI: uri.replace('127.0.0.1', 'localhost') });
    await expect(findExperiment(elsewhere, 'private')).rejects.toMatchObject({
      code: 'MLFLOW_HOST_REFUSED',
      status: 403,
      next: expect.stringContaining('--allowed-hosts'),
    });
  });
});

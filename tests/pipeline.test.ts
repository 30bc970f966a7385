import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { paths } from '../ml/stages/paths.ts';
import { trackingConfig } from '../ml/tracking/config.ts';
import { searchVersions, versionByAlias } from '../ml/tracking/registry.ts';
import { type DvcLine, readDvcLine } from '../scripts/local/dvc.ts';
import { programEnvironment } from '../scripts/local/programs.ts';
import { freePort } from './support/listen.ts';
import { type MlflowServer, startMlflow } from './support/mlflow.ts';
import { runStatus } from './support/mlflow_reads.ts';
import { need, programPath } from './support/need.ts';
import { runOk, start } from './support/process.ts';
import { copyRepository, type Repository } from './support/repository.ts';
import { setParams, useSmallCorpus } from './support/small_corpus.ts';

const STAGES = [
  'data_ingestion',
  'data_preprocessing',
  'feature_engineering',
  'model_building',
  'model_evaluation',
  'register_model',
];

describe.skipIf(!need('dvc') || !need('mlflow'))('the pipeline under DVC', () => {
  let repository: Repository;
  let server: MlflowServer;
  let freshServer: MlflowServer;

  beforeAll(async () => {
    repository = copyRepository({ installed: true });
    useSmallCorpus(repository.root);
    [server, freshServer] = await Promise.all([startMlflow(), startMlflow()]);
  });
  afterAll(async () => {
    await Promise.all([server?.stop(), freshServer?.stop()]);
    repository.remove();
  });

  const file = (path: string) => join(repository.root, path);
  const json = (path: string) => JSON.parse(readFileSync(file(path), 'utf8'));
  const config = (of: MlflowServer) => trackingConfig(of.env);

  function dvc(args: string[], env: Record<string, string> = server.env): Promise<string> {
    const options = { cwd: repository.root, env: programEnvironment(repository.root, { ...process.env, ...env }) };
    return runOk('dvc', args, options);
  }

  /** Runs dvc repro. Returns what DVC did with each stage but data_sources, which runs every time, and what register_model printed. */
  async function repro(of: MlflowServer = server) {
    const lines = (await dvc(['repro'], of.env)).split('\n').map(readDvcLine);
    const did = (kind: DvcLine['kind']) =>
      lines.flatMap((line) => ('stage' in line && line.kind === kind ? line.stage : []));
    const said = lines.flatMap((line) => (line.kind === 'said' ? line.text : [])).join('\n');
    return {
      ran: did('running').filter((stage) => stage !== 'data_sources'),
      unchanged: did('unchanged'),
      cached: did('cached'),
      said,
    };
  }

  /** Every version in the registry, each with the status of its run, which the server must know. */
  async function registry(of: MlflowServer) {
    const versions = await searchVersions(config(of), 'my_model');
    return Promise.all(
      versions.map(async ({ version, runId }) => ({ version, run: await runStatus(config(of), runId) })),
    );
  }

  test('runs the six stages in order and writes all their files', async () => {
    expect((await repro()).ran).toEqual(STAGES);
    const {
      params: _params,
      local: _local,
      downloads: _downloads,
      modelCache: _cache,
      mlflow: _mlflow,
      ...made
    } = paths;
    for (const path of Object.values(made)) expect(existsSync(file(path)), path).toBe(true);
    expect(json(paths.metrics).accuracy).toBeGreaterThan(0.75);
  });

  test('registers a version in Staging whose run the server has, and records it', async () => {
    expect(await registry(server)).toEqual([{ version: '1', run: 'FINISHED' }]);
    const staged = await versionByAlias(config(server), 'my_model', 'staging');
    expect(json(paths.registered)).toMatchObject({ name: 'my_model', version: '1', runId: staged?.runId });
  });

  test('runs only register_model the second time, which finds everything in place', async () => {
    const { ran, unchanged, said } = await repro();
    expect(ran).toEqual(['register_model']);
    expect(unchanged).toEqual(STAGES.slice(0, 5));
    expect(said).toContain('unchanged: my_model version 1');
    expect(await registry(server)).toHaveLength(1);
  });

  test('a changed C reruns only the model, its evaluation and registration', async () => {
    setParams(repository.root, { 'model_building.C': 2 });
    expect(await repro()).toMatchObject({ ran: STAGES.slice(3), unchanged: STAGES.slice(0, 3) });
    expect(await registry(server)).toHaveLength(2);
  });

  test('a changed setting of the gate reruns no stage that DVC tracks', async () => {
    setParams(repository.root, { 'promote_model.significance': 0.01 });
    const { ran, said } = await repro();
    expect(ran).toEqual(['register_model']);
    expect(said).toContain('unchanged: my_model version 2');
  });

  test('a changed file of behaviour tests would rerun only the evaluation and registration', async () => {
    const films = readFileSync(file('behaviour/films.yaml'), 'utf8');
    writeFileSync(file('behaviour/films.yaml'), `${films}\n  - {name: own, kind: invariance, pair: [Fine., FINE.]}\n`);
    const { register_model: _last, data_sources: _first, ...stale } = JSON.parse(await dvc(['status', '--json']));
    writeFileSync(file('behaviour/films.yaml'), films);
    expect(stale).toEqual({ model_evaluation: [{ 'changed deps': { behaviour: 'modified' } }] });
  });

  test('an evaluation from the run cache is registered on a server that does not have its run', async () => {
    setParams(repository.root, { 'model_building.C': 5 });
    const { ran, cached } = await repro(freshServer);
    expect(cached).toEqual(['model_building', 'model_evaluation']);
    expect(ran).toEqual(['register_model']);
    expect(await registry(freshServer)).toEqual([{ version: '1', run: 'FINISHED' }]);
    const { runId, trackingUri } = json(paths.registered);
    expect(trackingUri).toBe(freshServer.uri);
    expect(await runStatus(config(freshServer), runId)).toBe('FINISHED');
  });

  test('the same stages write the same bytes, also without the cache', async () => {
    const before = hashes();
    rmSync(file('dvc.lock'));
    rmSync(file('.dvc/cache'), { recursive: true });
    expect((await repro(freshServer)).ran).toEqual(STAGES);
    expect(hashes()).toEqual(before);
    expect(await registry(freshServer)).toHaveLength(1);
  });

  test('the local remote stores the data and returns it', async () => {
    const before = hashes();
    await dvc(['push']);
    loseEverything();
    await dvc(['pull']);
    expect(hashes()).toEqual(before);
    expect((await repro(freshServer)).ran).toEqual(['register_model']);
  });

  test.skipIf(!need('moto'))('an S3 remote stores the data and returns it', async () => {
    const port = await freePort();
    const endpoint = `http://127.0.0.1:${port}`;
    const moto = start(programPath('moto')!, ['-H', '127.0.0.1', '-p', String(port)], { cwd: repository.root });
    try {
      await moto.prints('Running on');
      const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
      const s3 = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
      await s3.send(new CreateBucketCommand({ Bucket: 'reviews' }));
      const env = {
        AWS_ENDPOINT_URL: endpoint,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_DEFAULT_REGION: 'us-east-1',
      };
      const before = hashes();
      await dvc(['remote', 'add', '--local', '--default', 'bucket', 's3://reviews/dvc']);
      await dvc(['push'], env);
      loseEverything();
      rmSync(file(`${paths.local}/dvc-remote`), { recursive: true });
      await dvc(['pull'], env);
      expect(hashes()).toEqual(before);
    } finally {
      await moto.stop();
    }
  });

  test('dvc dag draws all stages; dvc metrics and plots show the reports', async () => {
    const dag = await dvc(['dag']);
    for (const stage of STAGES) expect(dag).toContain(stage);
    const metrics = JSON.parse(await dvc(['metrics', 'show', '--json']));
    expect(metrics[''].data[paths.metrics].data).toEqual(json(paths.metrics));
    const plots = JSON.parse(await dvc(['plots', 'show', '--json']));
    expect(plots.errors ?? []).toEqual([]);
    const drawn = Object.entries<{ content: { data: { values: unknown[] } } }[]>(plots.data);
    expect(drawn.map(([path]) => path).sort()).toEqual(
      [
        ...[paths.calibration, paths.confusionMatrix, paths.domainPlot],
        ...[paths.precisionRecall, paths.roc, paths.topWords],
      ].sort(),
    );
    // All texts of this corpus are of one domain.
    const least = (path: string) => (path === paths.domainPlot ? 1 : 2);
    for (const [path, [plot]] of drawn)
      expect(plot.content.data.values.length, path).toBeGreaterThanOrEqual(least(path));
  });

  /** SHA-256 of every file that DVC tracks. */
  function hashes(): Record<string, string> {
    const data = [paths.rawTrain, paths.rawTest, paths.interimTrain, paths.interimTest];
    const made = [paths.processedTrain, paths.processedTest, paths.vectorizer, paths.model, `${paths.plots}/roc.svg`];
    const hash = (path: string) =>
      createHash('sha256')
        .update(readFileSync(file(path)))
        .digest('hex');
    return Object.fromEntries([...data, ...made].map((path) => [path, hash(path)]));
  }

  function loseEverything(): void {
    for (const path of ['data', 'models', '.dvc/cache', `${paths.plots}/roc.svg`])
      rmSync(file(path), { recursive: true });
  }
});

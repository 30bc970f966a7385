/** register_model as a program, on a real MLflow server: what it stores there, also after a kill. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readModel } from '../ml/model/artifact.ts';
import { fetchModel } from '../ml/model/remote.ts';
import { paths } from '../ml/stages/paths.ts';
import { findExperiment } from '../ml/tracking/runs.ts';
import { callApi } from '../ml/tracking/transport.ts';
import { freePort } from './support/listen.ts';
import { listArtifacts } from './support/mlflow_reads.ts';
import { need } from './support/need.ts';
import type { Changes } from './support/pipeline_folder.ts';
import { useRegistryLab } from './support/registry_lab.ts';

const other: Changes = { model_building: { C: 4 } };

describe.skipIf(!need('mlflow'))('register_model', () => {
  const {
    alias,
    config,
    damageModel,
    env,
    file,
    folder,
    killedThen,
    name,
    promote,
    register,
    registered,
    runs,
    stages,
    versions,
  } = useRegistryLab();

  test('logs everything about the run and puts a version of its model into Staging', async () => {
    const { out } = await register();
    const [run, ...others] = await runs();
    const [version] = await versions();
    expect(others).toEqual([]);
    expect(out).toContain(`registered: ${name()} version 1, in Staging`);
    expect(out).toContain(`${config().uri}/#/experiments/${run.experimentId}/runs/${run.id}`);

    expect(run.status).toBe('FINISHED');
    expect(run.params).toMatchObject({ 'model_building.C': '5', 'feature_engineering.word.ngrams': '[1,2]' });
    expect(Object.keys(run.params).filter((key) => key.startsWith('promote_model'))).toEqual([]);
    expect(run.metrics).toEqual(JSON.parse(await readFile(file(paths.metrics), 'utf8')));
    expect(run.tags).toMatchObject({
      'pipeline.fingerprint': expect.stringMatching(/^[0-9a-f]{64}$/),
      'dvc.lock_hash': expect.stringMatching(/^[0-9a-f]{64}$/),
      'mlflow.source.name': 'ml/stages/register_model.ts',
      'mlflow.note.content': expect.stringMatching(/^Accuracy 0\.\d{4} \(standard error 0\.0200\), ROC-AUC 0\.\d{4};/),
    });
    const { body } = await callApi(config(), 'GET', 'runs/get', { run_id: run.id });
    expect(body).toMatchObject({ run: { inputs: { dataset_inputs: [{}, {}] } } });
    const kept = async (path: string) => (await listArtifacts(config(), run.id, path)).map((file) => file.path);
    expect(await kept('plots')).toEqual(['plots/calibration.json', 'plots/roc.json', 'plots/roc.svg']);
    expect(await kept('pipeline')).toEqual(['pipeline/dvc.lock', 'pipeline/params.yaml']);
    expect(await kept('model')).toEqual(['model/MLmodel', 'model/facts.json', 'model/model.bin']);

    expect(version).toMatchObject({ stage: 'Staging', status: 'READY', runId: run.id });
    expect(await alias('staging')).toBe('1');
    expect(await registered()).toEqual({
      name: name(),
      version: '1',
      experimentId: run.experimentId,
      runId: run.id,
      digest: version.tags.model_digest,
      trackingUri: config().uri,
    });
  });

  test('stamps run, metrics and name on the registered model, which predicts as the trained one does', async () => {
    await register();
    const { path, runId } = await fetchModel(`models:/${name()}/Staging`, {
      cacheDir: file('cache'),
      env: env(),
    });
    const [model, trained] = [readModel(path), readModel(file(paths.model))];
    expect(model.facts).toMatchObject({ runId, modelName: name(), metrics: { accuracy_se: 0.02 } });
    expect(model.digest).toBe((await versions())[0].tags.model_digest);
    for (const text of ['a wonderful film', 'dull and messy', ''])
      expect(model.predict(text)).toEqual(trained.predict(text));
  });

  test('logs nothing new when the server has everything', async () => {
    await register();
    const before = await registered();
    const { out } = await register();
    expect(out).toContain(`unchanged: ${name()} version 1, in Staging`);
    expect(await runs()).toHaveLength(1);
    expect(await stages()).toBe('1 Staging');
    expect(await registered()).toEqual(before);
  });

  test('logs again in another experiment, whatever registered.json says', async () => {
    await register();
    const before = await registered();
    const elsewhere = { ...folder().params, register_model: { experiment: `${name()}-2`, model_name: `${name()}-2` } };
    await writeFile(file(paths.params), JSON.stringify(elsewhere));
    const { out } = await register();
    expect(out).toContain(`registered: ${name()}-2 version 1, in Staging`);
    expect((await registered()).runId).not.toBe(before.runId);
  });

  test('a new result replaces the one in Staging, and so does an older one that returns', async () => {
    await register();
    await folder().train(other);
    await register();
    expect(await stages()).toBe('1 Archived, 2 Staging');
    expect(await alias('staging')).toBe('2');
    await folder().train();
    expect((await register()).out).toContain(`unchanged: ${name()} version 1, in Staging`);
    expect(await stages()).toBe('1 Staging, 2 Archived');
    expect(await alias('staging')).toBe('1');
  });

  test('a version in Production stays there, and archives another version in Staging', async () => {
    await register();
    await promote();
    expect((await register()).out).toContain(`unchanged: ${name()} version 1, in Production`);
    await folder().train(other);
    await register();
    await folder().train();
    await register();
    expect(await stages()).toBe('1 Production, 2 Archived');
    expect(await alias('staging')).toBeUndefined();
    expect((await promote()).out).toContain('version 1 stays Production: nothing is in Staging');
  });

  test('a model damaged on the server is registered again', async () => {
    await register();
    const run = await damageModel();
    const { out } = await register();
    expect(out).toContain(`run ${run.id} has this result, but its model is damaged or missing on the server`);
    expect(await stages()).toBe('1 Archived, 2 Staging');
  });

  test.each([
    ['/runs/create'],
    ['/runs/log-batch'],
    ['/runs/log-inputs'],
    ['/plots/roc.svg'],
    ['/model/model.bin'],
    ['/runs/update'],
    ['/registered-models/create'],
    ['/model-versions/create'],
    ['/model-versions/transition-stage'],
    ['/registered-models/alias'],
  ])('after a kill when MLflow has done %s, the next run finishes cleanly', async (path) => {
    const { out } = await killedThen('register_model', path);
    expect(out).toMatch(/(registered|unchanged): \S+ version 1, in Staging/);
    expect(await stages()).toBe('1 Staging');
    expect(await alias('staging')).toBe('1');
    const seen = await runs();
    expect(seen.filter(({ status }) => status === 'FINISHED')).toHaveLength(1);
    expect(seen.filter(({ status }) => status === 'RUNNING')).toEqual([]);
    const [version] = await versions();
    expect(seen.find(({ id }) => id === version.runId)?.status).toBe('FINISHED');
  });

  test('says in one sentence what is wrong, and leaves no half-written file', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const away = await folder().run('register_model', {
      MLFLOW_TRACKING_URI: nobody,
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
    });
    expect(away).toEqual({
      code: 1,
      out: '',
      err:
        `error: nothing listens at ${nobody}, where MLflow should be (MLFLOW_UNREACHABLE)\n` +
        `  cause: "connect ECONNREFUSED ${nobody.slice(7)}"\n` +
        '  next: start the server, or correct MLFLOW_TRACKING_URI\n',
    });
    expect(await folder().run('register_model', {})).toMatchObject({
      code: 2,
      err: /^error: MLFLOW_TRACKING_URI is not set/,
    });
    await rm(file(paths.metrics));
    expect(await folder().run('register_model', env())).toMatchObject({
      code: 1,
      err: /^error: cannot read reports\/metrics.json/,
    });
    await writeFile(file(paths.metrics), '{"accuracy": "high"}');
    expect(await folder().run('register_model', env())).toMatchObject({
      code: 1,
      err: /is not one JSON object of numbers \(accuracy\)/,
    });
    const changed = { ...folder().params, model_building: { ...folder().params.model_building, C: 9 } };
    await writeFile(file(paths.params), JSON.stringify(changed));
    expect(await folder().run('register_model', env())).toMatchObject({
      code: 1,
      err: /was trained with other settings/,
    });
    expect(await readdir(file('models'))).toEqual(['model.bin']);
    expect(await findExperiment(config(), name())).toBeUndefined();
  });
});

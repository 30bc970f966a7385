/** register_model and promote_model as programs, on a real MLflow server: what they leave there, also when killed. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadModel } from '../ml/model/load.ts';
import { fetchModel } from '../ml/model/remote.ts';
import { paths } from '../ml/stages/paths.ts';
import { listArtifacts, uploadArtifact } from '../ml/tracking/artifacts.ts';
import { type TrackingConfig, trackingConfig } from '../ml/tracking/config.ts';
import { findExperiment } from '../ml/tracking/experiments.ts';
import { moveToStage, searchVersions, versionByAlias } from '../ml/tracking/registry.ts';
import { type Run, searchRuns } from '../ml/tracking/runs.ts';
import { callApi } from '../ml/tracking/transport.ts';
import { freePort } from './support/listen.ts';
import { need } from './support/need.ts';
import { type Changes, createPipelineFolder, type Outcome, type PipelineFolder } from './support/pipeline_folder.ts';
import { startProxy } from './support/proxy.ts';
import { sharedMlflow } from './support/shared_mlflow.ts';

/** A model with two features left: as a challenger it loses. */
const poor: Changes = {
  promote_model: { min_accuracy: 0, min_roc_auc: 0 },
  feature_engineering: {
    char: null,
    word: {
      ngrams: [1, 1],
      min_df: 1,
      max_df: 1,
      max_features: 2,
      weighting: 'count',
      sublinear_tf: false,
      smooth_idf: true,
      norm: 'none',
    },
  },
};
const other: Changes = { model_building: { C: 4 } };

describe.skipIf(!need('mlflow'))('on a real MLflow', () => {
  let folder: PipelineFolder;
  let env: Record<string, string>;
  let config: TrackingConfig;
  let name: string;

  beforeEach(async () => {
    ({ env } = await sharedMlflow());
    config = trackingConfig(env);
    folder = await createPipelineFolder();
    await folder.train();
    name = folder.params.register_model.model_name;
  });
  afterEach(() => folder.remove());

  const register = () => succeed(folder.run('register_model', env));
  const promote = () => succeed(folder.run('promote_model', env));
  const versions = () => searchVersions(config, name);
  const runs = async (): Promise<Run[]> => searchRuns(config, (await findExperiment(config, name)) ?? '', {});
  const alias = async (which: string) => (await versionByAlias(config, name, which))?.version;
  /** "1 Archived, 2 Production". */
  const stages = async () =>
    (await versions())
      .reverse()
      .map(({ version, stage }) => `${version} ${stage}`)
      .join(', ');
  const registered = async () => JSON.parse(await readFile(join(folder.path, paths.registered), 'utf8'));

  describe('register_model', () => {
    test('logs everything about the run and puts a version of its model into Staging', async () => {
      const { out } = await register();
      const [run, ...others] = await runs();
      const [version] = await versions();
      expect(others).toEqual([]);
      expect(out).toContain(`registered: ${name} version 1, in Staging`);
      expect(out).toContain(`${config.uri}/#/experiments/${run.experimentId}/runs/${run.id}`);

      expect(run.status).toBe('FINISHED');
      expect(run.params).toMatchObject({ 'model_building.C': '5', 'feature_engineering.word.ngrams': '[1,2]' });
      expect(Object.keys(run.params).filter((key) => key.startsWith('promote_model'))).toEqual([]);
      expect(run.metrics).toEqual(JSON.parse(await readFile(join(folder.path, paths.metrics), 'utf8')));
      expect(run.tags).toMatchObject({
        'pipeline.fingerprint': expect.stringMatching(/^[0-9a-f]{64}$/),
        'dvc.lock_hash': expect.stringMatching(/^[0-9a-f]{64}$/),
        'mlflow.source.name': 'ml/stages/register_model.ts',
        'mlflow.note.content': expect.stringMatching(
          /^Accuracy 0\.\d{4} \(standard error 0\.0200\), ROC-AUC 0\.\d{4};/,
        ),
      });
      const { body } = await callApi(config, 'GET', 'runs/get', { run_id: run.id });
      expect(body).toMatchObject({ run: { inputs: { dataset_inputs: [{}, {}] } } });
      const paths_ = async (path: string) => (await listArtifacts(config, run.id, path)).map((file) => file.path);
      expect(await paths_('plots')).toEqual(['plots/roc.json', 'plots/roc.svg']);
      expect(await paths_('pipeline')).toEqual(['pipeline/dvc.lock', 'pipeline/params.yaml']);
      expect(await paths_('model')).toEqual(['model/MLmodel', 'model/facts.json', 'model/model.bin']);

      expect(version).toMatchObject({ stage: 'Staging', status: 'READY', runId: run.id });
      expect(await alias('staging')).toBe('1');
      expect(await registered()).toEqual({
        name,
        version: '1',
        runId: run.id,
        digest: version.tags.model_digest,
        trackingUri: config.uri,
      });
    });

    test('stamps run, metrics and name on the registered model, which predicts as the trained one does', async () => {
      await register();
      const { path, runId } = await fetchModel(`models:/${name}/Staging`, {
        cacheDir: join(folder.path, 'cache'),
        env,
      });
      const [model, trained] = await Promise.all([loadModel(path), loadModel(join(folder.path, paths.model))]);
      expect(model.facts).toMatchObject({ runId, modelName: name, metrics: { accuracy_se: 0.02 } });
      expect(model.digest).toBe((await versions())[0].tags.model_digest);
      for (const text of ['a wonderful film', 'dull and messy', ''])
        expect(model.predict(text)).toEqual(trained.predict(text));
    });

    test('makes nothing anew when the server has it all', async () => {
      await register();
      const before = await registered();
      const { out } = await register();
      expect(out).toContain(`unchanged: ${name} version 1, in Staging`);
      expect(await runs()).toHaveLength(1);
      expect(await stages()).toBe('1 Staging');
      expect(await registered()).toEqual(before);
    });

    test('logs again what another server knew, whatever registered.json says', async () => {
      await register();
      const before = await registered();
      const elsewhere = { ...folder.params, register_model: { experiment: `${name}-2`, model_name: `${name}-2` } };
      await writeFile(join(folder.path, paths.params), JSON.stringify(elsewhere));
      const { out } = await register();
      expect(out).toContain(`registered: ${name}-2 version 1, in Staging`);
      expect((await registered()).runId).not.toBe(before.runId);
    });

    test('a new result becomes the one in Staging, an older one again becomes it when it comes back', async () => {
      await register();
      await folder.train(other);
      await register();
      expect(await stages()).toBe('1 Archived, 2 Staging');
      expect(await alias('staging')).toBe('2');
      await folder.train();
      expect((await register()).out).toContain(`unchanged: ${name} version 1, in Staging`);
      expect(await stages()).toBe('1 Staging, 2 Archived');
      expect(await alias('staging')).toBe('1');
    });

    test('what is in Production stays there, and takes the proposal of another result away', async () => {
      await register();
      await promote();
      expect((await register()).out).toContain(`unchanged: ${name} version 1, in Production`);
      await folder.train(other);
      await register();
      await folder.train();
      await register();
      expect(await stages()).toBe('1 Production, 2 Archived');
      expect(await alias('staging')).toBeUndefined();
      expect((await promote()).out).toContain('version 1 stays Production: nothing is in Staging');
    });

    test('a model damaged on the server is registered anew', async () => {
      await register();
      const [run] = await runs();
      await writeFile(join(folder.path, 'rubbish'), 'rubbish');
      await uploadArtifact(config, run.artifactUri, 'model/model.bin', join(folder.path, 'rubbish'));
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
    ])('killed when MLflow has done %s, the next one finishes cleanly', async (path) => {
      const { out } = await killedThen(folder, 'register_model', path, env);
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
      const away = await folder.run('register_model', {
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
      expect(await folder.run('register_model', {})).toMatchObject({
        code: 2,
        err: /^error: MLFLOW_TRACKING_URI is not set/,
      });
      await rm(join(folder.path, paths.metrics));
      expect(await folder.run('register_model', env)).toMatchObject({
        code: 1,
        err: /^error: cannot read reports\/metrics.json/,
      });
      await writeFile(join(folder.path, paths.metrics), '{"accuracy": "high"}');
      expect(await folder.run('register_model', env)).toMatchObject({
        code: 1,
        err: /is not one JSON object of numbers \(accuracy\)/,
      });
      const changed = { ...folder.params, model_building: { ...folder.params.model_building, C: 9 } };
      await writeFile(join(folder.path, paths.params), JSON.stringify(changed));
      expect(await folder.run('register_model', env)).toMatchObject({
        code: 1,
        err: /was trained with other settings/,
      });
      expect(await readdir(join(folder.path, 'models'))).toEqual(['model.bin']);
      expect(await findExperiment(config, name)).toBeUndefined();
    });
  });

  describe('promote_model', () => {
    test('the first model passes on the floors and is where the service looks for it', async () => {
      await register();
      const { out } = await promote();
      expect(out).toContain(`promoted: ${name} version 1 is Production\n`);
      expect(await stages()).toBe('1 Production');
      expect([await alias('production'), await alias('staging')]).toEqual(['1', undefined]);
      const [version] = await versions();
      expect(version.tags).toMatchObject({
        'promotion.reason': expect.stringMatching(
          /^accuracy 0\.\d{4} is at least 0\.5; ROC-AUC .*; behaviour: \d+ of \d+/,
        ),
        'promotion.decided_against': 'no champion',
        'promotion.figures': expect.stringMatching(/"texts":300/),
      });
      const away = { ...env, MLFLOW_TRACKING_URI: `http://127.0.0.1:${await freePort()}` };
      for (const uri of [`models:/${name}/Production`, `models:/${name}@production`]) {
        const cached = await fetchModel(uri, { cacheDir: join(folder.path, paths.modelCache), env: away });
        expect(cached).toMatchObject({ version: '1', source: 'cache' });
      }
    });

    test('a challenger as good as the champion takes its place', async () => {
      await register();
      await promote();
      await folder.train(other);
      await register();
      const { out } = await promote();
      expect(out).toContain(`promoted: ${name} version 2 is Production, version 1 archived`);
      expect(await stages()).toBe('1 Archived, 2 Production');
      expect([await alias('production'), await alias('staging')]).toEqual(['2', undefined]);
      const [second, first] = await versions();
      expect(second.tags['promotion.decided_against']).toBe('version 1');
      expect(second.tags['promotion.reason']).toMatch(
        /against version 1 \(accuracy 0\.\d{4}\) it wins \d+ texts and loses \d+/,
      );
      expect(first.tags['promotion.superseded_by']).toBe('2');

      await folder.train();
      await register();
      await promote();
      expect(await stages()).toBe('1 Production, 2 Archived');
      expect((await versions())[1].tags['promotion.superseded_by']).toBeUndefined();
    });

    test('a worse challenger is refused with exit code 3, and may pass later under other floors', async () => {
      await register();
      await promote();
      await folder.train(poor);
      await register();
      const { code, out, err } = await folder.run('promote_model', env);
      expect({ code, err }).toEqual({ code: 3, err: '' });
      expect(out).toMatch(/FAIL against version 1 .* it wins \d+ texts and loses \d+/);
      expect(out).toMatch(new RegExp(`^refused: ${name} version 2 stays in Staging: .*below 0.05$`, 'm'));
      expect(await stages()).toBe('1 Production, 2 Staging');
      expect(await alias('production')).toBe('1');
      expect((await versions())[0].tags['promotion.refused']).toMatch(/^against version 1/);
      expect((await versions())[0].tags['promotion.reason']).toBeUndefined();

      await folder.train({ ...poor, promote_model: { ...poor.promote_model, significance: 1e-300 } });
      expect((await register()).out).toContain('unchanged');
      await promote();
      expect(await stages()).toBe('1 Archived, 2 Production');
      expect((await versions())[0].tags['promotion.refused']).toBeUndefined();
    });

    test('a model that misses a floor is refused even without a champion', async () => {
      await folder.train({ promote_model: { min_behaviour_pass: 1 } });
      await register();
      const { code, out } = await folder.run('promote_model', env);
      expect(code).toBe(3);
      expect(out).toMatch(/FAIL behaviour: \d+ of \d+ tests pass, a share of 0\.\d+ is below 1/);
      expect(out).toMatch(/(minimum functionality|invariance|direction), .*: ".*" expected .*, got /);
      expect(await stages()).toBe('1 Staging');
    });

    test('a champion trained on other texts is compared with a warning', async () => {
      await register();
      await promote();
      await folder.train({ seed: 2 });
      await register();
      const { out } = await promote();
      expect(out).toMatch(/warning: version 1 was trained on other texts .* may have seen some of these/);
      expect((await versions())[0].tags['promotion.warnings']).toMatch(/^version 1 was trained on other texts/);
    });

    test('a champion whose file is lost cannot be compared, and is replaced on the floors', async () => {
      await register();
      await promote();
      const [run] = await runs();
      await writeFile(join(folder.path, 'rubbish'), 'rubbish');
      await uploadArtifact(config, run.artifactUri, 'model/model.bin', join(folder.path, 'rubbish'));
      await rm(join(folder.path, paths.modelCache), { recursive: true });
      await register();
      const { out } = await promote();
      expect(out).toMatch(
        /warning: version 1, the champion, cannot be compared: the file of \S+ version 1 has SHA-256/,
      );
      expect(await stages()).toBe('1 Archived, 2 Production');
    });

    test('a damaged challenger is an error, not a refusal', async () => {
      await register();
      const [run] = await runs();
      await writeFile(join(folder.path, 'rubbish'), 'rubbish');
      await uploadArtifact(config, run.artifactUri, 'model/model.bin', join(folder.path, 'rubbish'));
      expect(await folder.run('promote_model', env)).toMatchObject({
        code: 1,
        err: /^error: the file of \S+ version 1 has SHA-256/,
      });
      expect(await stages()).toBe('1 Staging');
    });

    test('nothing registered is an error that says what to run', async () => {
      expect(await folder.run('promote_model', env)).toMatchObject({
        code: 1,
        err: /^error: \S+ has no version in Staging or Production at \S+ \(NOTHING_STAGED\)\n {2}next: run dvc repro/,
      });
    });

    test('a champion that changes during the comparison is compared with again', async () => {
      await register();
      await promote();
      await folder.train({ model_building: { C: 3 } });
      await register();
      await folder.train(other);
      await register();
      const [, second, first] = await versions();
      let changes = 0;
      const proxy = await startProxy(env.MLFLOW_TRACKING_URI, {
        before: async (request) => {
          if (changes === 0 && request.url?.endsWith('/model/model.bin')) {
            changes++;
            await moveToStage(config, first, 'Archived');
            await moveToStage(config, second, 'Production');
          }
        },
      });
      try {
        const { out } = await succeed(folder.run('promote_model', { ...env, MLFLOW_TRACKING_URI: proxy.uri }));
        expect(out).toContain('another version was promoted or registered meanwhile: comparing again');
        expect(out).toContain('version 3 is Production, version 2 archived');
      } finally {
        await proxy.stop();
      }
      expect(await stages()).toBe('1 Archived, 2 Archived, 3 Production');
      expect((await versions())[0].tags['promotion.decided_against']).toBe('version 2');
    });

    test('a promotion by somebody else meanwhile is not undone', async () => {
      await register();
      await promote();
      await folder.train(other);
      await register();
      const [second] = await versions();
      await moveToStage(config, second, 'Archived');
      let changes = 0;
      const proxy = await startProxy(env.MLFLOW_TRACKING_URI, {
        before: async (request) => {
          if (changes === 0 && request.url?.includes('/registered-models/alias')) {
            changes++;
            await moveToStage(config, second, 'Production');
          }
        },
      });
      try {
        await succeed(folder.run('promote_model', { ...env, MLFLOW_TRACKING_URI: proxy.uri }));
      } finally {
        await proxy.stop();
      }
      expect(changes).toBe(1);
      expect(await stages()).toBe('1 Archived, 2 Production');
      expect([await alias('production'), await alias('staging')]).toEqual(['2', undefined]);
    });

    test('two at once end as one would', async () => {
      await register();
      await promote();
      await folder.train(other);
      await register();
      const outcomes = await Promise.all([folder.run('promote_model', env), folder.run('promote_model', env)]);
      expect(outcomes).toMatchObject([
        { code: 0, err: '' },
        { code: 0, err: '' },
      ]);
      expect(await stages()).toBe('1 Archived, 2 Production');
      expect([await alias('production'), await alias('staging')]).toEqual(['2', undefined]);
    });

    test.each([['/set-tag'], ['/transition-stage'], ['/registered-models/alias']])(
      'killed when MLflow has done %s, the next one finishes it',
      async (path) => {
        await register();
        await promote();
        await folder.train(other);
        await register();
        await rm(join(folder.path, paths.modelCache), { recursive: true });
        const { code } = await killedThen(folder, 'promote_model', path, env, 'POST');
        expect(code).toBe(0);
        expect(await stages()).toBe('1 Archived, 2 Production');
        expect([await alias('production'), await alias('staging')]).toEqual(['2', undefined]);
        const [second, first] = await versions();
        expect(second.tags['promotion.reason']).toMatch(/against version 1/);
        expect(first.tags['promotion.superseded_by']).toBe('2');
        expect(await readdir(join(folder.path, paths.modelCache, name))).toContain('2');
      },
    );
  });
});

async function succeed(running: Promise<Outcome>): Promise<Outcome> {
  const outcome = await running;
  expect(outcome, outcome.err).toMatchObject({ code: 0, err: '' });
  return outcome;
}

/** Runs a stage whose process is killed as soon as MLflow has answered the first call to `path`, then runs it again. */
async function killedThen(
  folder: PipelineFolder,
  stage: string,
  path: string,
  env: Record<string, string>,
  method?: string,
): Promise<Outcome> {
  let kill = () => {};
  let killed = 0;
  const proxy = await startProxy(env.MLFLOW_TRACKING_URI, {
    cut: (request) => {
      const isIt =
        killed === 0 && request.url?.split('?')[0].endsWith(path) && (method ?? request.method) === request.method;
      if (!isIt) return false;
      killed++;
      kill();
      return true;
    },
  });
  try {
    const dead = await folder.run(stage, { ...env, MLFLOW_TRACKING_URI: proxy.uri }, (killer) => {
      kill = killer;
    });
    expect(dead).toMatchObject({ code: null });
    expect(killed).toBe(1);
  } finally {
    await proxy.stop();
  }
  return succeed(folder.run(stage, env));
}

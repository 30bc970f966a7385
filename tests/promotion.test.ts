/** promote_model as a program, on a real MLflow server: its decisions and their traces, also after a kill. */
import { generateKeyPairSync } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readModel, saveModel } from '../ml/model/artifact.ts';
import { EXAMINED_TAG, fetchModel } from '../ml/model/remote.ts';
import { paths } from '../ml/stages/paths.ts';
import { moveToStage } from '../ml/tracking/registry.ts';
import { freePort } from './support/listen.ts';
import { need } from './support/need.ts';
import { type Changes, invented } from './support/pipeline_folder.ts';
import { startProxy } from './support/proxy.ts';
import { succeed, useRegistryLab } from './support/registry_lab.ts';

/** A model with only two features, which loses as a challenger. */
const poor: Changes = {
  promote_model: { better_than_larger_class: false, min_roc_auc: 0 },
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

describe.skipIf(!need('mlflow'))('promote_model', () => {
  const { alias, config, damageModel, env, file, folder, killedThen, name, promote, register, stages, versions } =
    useRegistryLab();

  const figures = async (): Promise<Record<string, number>> =>
    JSON.parse((await versions())[0].tags['promotion.figures']);

  /** The model in the folder becomes one of an earlier version of the program. */
  async function forgetTexts(): Promise<void> {
    const path = file(paths.model);
    saveModel(path, { ...readModel(path).parts, fingerprints: undefined });
  }

  test('the first model passes the floors and is cached where the service looks for it', async () => {
    await register();
    const { out } = await promote();
    expect(out).toContain(`promoted: ${name()} version 1 is Production\n`);
    expect(await stages()).toBe('1 Production');
    expect([await alias('production'), await alias('staging')]).toEqual(['1', undefined]);
    const [version] = await versions();
    expect(version.tags).toMatchObject({
      'promotion.reason': expect.stringMatching(
        /^accuracy 0\.\d{4} .* on \d+ held-out texts is better than .*; ROC-AUC .*; behaviour\/general.yaml: \d+ of \d+/,
      ),
      'promotion.decided_against': 'no champion',
      'promotion.figures': expect.stringMatching(/"texts":(300|29\d)/),
    });
    const away = { ...env(), MLFLOW_TRACKING_URI: `http://127.0.0.1:${await freePort()}` };
    for (const uri of [`models:/${name()}/Production`, `models:/${name()}@production`]) {
      const cached = await fetchModel(uri, { cacheDir: file(paths.modelCache), env: away });
      expect(cached).toMatchObject({ version: '1', source: 'cache' });
    }
  });

  test('a challenger as good as the champion replaces it', async () => {
    await register();
    await promote();
    await folder().train(other);
    await register();
    const { out } = await promote();
    expect(out).toContain(`promoted: ${name()} version 2 is Production, version 1 archived`);
    expect(await stages()).toBe('1 Archived, 2 Production');
    expect([await alias('production'), await alias('staging')]).toEqual(['2', undefined]);
    const [second, first] = await versions();
    expect(out).toMatch(
      /ok +nations: the probability spreads by 0\.\d{4} \(the champion's by 0\.\d{4}\), within 0\.\d{4}/,
    );
    expect(second.tags['promotion.decided_against']).toBe('version 1');
    expect(second.tags['promotion.reason']).toMatch(
      /on \d+ texts that neither was trained on, .* of version 1 .* it wins \d+ texts and loses \d+/,
    );
    expect(first.tags['promotion.superseded_by']).toBe('2');

    await folder().train();
    await register();
    await promote();
    expect(await stages()).toBe('1 Production, 2 Archived');
    expect((await versions())[1].tags['promotion.superseded_by']).toBeUndefined();
  });

  test('with a key, a model is signed when it is registered, and one without a signature is not promoted', async () => {
    await register();
    await promote();
    const { privateKey: SENTIMENT_MODEL_KEY } = generateKeyPairSync('ed25519', {
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const run = (stage: string) => folder().run(stage, { ...env(), SENTIMENT_MODEL_KEY });
    expect((await run('register_model')).out).toMatch(
      /its model is not signed with this key: logging a new one\n.*registered: \S+ version 2, in Staging/s,
    );
    // The champion, the same model, is not signed; so the signed one takes its place.
    const { out } = await run('promote_model');
    expect(out).toContain(`promoted: ${name()} version 2 is Production, version 1 archived`);
    expect(out).toContain('is not signed, and SENTIMENT_MODEL_KEY asks for a signature');
    expect((await run('register_model')).out).toContain(`unchanged: ${name()} version 2`);

    await folder().train(other);
    await register();
    const refused = await run('promote_model');
    expect(refused).toMatchObject({ code: 1, err: expect.stringMatching(/is not signed, .* \(MODEL_SIGNATURE\)/) });
    expect(await stages()).toBe('1 Archived, 2 Production, 3 Staging');
  });

  test('the same model again counts as examined; a refused challenger examines nothing', async () => {
    await register();
    await promote();
    const examinedAt = async () => (await versions()).at(-1)!.tags[EXAMINED_TAG];
    const first = await examinedAt();
    await register();
    expect((await promote()).out).toContain('unchanged');
    const second = await examinedAt();
    expect(Date.parse(second)).toBeGreaterThan(Date.parse(first));

    await folder().train(poor);
    await register();
    expect((await folder().run('promote_model', env())).code).toBe(3);
    expect(await examinedAt()).toBe(second);
  });

  test('a worse challenger is refused with exit code 3, and may pass later with other limits', async () => {
    await register();
    await promote();
    await folder().train(poor);
    await register();
    const { code, out, err } = await folder().run('promote_model', env());
    expect({ code, err }).toEqual({ code: 3, err: '' });
    expect(out).toMatch(/FAIL on \d+ texts that neither was trained on, .* it wins \d+ texts and loses \d+/);
    expect(out).toMatch(new RegExp(`^refused: ${name()} version 2 stays in Staging: on \\d+ texts`, 'm'));
    expect(await stages()).toBe('1 Production, 2 Staging');
    expect(await alias('production')).toBe('1');
    expect((await versions())[0].tags['promotion.refused']).toMatch(/^on \d+ texts .* of version 1/);
    expect((await versions())[0].tags['promotion.reason']).toBeUndefined();

    await folder().train({ ...poor, promote_model: { ...poor.promote_model, significance: 1e-300 } });
    expect((await register()).out).toContain('unchanged');
    await promote();
    expect(await stages()).toBe('1 Archived, 2 Production');
    expect((await versions())[0].tags['promotion.refused']).toBeUndefined();
  });

  test('a model that misses a floor is refused even without a champion, with five examples', async () => {
    await folder().train({ promote_model: { min_behaviour_pass: 1 } });
    await register();
    const { code, out } = await folder().run('promote_model', env());
    expect(code).toBe(3);
    expect(out).toMatch(/FAIL behaviour\/general\.yaml: \d+ of \d+ tests pass, a share of 0\.\d+ is below 1/);
    expect(out.match(/^ +[^:]+: ".*" expected .*, got /gm)).toHaveLength(5);
    expect(out).toMatch(/and \d+ more\n.*\n +reports\/behaviour\.json has all failures/s);
    expect(await stages()).toBe('1 Staging');
  });

  test('both are compared only on held-out texts that neither was trained on', async () => {
    const { train, test } = invented();
    await folder().trainOn({ train: [...train, ...test.slice(0, 80)], test: test.slice(80) }, folder().params);
    await register();
    await promote();
    await folder().train(other);
    await register();
    const { out } = await promote();
    const { known_to_champion: known, unseen, texts } = await figures();
    expect(known).toBeGreaterThanOrEqual(80);
    expect(unseen).toBe(texts - known);
    expect(out).toMatch(new RegExp(`on ${unseen} texts that neither was trained on, .*held-out texts of its own\\)`));
    expect(await stages()).toBe('1 Archived, 2 Production');
  });

  test('where the champion knows most of them, both settings are cross-validated on the new data', async () => {
    const { train, test } = invented();
    await folder().trainOn({ train: [...train, ...test.slice(0, 250)], test: test.slice(250) }, folder().params);
    await register();
    await promote();
    await folder().train(other);
    await register();
    const { out } = await promote();
    expect(out).toContain('cross-validating on 700 texts, 5 folds\n');
    expect(out).toMatch(
      /cannot be compared with version 1, because only \d+ held-out texts are unknown to both models, fewer than min_unseen 200; cross-validated on 700 texts, accuracy with its settings is 0\.\d+ against 0\.\d+ with those of version 1: it wins/,
    );
    expect(await figures()).toMatchObject({ cv_texts: 700, cv_accuracy: expect.any(Number) });
    expect(await stages()).toBe('1 Archived, 2 Production');

    await folder().train({ ...poor, promote_model: {} });
    await register();
    const { code, out: refusal } = await folder().run('promote_model', env());
    expect(code, refusal).toBe(3);
  });

  test('a champion without fingerprints is compared only if it was trained on the same texts', async () => {
    await forgetTexts();
    await register();
    await promote();
    await folder().train(other);
    await register();
    const { out } = await promote();
    expect(out).toMatch(/warning: version 1 has no fingerprints .* version 2 was trained on the same ones/);
    expect(out).toMatch(/on \d+ texts that neither was trained on/);
    expect((await versions())[0].tags['promotion.warnings']).toMatch(/^version 1 has no fingerprints/);

    await forgetTexts();
    await register();
    await promote();
    await folder().train({ seed: 2, model_building: { C: 3 } });
    await register();
    const { out: later } = await promote();
    expect(later).toMatch(
      /cannot be compared with version 3, because it was made before models kept fingerprints .*; cross-validated on 700 texts/,
    );
    expect(await stages()).toBe('1 Archived, 2 Archived, 3 Archived, 4 Production');
  });

  test('a champion whose file is damaged is not compared; floors and behaviour tests decide', async () => {
    await register();
    await promote();
    await damageModel();
    await rm(file(paths.modelCache), { recursive: true });
    await register();
    const { out } = await promote();
    expect(out).toMatch(/warning: version 1, the champion, cannot be compared: the file of \S+ version 1 has SHA-256/);
    expect(await stages()).toBe('1 Archived, 2 Production');
  });

  test('a damaged challenger is an error, not a refusal', async () => {
    await register();
    await damageModel();
    expect(await folder().run('promote_model', env())).toMatchObject({
      code: 1,
      err: /^error: the file of \S+ version 1 has SHA-256/,
    });
    expect(await stages()).toBe('1 Staging');
  });

  test('an empty registry is an error that says what to run', async () => {
    expect(await folder().run('promote_model', env())).toMatchObject({
      code: 1,
      err: /^error: \S+ has no version in Staging or Production at \S+ \(NOTHING_STAGED\)\n {2}next: run dvc repro/,
    });
  });

  test('a new champion during the comparison repeats the comparison', async () => {
    await register();
    await promote();
    await folder().train({ model_building: { C: 3 } });
    await register();
    await folder().train(other);
    await register();
    const [, second, first] = await versions();
    let changes = 0;
    const proxy = await startProxy(env().MLFLOW_TRACKING_URI, {
      before: async (request) => {
        if (changes === 0 && request.url?.endsWith('/model/model.bin')) {
          changes++;
          await moveToStage(config(), first, 'Archived');
          await moveToStage(config(), second, 'Production');
        }
      },
    });
    try {
      const { out } = await succeed(folder().run('promote_model', { ...env(), MLFLOW_TRACKING_URI: proxy.uri }));
      expect(out).toContain('another version was promoted, registered or held meanwhile: comparing again');
      expect(out).toContain('version 3 is Production, version 2 archived');
    } finally {
      await proxy.stop();
    }
    expect(await stages()).toBe('1 Archived, 2 Archived, 3 Production');
    expect((await versions())[0].tags['promotion.decided_against']).toBe('version 2');
  });

  test('a promotion by another program meanwhile is not undone', async () => {
    await register();
    await promote();
    await folder().train(other);
    await register();
    const [second] = await versions();
    await moveToStage(config(), second, 'Archived');
    let changes = 0;
    const proxy = await startProxy(env().MLFLOW_TRACKING_URI, {
      before: async (request) => {
        if (changes === 0 && request.url?.includes('/registered-models/alias')) {
          changes++;
          await moveToStage(config(), second, 'Production');
        }
      },
    });
    try {
      await succeed(folder().run('promote_model', { ...env(), MLFLOW_TRACKING_URI: proxy.uri }));
    } finally {
      await proxy.stop();
    }
    expect(changes).toBe(1);
    expect(await stages()).toBe('1 Archived, 2 Production');
    expect([await alias('production'), await alias('staging')]).toEqual(['2', undefined]);
  });

  test('two at once have the result of one', async () => {
    await register();
    await promote();
    await folder().train(other);
    await register();
    const outcomes = await Promise.all([folder().run('promote_model', env()), folder().run('promote_model', env())]);
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
      await folder().train(other);
      await register();
      await rm(file(paths.modelCache), { recursive: true });
      const { code } = await killedThen('promote_model', path, 'POST');
      expect(code).toBe(0);
      expect(await stages()).toBe('1 Archived, 2 Production');
      expect([await alias('production'), await alias('staging')]).toEqual(['2', undefined]);
      const [second, first] = await versions();
      expect(second.tags['promotion.reason']).toMatch(/of version 1/);
      expect(first.tags['promotion.superseded_by']).toBe('2');
      expect(await readdir(file(`${paths.modelCache}/${name()}`))).toContain('2');
    },
  );
});

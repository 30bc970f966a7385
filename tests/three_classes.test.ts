/** Three classes through all stages, a real MLflow, the gate and the service: the page and the API answer each of them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readModel } from '../ml/model/artifact.ts';
import { paths } from '../ml/stages/paths.ts';
import { trackingConfig } from '../ml/tracking/config.ts';
import { versionByAlias } from '../ml/tracking/registry.ts';
import { type MlflowServer, startMlflow } from './support/mlflow.ts';
import { need } from './support/need.ts';
import { runOk, start } from './support/process.ts';
import { copyRepository, type Repository } from './support/repository.ts';
import { setParams, smallCorpus, useSmallCorpus } from './support/small_corpus.ts';

const STAGES = ['data_ingestion', 'data_preprocessing', 'feature_engineering', 'model_building', 'model_evaluation'];
const PLAIN = ['ordinary', 'usual', 'average', 'acceptable', 'unremarkable', 'standard', 'middling', 'fair'];

/** The reviews of the small corpus, and a neutral one for each pair of them. */
function threeClasses(): string {
  const neutral = smallCorpus()
    .split('\n')
    .filter((line) => line.endsWith(',positive'))
    .map((line, i) => line.replace(/was \w+/, `was ${PLAIN[i % 8]}`).replace(/positive$/, '0'));
  const known = smallCorpus().replaceAll(',positive', ',1').replaceAll(',negative', ',-1');
  return `${known}${[...new Set(neutral)].join('\n')}\n`;
}

describe.skipIf(!need('mlflow'))('three classes', () => {
  let repository: Repository;
  let server: MlflowServer;

  beforeAll(async () => {
    repository = copyRepository({ installed: true });
    useSmallCorpus(repository.root);
    writeFileSync(join(repository.root, 'reviews.csv'), threeClasses());
    setParams(repository.root, {
      'data_ingestion.source': 'reviews.csv',
      'data_ingestion.classes': ['negative', 'neutral', 'positive'],
    });
    server = await startMlflow();
  });
  afterAll(async () => {
    await server?.stop();
    repository.remove();
  });

  test('go from labels -1, 0 and 1 to Production, the page, the API and the metrics', async () => {
    const cwd = repository.root;
    const env = { ...process.env, ...server.env };
    for (const stage of [...STAGES, 'register_model', 'promote_model']) {
      await runOk(process.execPath, [`ml/stages/${stage}.ts`], { cwd, env });
    }
    expect(await versionByAlias(trackingConfig(server.env), 'my_model', 'production')).toBeDefined();
    expect(readModel(join(cwd, paths.model)).classes).toEqual(['negative', 'neutral', 'positive']);

    const service = start(process.execPath, ['service/main.ts'], {
      cwd,
      env: { ...process.env, PORT: '0', MODEL_URI: paths.model },
    });
    try {
      await service.prints('"ready"');
      const address = /http:\/\/[\d.]+:\d+/.exec(service.output())?.[0];
      const texts = {
        negative: 'This story was dreadful.',
        neutral: 'This story was average.',
        positive: 'This story was lovely.',
      };
      const answer = await fetch(`${address}/predict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ texts: Object.values(texts), explain: true }),
      });
      const { predictions } = (await answer.json()) as { predictions: Record<string, unknown>[] };
      expect(predictions.map(({ label, towards, prediction }) => [label, towards, prediction])).toEqual([
        ['negative', 'negative', '0'],
        ['neutral', 'neutral', '1'],
        ['positive', 'positive', '2'],
      ]);
      expect(Object.keys(predictions[1].probabilities as object)).toEqual(['negative', 'neutral', 'positive']);
      const page = await fetch(`${address}/predict`, {
        method: 'POST',
        headers: { accept: 'text/html' },
        body: new URLSearchParams({ text: texts.neutral }),
      });
      const html = await page.text();
      expect(html).toContain('Neutral Sentiment</h2>');
      expect(html).toContain('Positive, neutral or negative, with what confidence');
      // Why is it not positive?
      expect(html).toContain('name="towards" value="positive"');
      const about = await fetch(`${address}/predict`, {
        method: 'POST',
        headers: { accept: 'text/html' },
        body: new URLSearchParams({ text: texts.neutral, towards: 'positive' }),
      });
      expect(await about.text()).toContain('for positive');
      const asked = (towards: string) =>
        fetch(`${address}/predict`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ text: texts.neutral, explain: true, towards }),
        });
      expect(await (await asked('positive')).json()).toMatchObject({ label: 'neutral', towards: 'positive' });
      const unknown = await asked('mixed');
      expect([unknown.status, await unknown.json()]).toMatchObject([
        422,
        { error: { code: 'TOWARDS_UNKNOWN', message: expect.stringContaining('negative, neutral, positive') } },
      ]);
      const metrics = await (await fetch(`${address}/metrics`)).text();
      expect(metrics).toMatch(/model_prediction_count_total\{prediction="1"\} 4/);
      expect(metrics).toContain('model_class_info{prediction="1",class="neutral"} 1');
      expect(metrics).toContain('model_abstention_count_total{reason="unsure"} 0');
      expect(metrics).toContain('model_profile_share{signal="probability_neutral"');
      const api = (await (await fetch(`${address}/openapi.json`)).json()) as {
        components: { schemas: { Prediction: object } };
      };
      expect(JSON.stringify(api.components.schemas.Prediction)).toContain(
        '"label":{"anyOf":[{"type":"string","enum":["negative","neutral","positive"]},{"type":"null"}]',
      );
    } finally {
      await service.stop();
    }
  });
});

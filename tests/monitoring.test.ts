import { rename } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stampFacts } from '../ml/model/artifact.ts';
import { annotations, rows } from '../monitoring/grafana/panels.ts';
import { need } from './support/need.ts';
import { type PrometheusLab, startPrometheusLab } from './support/prometheus.ts';
import { createTestModel, type ServiceProcess, startService, type TestModel } from './support/service.ts';
import { smallCorpus } from './support/small_corpus.ts';
import { startTraffic, type Traffic } from './support/traffic.ts';

const [POSITIVE, NEGATIVE] = ['positive', 'negative'].map((label) =>
  smallCorpus()
    .trimEnd()
    .split('\n')
    .filter((line) => line.endsWith(`,${label}`))
    .map((line) => line.slice(0, line.lastIndexOf(','))),
);
const HALF_AND_HALF = POSITIVE.flatMap((text, i) => [text, NEGATIVE[i % NEGATIVE.length]]);

// These tests run in order on one stack: an hour of the rules passes in a minute (see support/time_scale.ts).
describe.skipIf(!need('prometheus') || !need('alertmanager'))(
  'Prometheus and Alertmanager watching the service',
  () => {
    let model: TestModel;
    let service: ServiceProcess;
    let lab: PrometheusLab;
    let traffic: Traffic;

    beforeAll(async () => {
      model = await createTestModel();
      // As register_model does.
      stampFacts(model.path, `${model.path}.new`, { trainedAt: new Date(Date.now() - 86_400_000).toISOString() });
      await rename(`${model.path}.new`, model.path);
      service = await startService({
        MODEL_URI: model.path,
        DRAIN_SECONDS: '0',
        GIT_COMMIT: 'fedcba',
        FEEDBACK_TO: `file:${model.folder}/feedback`,
      });
      lab = await startPrometheusLab([`${service.host}:${service.port}`]);
      traffic = startTraffic(service.address, HALF_AND_HALF);
    });
    afterAll(async () => {
      await traffic?.stop();
      await lab?.stop();
      await service?.stop();
      await model?.remove();
    });

    test('Prometheus scrapes the service and has its counts', async () => {
      await lab.queryUntil('up{job="sentiment"}', ([sample]) => sample?.value === 1);
      await traffic.pause();
      const metrics = await (await fetch(`${service.address}/metrics`)).text();
      const count = Number(/^model_prediction_count_total{prediction="1"} (\d+)$/m.exec(metrics)?.[1]);
      expect(count).toBeGreaterThan(0);
      await lab.queryUntil('model_prediction_count_total{prediction="1"}', ([sample]) => sample?.value === count);
      traffic.resume();
    });

    const queries = rows.flatMap(({ panels }) =>
      panels.flatMap(({ id, title, queries: own }) => own.map(({ expr }) => ({ what: `panel ${id}, ${title}`, expr }))),
    );
    const marks = annotations.map(({ name, expr }) => ({ what: `annotation ${name}`, expr }));
    test.each([...queries, ...marks])('$what: $expr gives data', async ({ expr }) => {
      const samples = await lab.queryUntil(
        expr,
        (found) => found.length > 0 && found.every(({ value }) => !Number.isNaN(value)),
      );
      expect(samples.length).toBeGreaterThan(0);
    });

    test('no alert fires while all is well', async () => {
      await lab.queryUntil('job:model_prediction_count:increase1h', ([sample]) => sample?.value > 250);
      expect(await lab.firing()).toEqual([]);
      // Prometheus takes five seconds to find its first targets, whatever the clock of the rules: that is five minutes here.
      expect(
        lab.notifications.filter(({ alertname }) => !['SentimentNoTargets', 'Watchdog'].includes(alertname)),
      ).toEqual([]);
    });

    test('a burst of one class sends a ticket, and its end resolves it', async () => {
      traffic.send(POSITIVE);
      const fired = await lab.notified('SentimentOneClass', 'firing');
      expect(fired).toMatchObject({ receiver: 'ticket', labels: { job: 'sentiment', severity: 'ticket' } });
      expect(fired.annotations.runbook_url).toMatch(/^(https|file):\/\/.*\/docs\/runbook\/alert-one-class\.md$/);
      expect(fired.labels).not.toHaveProperty('runbooks');
      // The distribution of the predictions also differs from that of the training texts.
      await lab.notified('SentimentPredictionDrift', 'firing');
      traffic.send(HALF_AND_HALF);
      await lab.notified('SentimentOneClass', 'resolved');
      await lab.notified('SentimentPredictionDrift', 'resolved');
    });

    test('killing the service sends a page, and its return resolves it', async () => {
      await traffic.stop();
      service.child.kill('SIGKILL');
      const fired = await lab.notified('SentimentTargetDown', 'firing');
      expect(fired).toMatchObject({ receiver: 'page', labels: { instance: `${service.host}:${service.port}` } });
      service = await startService({ MODEL_URI: model.path, DRAIN_SECONDS: '0' });
      // As the release does when the load balancer has a new address.
      lab.watch([`${service.host}:${service.port}`]);
      await lab.notified('SentimentTargetDown', 'resolved');
      await lab.queryUntil(`up{instance="${service.host}:${service.port}"}`, ([sample]) => sample?.value === 1);
    });
  },
);

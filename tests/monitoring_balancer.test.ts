/** Prometheus outside the cluster: three processes of the service behind one address that gives each connection to the next. */
import { connect, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listen } from './support/listen.ts';
import { need } from './support/need.ts';
import { type PrometheusLab, startPrometheusLab } from './support/prometheus.ts';
import { createTestModel, type ServiceProcess, startService, type TestModel } from './support/service.ts';

describe.skipIf(!need('prometheus') || !need('alertmanager'))('behind a balancer of connections', () => {
  let model: TestModel;
  let lab: PrometheusLab;
  let balancer: Server;
  const services: ServiceProcess[] = [];

  beforeAll(async () => {
    model = await createTestModel();
    for (const REPLICA of ['pod-a', 'pod-b', 'pod-c']) {
      services.push(await startService({ MODEL_URI: model.path, DRAIN_SECONDS: '0', REPLICA }));
    }
    let next = 0;
    balancer = createServer((socket) => {
      const { host, port } = services[next++ % services.length];
      const onward = connect(port, host);
      socket.pipe(onward).pipe(socket);
      for (const end of [socket, onward]) end.on('error', () => {});
    });
    lab = await startPrometheusLab([`127.0.0.1:${await listen(balancer)}`]);
  });
  afterAll(async () => {
    await lab?.stop();
    balancer?.close();
    await Promise.all(services.map((service) => service.stop()));
    await model?.remove();
  });

  test('Prometheus sees every process and all 300 predictions', async () => {
    await lab.queryUntil('count by (replica) (last_over_time(model_info[1m]))', (found) => found.length === 3);
    const texts = Array.from({ length: 100 }, () => 'it was good');
    for (const { address } of services) {
      const headers = { 'content-type': 'application/json' };
      expect((await fetch(`${address}/predict`, { method: 'POST', headers, body: JSON.stringify({ texts }) })).ok).toBe(
        true,
      );
    }
    const seen = 'sum by (replica) (last_over_time(model_prediction_count_total[1m]))';
    await lab.queryUntil(seen, (found) => found.length === 3 && found.every(({ value }) => value === 100));
    await lab.queryUntil('sum(last_over_time(model_prediction_count_total[1m]))', ([sample]) => sample?.value === 300);
  });

  test('the counters keep their old names for a release', async () => {
    await lab.queryUntil('sum(last_over_time(model_prediction_count[1m]))', ([sample]) => sample?.value === 300);
  });
});

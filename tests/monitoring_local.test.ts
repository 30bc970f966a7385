import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from './support/listen.ts';
import { need } from './support/need.ts';
import { descendantsOf, isRunning, type Running, run, start } from './support/process.ts';
import { createTestModel, type ServiceProcess, startService, type TestModel } from './support/service.ts';

/** The parts of the three answers below that are checked. */
type ApiData = {
  result: { value: [number, string] }[];
  groups: { rules: object[] }[];
  activeAlertmanagers: { url: string }[];
};

const root = resolve(import.meta.dirname, '..');
const monitor = (env: Record<string, string>) =>
  ['scripts/monitor.ts', { cwd: root, env: { ...process.env, ...env } }] as const;

describe.skipIf(!need('prometheus') || !need('alertmanager'))('make monitor', () => {
  let model: TestModel;
  let service: ServiceProcess;
  let running: Running | undefined;
  beforeAll(async () => {
    model = await createTestModel();
    service = await startService({ MODEL_URI: model.path, DRAIN_SECONDS: '0' });
  });
  afterAll(async () => {
    await running?.stop();
    await service?.stop();
    await model?.remove();
  });

  test('monitors the running service with the rules of the repository until it is stopped', async () => {
    const [prometheus, alertmanager] = [await freePort(), await freePort()];
    const [program, options] = monitor({
      SERVICE: `${service.host}:${service.port}`,
      PROMETHEUS_PORT: String(prometheus),
      ALERTMANAGER_PORT: String(alertmanager),
    });
    running = start(process.execPath, [program], options);
    await running.prints('Ctrl-C stops everything');
    expect(running.output()).toContain(`http://127.0.0.1:${prometheus}/`);

    const api = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${prometheus}/api/v1/${path}`);
      const { data } = (await response.json()) as { data: ApiData };
      return data;
    };
    const up = async () => (await api('query?query=up{job="sentiment"}')).result[0]?.value[1];
    for (const deadline = Date.now() + 60_000; (await up()) !== '1'; await sleep(250)) {
      if (Date.now() > deadline) throw new Error(`the service is not up for Prometheus:\n${running.output()}`);
    }
    const { groups } = await api('rules?type=alert');
    expect(groups.flatMap(({ rules }) => rules).length).toBeGreaterThan(10);
    const { activeAlertmanagers } = await api('alertmanagers');
    expect(activeAlertmanagers).toEqual([{ url: `http://127.0.0.1:${alertmanager}/api/v2/alerts` }]);

    const started = descendantsOf(running.pid);
    expect(started.length).toBeGreaterThanOrEqual(2);
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(0);
    expect(started.filter(isRunning)).toEqual([]);
  });

  test.each([
    [{ SERVICE: 'http://127.0.0.1:8080' }, 'SERVICE contains "http://127.0.0.1:8080", expected host:port'],
    [{ PROMETHEUS_PORT: 'many' }, 'PROMETHEUS_PORT is "many", expected a port'],
  ])('refuses %j in a sentence', async (env, message) => {
    const [program, options] = monitor(env);
    const { code, stderr } = await run(process.execPath, [program], options);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  test('says which port is in use, and how to choose another', async () => {
    const [program, options] = monitor({ PROMETHEUS_PORT: String(service.port) });
    const { code, stderr } = await run(process.execPath, [program], options);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`port ${service.port} is in use`)]);
    expect(stderr).toContain(`PROMETHEUS_PORT=${service.port + 1}`);
  });
});

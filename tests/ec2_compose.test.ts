/**
 * The machine of Prometheus, from its user data on, with a real Docker and the real setup.sh, apply.sh and compose file.
 * AWS is moto; the images and systemd are stand-ins (support/machine/). The tests build on each other.
 */

import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { freeAddresses } from './support/cluster/network.ts';
import { importStandIns } from './support/machine/images.ts';
import { dockerFolder } from './support/machine/programs.ts';
import { createMachine } from './support/machine.ts';
import { type MotoServer, startMoto } from './support/moto.ts';
import { need } from './support/need.ts';
import { type Receiver, startReceiver } from './support/notifications.ts';
import { PATIENCE } from './support/patience.ts';
import { runOk } from './support/process.ts';
import { type PromQL, promQL } from './support/promql.ts';
import { createTestModel, type ServiceProcess, startService, type TestModel } from './support/service.ts';
import { type Stack, stackIn } from './support/stack.ts';

const root = resolve(import.meta.dirname, '..');
const manual = readFileSync(join(root, 'docs/monitoring_ec2.md'), 'utf8');
const MIB = 2 ** 20;
const DATA = '/var/lib/sentiment-monitoring';
const COMPOSE = '/opt/sentiment/monitoring/ec2/prometheus.compose.yaml';
const needed = (['docker', 'moto', 'prometheus', 'promtool', 'alertmanager'] as const).map(need);

type Inspected = {
  Config: { User: string; Env: string[] | null };
  HostConfig: object;
  Mounts: { Source: string; RW: boolean }[];
};

/** The manual's command that begins so, for this test's bucket. */
function command(beginning: string): string {
  const start = manual.indexOf(beginning);
  if (start < 0) throw new Error(`docs/monitoring_ec2.md has no "${beginning}"`);
  const [text] = manual.slice(start).split(/(?<!\\)\n/);
  return text.replaceAll('BUCKET', 'a-bucket');
}

describe.skipIf(needed.includes(false))("Prometheus' machine", () => {
  const cable = freeAddresses();
  const url = `http://${cable.address}:9090`;
  const prometheus: PromQL = promQL(async (path) => (await fetch(url + path)).text());
  let machine = createMachine({ cable, size: 400 * MIB });
  let moto: MotoServer;
  let stack: Stack;
  let receiver: Receiver;
  let model: TestModel;
  let service: ServiceProcess;
  /** Holds a clone's monitoring/, and later a snapshot. */
  let scratch: string;
  /** When the sample was scraped that later tests ask for, in Unix seconds. */
  let then: number;

  /** Runs a command of the manual in the clone, as an administrator does. */
  async function administrate(beginning: string, change = (text: string) => text): Promise<void> {
    const aws = `aws() { PYTHONPATH=${dockerFolder()}/aws python3 ${dockerFolder()}/aws/bin/aws "$@"; }`;
    const options = { cwd: scratch, env: { ...process.env, ...moto.env, AWS_DEFAULT_REGION: 'us-east-1' } };
    await runOk('bash', ['-c', `set -e; ${aws}; ${change(command(beginning))}`], options);
  }
  const upload = () => administrate('aws s3 sync monitoring/');

  /** Starts the stack's machine and runs cloud-init to its end. It pulls no images: it is given them. */
  async function bringUp(name: string): Promise<void> {
    await machine.start();
    await machine.ok(['systemctl', 'start', 'docker']);
    await importStandIns(machine);
    if (stack === undefined) {
      moto = await startMoto(cable.host);
      stack = await stackIn(moto, 'a-bucket');
      await fetch(`${moto.uri}/a-bucket`, { method: 'PUT' });
      await upload();
    }
    await stack.create(name, stack.fixed);
    Object.assign(machine.env, moto.env);
    await machine.attach((await stack.resources(name)).PrometheusVolume);
    await machine.userData(parse(await stack.userData(name, 'PrometheusMachine')));
    await apply();
  }
  const apply = () => machine.ok(['systemctl', 'start', 'sentiment-monitoring']);
  const edit = (path: string, change: (yaml: string) => string) => {
    const file = join(scratch, 'monitoring', path);
    writeFileSync(file, change(readFileSync(file, 'utf8')));
  };
  const compose = (words: string) =>
    machine.ok(['bash', '-c', `set -a; . /etc/sentiment-monitoring.env; docker compose -f ${COMPOSE} ${words}`]);
  async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
    for (const deadline = Date.now() + PATIENCE; !(await condition().catch(() => false)); await sleep(200)) {
      if (Date.now() > deadline)
        throw new Error(
          `gave up waiting until ${what}: ${await compose('ps --all')}${await compose('logs --tail 20')}`,
        );
    }
  }
  const isReady = () => until('Prometheus is ready', async () => (await fetch(`${url}/-/ready`)).ok);
  /** Waits until Prometheus' last reload was successful (1) or failed (0). */
  const untilReload = (successful: 0 | 1) =>
    until(`prometheus_config_last_reload_successful is ${successful}`, async () =>
      (await (await fetch(`${url}/metrics`)).text()).includes(
        `\nprometheus_config_last_reload_successful ${successful}\n`,
      ),
    );
  const rules = async () => {
    const answer = (await (await fetch(`${url}/api/v1/rules`)).json()) as {
      data: { groups: { rules: { name: string }[] }[] };
    };
    return answer.data.groups.flatMap((group) => group.rules.map(({ name }) => name)).sort();
  };
  const valueThen = async () => {
    const answer = await (await fetch(`${url}/api/v1/query?query=up{job="sentiment"}&time=${then}`)).json();
    return (answer as { data: { result: { value: [number, string] }[] } }).data.result[0]?.value[1];
  };

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'ec2-compose-'));
    cpSync(join(root, 'monitoring'), join(scratch, 'monitoring'), { recursive: true });
    model = await createTestModel();
    await bringUp('monitoring');
    receiver = await startReceiver(cable.host);
    service = await startService({ MODEL_URI: model.path, DRAIN_SECONDS: '0', HOST: cable.host });
  });
  afterAll(async () => {
    await machine?.remove();
    await service?.stop();
    await receiver?.stop();
    await moto?.stop();
    await model?.remove();
    rmSync(scratch, { recursive: true, force: true });
  });

  test('its volume has a file system, mounted by its UUID, and Docker waits for it', async () => {
    expect(await machine.ok(['cat', '/etc/fstab'])).toMatch(
      new RegExp(`^UUID=[0-9a-f-]{36} ${DATA} xfs defaults,nofail,`),
    );
    expect(await machine.ok(['stat', '-f', '-c', '%T', DATA])).toBe('xfs\n');
    expect(await machine.ok(['ls', '/etc/systemd/system'])).toContain('enabled.sentiment-monitoring.timer');
    // cloud-init may run it a second time.
    await machine.ok(['bash', '/opt/sentiment/monitoring/ec2/setup.sh']);
  });

  test('it tells CloudFormation that its first start has succeeded', async () => {
    expect(await machine.ok(['cat', '/run/state/signal'])).toMatch(/^--success\ntrue\n--id\n/);
  });

  test('both containers become healthy, and run as nobody with a read-only root', async () => {
    await until('both are healthy', async () => {
      const health = await compose("ps --format '{{.Service}} {{.Health}}'");
      return health.trim().split('\n').sort().join() === 'alertmanager healthy,prometheus healthy';
    });
    const containers: Inspected[] = JSON.parse(await machine.ok(['sh', '-c', 'docker inspect $(docker ps -q)']));
    expect(containers).toHaveLength(2);
    for (const { Config, HostConfig, Mounts } of containers) {
      expect(Config.User).toBe('65534:65534');
      expect(HostConfig).toMatchObject({ ReadonlyRootfs: true, CapDrop: ['ALL'], Privileged: false });
      expect(Mounts.filter(({ RW }) => RW).map(({ Source }) => Source)).toEqual([expect.stringMatching(`^${DATA}/`)]);
      expect((Config.Env ?? []).join()).not.toMatch(/password|secret/i);
    }
  });

  test('Prometheus has read its configuration and all rules', async () => {
    await untilReload(1);
    const written = ['alerts.yml', 'recording.yml'].flatMap((file): { alert?: string; record?: string }[] =>
      parse(readFileSync(join(scratch, 'monitoring/rules', file), 'utf8')).groups.flatMap(
        (group: { rules: object[] }) => group.rules,
      ),
    );
    expect(await rules()).toEqual(written.map(({ alert, record }) => alert ?? record).sort());
  });

  test('other machines reach port 9090 and no other', async () => {
    const reaches = async (port: number) => {
      const socket = createConnection({ host: cable.address, port });
      const [outcome] = await Promise.race([
        once(socket, 'connect').then(() => [true]),
        once(socket, 'error').then(() => [false]),
      ]).catch(() => [false]);
      socket.destroy();
      return outcome;
    };
    const open = await machine.ok(['sh', '-c', 'cat /proc/net/tcp /proc/net/tcp6']);
    const listening = open.split('\n').flatMap((line) => {
      const [, local, , state] = line.trim().split(/\s+/);
      return state === '0A' ? [Number.parseInt(local.slice(-4), 16)] : [];
    });
    expect(listening).toEqual(expect.arrayContaining([9090, 9093]));
    const reached = await Promise.all(listening.map(reaches));
    expect(listening.filter((_, i) => reached[i])).toEqual([9090]);
  });

  test('a target that the release writes is scraped without a reload', async () => {
    await administrate("printf '[{", (text) =>
      text.replace('%s:80', '%s').replace(' HOST ', ` ${cable.host}:${service.port} `),
    );
    await apply();
    await prometheus.queryUntil('up{job="sentiment"}', ([sample]) => sample?.value === 1);
    await prometheus.queryUntil('model_info', ([sample]) => sample?.value === 1);
    [{ value: then }] = await prometheus.query('timestamp(up{job="sentiment"})');
  });

  test('changed files are read by a reload, and a broken one leaves the old one in use', async () => {
    const before = await rules();
    const alerts = readFileSync(join(scratch, 'monitoring/rules/alerts.yml'), 'utf8');
    edit('rules/alerts.yml', (yaml) => yaml.replace('expr: |-', 'expr: |- )'));
    await upload();
    await apply();
    await untilReload(0);
    expect(await rules()).toEqual(before);

    // Faster than in production, so that the test need not wait.
    edit('rules/alerts.yml', () => alerts.replace('for: 1m', 'for: 1s'));
    edit('prometheus.yml', (yaml) => yaml.replaceAll('_interval: 15s', '_interval: 1s'));
    edit('alertmanager.yml', (yaml) => {
      const config = parse(yaml);
      for (const route of [config.route, ...config.route.routes]) route.group_wait = '0s';
      for (const { webhook_configs } of config.receivers) webhook_configs[0].url = receiver.url;
      return stringify(config);
    });
    await upload();
    await apply();
    await untilReload(1);
  });

  test("an alert reaches the receiver, with a link to its page in this clone's repository", async () => {
    await service.stop();
    const fired = await receiver.notified('SentimentTargetDown', 'firing');
    expect(fired).toMatchObject({ receiver: 'page', labels: { job: 'sentiment', severity: 'page' } });
    expect(fired.annotations.runbook_url).toBe(`${stack.fixed.Runbooks}/alert-target-down.md`);
    expect(fired.labels).not.toHaveProperty('runbooks');
  });

  test('Docker restarts a Prometheus that died, also after a reload', async () => {
    const started = async () => (await prometheus.query('process_start_time_seconds{job="prometheus"}'))[0]?.value;
    const before = await started();
    await machine.ok([
      'sh',
      '-c',
      'kill -9 $(docker inspect --format "{{.State.Pid}}" sentiment-prometheus-prometheus-1)',
    ]);
    await until('another process answers', async () => (await started()) > before);
    expect(await valueThen()).toBe('1');
  });

  test('data outlives the containers', async () => {
    await compose('down');
    expect(await machine.ok(['docker', 'ps', '--all', '--quiet'])).toBe('');
    await apply();
    await isReady();
    expect(await valueThen()).toBe('1');
  });

  test('after its Docker daemon was killed, the timer starts the containers again', async () => {
    await machine.ok(['sh', '-c', 'kill -9 $(cat /run/docker.pid)']);
    await machine.ok(['systemctl', 'start', 'docker']);
    // The new daemon stops what the old one left running, as if a person had stopped it.
    await apply();
    await isReady();
    expect(await compose('ps --services --status running')).toMatch(/alertmanager\nprometheus\n/);
    expect(await valueThen()).toBe('1');
  });

  test('after a power cut the volume is mounted, and the containers come back by themselves', async () => {
    await machine.stop();
    await machine.start();
    expect(await machine.ok(['mountpoint', DATA])).toContain('is a mountpoint');
    await isReady();
    expect(await valueThen()).toBe('1');
  });

  test('a snapshot becomes the data of a new machine, on a larger volume', async () => {
    const snapshot = join(scratch, 'snapshot.img');
    await machine.copyDisk(snapshot);
    await machine.remove();
    machine = createMachine({ cable, size: 600 * MIB, snapshot });
    await bringUp('restored');
    await isReady();
    expect(await valueThen()).toBe('1');
    const size = (await machine.ok(['df', '--output=size', '--block-size=1M', DATA])).trim().split('\n').at(-1);
    expect(Number(size)).toBeGreaterThan(450);
  });
});

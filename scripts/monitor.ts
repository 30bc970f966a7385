/**
 * `make monitor`: Prometheus and Alertmanager on this machine for the running service, and Grafana if it is
 * installed. In the foreground; Ctrl-C stops all of them.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runMain, usageError } from '../ml/errors.ts';
import { paths } from '../ml/stages/paths.ts';
import { findProgram, type Stack, startStack, writeMonitoringFolder } from './local/monitoring.ts';
import { cancelOnSignals, type Group, portBusy, portIsFree, startGroup, untilAborted } from './local/programs.ts';

const help = `usage: node scripts/monitor.ts     (make monitor)

Monitors the service on this machine (start it with make run): Prometheus with the rules of monitoring/, Alertmanager,
and Grafana with the dashboards, if it is installed.

  SERVICE             host:port of the service, or several separated by commas [127.0.0.1:8080]
  PROMETHEUS_PORT     [9090]
  ALERTMANAGER_PORT   [9093]
  GRAFANA_PORT        [3000]
  GRAFANA_HOME        folder of Grafana's own files [/usr/share/grafana]
`;

const root = resolve(import.meta.dirname, '..');
const folder = join(root, paths.local, 'monitoring');

async function main(): Promise<void> {
  const [argument] = process.argv.slice(2);
  if (argument === '--help' || argument === '-h') return print(help);
  if (argument !== undefined) throw usageError('ARGUMENTS', `unknown argument "${argument}"`, 'see --help');
  const targets = readTargets(process.env.SERVICE ?? '127.0.0.1:8080');
  const prometheusPort = await readPort('PROMETHEUS_PORT', 9090);
  const alertmanagerPort = await readPort('ALERTMANAGER_PORT', 9093);
  const { cancelled } = cancelOnSignals();

  mkdirSync(folder, { recursive: true });
  writeMonitoringFolder(root, folder, { targets, prometheusPort, alertmanagerPort });
  const stack = await startStack({ folder, prometheusPort, alertmanagerPort });
  let grafana: Group | undefined;
  try {
    grafana = await startGrafana(stack);
    print(addresses(stack, targets, grafana !== undefined));
    const programs = [stack.prometheus, stack.alertmanager, ...(grafana ? [grafana] : [])];
    await Promise.race([untilAborted(cancelled), ...programs.map((program) => program.ended)]);
    if (!cancelled.aborted) process.exitCode = 1;
  } finally {
    await Promise.all([stack.stop(), grafana?.stop()]);
  }
}

/** https://grafana.com/docs/grafana/latest/administration/provisioning/ */
async function startGrafana({ prometheusAddress }: Stack): Promise<Group | undefined> {
  const program = findProgram(['grafana']);
  if (!program) return undefined;
  const port = await readPort('GRAFANA_PORT', 3000);
  return startGroup(program, ['server', '--homepath', process.env.GRAFANA_HOME ?? '/usr/share/grafana'], {
    env: {
      ...process.env,
      GF_SERVER_HTTP_ADDR: '127.0.0.1',
      GF_SERVER_HTTP_PORT: String(port),
      GF_PATHS_DATA: join(folder, 'grafana-data'),
      GF_PATHS_LOGS: join(folder, 'grafana-data/log'),
      GF_PATHS_PROVISIONING: join(root, 'monitoring/grafana/provisioning'),
      GF_AUTH_ANONYMOUS_ENABLED: 'true',
      GF_LOG_LEVEL: 'warn',
      PROMETHEUS_URL: prometheusAddress,
      DASHBOARDS: join(root, 'monitoring/grafana/dashboards'),
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

function addresses({ prometheusAddress, alertmanagerAddress }: Stack, targets: string[], grafana: boolean): string {
  return `
  Prometheus     ${prometheusAddress}/   (graphs, alerts, targets: ${targets.join(', ')})
  Alertmanager   ${alertmanagerAddress}/
  Grafana        ${grafana ? `http://127.0.0.1:${process.env.GRAFANA_PORT ?? 3000}/d/sentiment` : "is not installed; Prometheus' own pages show the same series"}

  Ctrl-C stops everything.
`;
}

function readTargets(value: string): string[] {
  const targets = value.split(',').map((target) => target.trim());
  for (const target of targets) {
    if (!/^[\w.-]+:\d{1,5}$/.test(target)) {
      throw usageError('SERVICE', `SERVICE contains "${target}", expected host:port`, 'such as SERVICE=127.0.0.1:8080');
    }
  }
  return targets;
}

async function readPort(name: string, standard: number): Promise<number> {
  const value = process.env[name] ?? String(standard);
  const port = Number(value);
  if (!/^\d+$/.test(value) || port < 1 || port > 65_535) {
    throw usageError('PORT', `${name} is "${value}", expected a port from 1 to 65535`, 'see --help');
  }
  if (await portIsFree(port, '127.0.0.1')) return port;
  throw portBusy(name, port);
}

function print(text: string): void {
  process.stdout.write(text);
}

await runMain(main);

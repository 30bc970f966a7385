/**
 * Prometheus and Alertmanager as programs on this machine, on loopback, with the configuration of monitoring/: the same
 * rules, other addresses.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parse, stringify } from 'yaml';
import { SentimentError } from '../../ml/errors.ts';
import { writeText } from '../../ml/files.ts';
import { type Group, startGroup } from './programs.ts';

export type MonitoringAddresses = {
  /** host:port of each process of the service. */
  targets: string[];
  /** On 127.0.0.1. */
  prometheusPort: number;
  alertmanagerPort: number;
};

type PrometheusFile = {
  global: { external_labels: { runbooks: string } };
  alerting: { alertmanagers: unknown[] };
  scrape_configs: { job_name: string; static_configs?: { targets: string[] }[] }[];
};

/** Rewrites `folder`: prometheus.yml, alertmanager.yml, rules/, targets/. `root` is the repository's folder. */
export function writeMonitoringFolder(root: string, folder: string, addresses: MonitoringAddresses): void {
  const from = join(root, 'monitoring');
  for (const name of ['rules', 'targets']) rmSync(join(folder, name), { recursive: true, force: true });
  mkdirSync(join(folder, 'targets'), { recursive: true });
  mkdirSync(join(folder, 'rules'));
  for (const name of ['recording.yml', 'alerts.yml']) cpSync(join(from, 'rules', name), join(folder, 'rules', name));
  cpSync(join(from, 'alertmanager.yml'), join(folder, 'alertmanager.yml'));

  const prometheus: PrometheusFile = parse(readFileSync(join(from, 'prometheus.yml'), 'utf8'));
  prometheus.global.external_labels.runbooks = runbooks(root);
  prometheus.alerting.alertmanagers = [{ static_configs: [{ targets: [`127.0.0.1:${addresses.alertmanagerPort}`] }] }];
  for (const job of prometheus.scrape_configs) {
    const port = { prometheus: addresses.prometheusPort, alertmanager: addresses.alertmanagerPort }[job.job_name];
    if (port !== undefined) job.static_configs = [{ targets: [`127.0.0.1:${port}`] }];
  }
  writeFileSync(join(folder, 'prometheus.yml'), stringify(prometheus));
  writeTargets(join(folder, 'targets/sentiment.json'), addresses.targets);
}

/** Writes the file that Prometheus reads its targets from: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config */
export function writeTargets(path: string, targets: string[]): void {
  // Prometheus reads the file as soon as it changes, so it must appear complete.
  writeText(path, `${JSON.stringify([{ targets }], null, 2)}\n`);
}

export type StackOptions = {
  folder: string;
  prometheusPort: number;
  alertmanagerPort: number;
  /** How long a sample stays valid without a newer one; Prometheus' default is 5m. */
  lookback?: string;
};

export type Stack = {
  prometheus: Group;
  alertmanager: Group;
  prometheusAddress: string;
  alertmanagerAddress: string;
  stop(): Promise<void>;
};

/**
 * Resolves when both are ready. `options.folder` was written by writeMonitoringFolder. Throws MONITORING_MISSING, or
 * MONITORING_FAILED when one of them exits or does not get ready.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { folder, prometheusPort, alertmanagerPort, lookback = '5m' } = options;
  const prometheusAddress = `http://127.0.0.1:${prometheusPort}`;
  const alertmanagerAddress = `http://127.0.0.1:${alertmanagerPort}`;
  const alertmanager = await startProgram('Alertmanager', ['prometheus-alertmanager', 'alertmanager'], folder, [
    '--config.file=alertmanager.yml',
    '--storage.path=alertmanager-data',
    `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
    // A single instance: it must not look for others.
    '--cluster.listen-address=',
    '--log.level=warn',
  ]);
  let prometheus: Group | undefined;
  const stop = async () => void (await Promise.all([prometheus?.stop(), alertmanager.stop()]));
  try {
    prometheus = await startProgram('Prometheus', ['prometheus'], folder, [
      '--config.file=prometheus.yml',
      '--storage.tsdb.path=prometheus-data',
      '--storage.tsdb.retention.time=15d',
      `--web.listen-address=127.0.0.1:${prometheusPort}`,
      `--query.lookback-delta=${lookback}`,
      '--web.enable-lifecycle',
      '--log.level=warn',
    ]);
    await untilReady('Alertmanager', alertmanager, `${alertmanagerAddress}/-/ready`);
    await untilReady('Prometheus', prometheus, `${prometheusAddress}/-/ready`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { prometheus, alertmanager, prometheusAddress, alertmanagerAddress, stop };
}

/** The path of the first of these programs that is on the PATH. */
export function findProgram(names: string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
}

function startProgram(title: string, names: string[], cwd: string, args: string[]): Promise<Group> {
  const program = findProgram(names);
  if (program) return startGroup(program, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  throw new SentimentError('MONITORING_MISSING', `cannot find ${title}`, {
    next: 'run as root: scripts/setup_monitoring.sh, or install it (on Debian: apt-get install prometheus prometheus-alertmanager)',
  });
}

async function untilReady(title: string, { ended }: Group, address: string): Promise<void> {
  let code: number | undefined;
  ended.then((exitCode) => {
    code = exitCode;
  });
  for (const deadline = Date.now() + 30_000; Date.now() < deadline && code === undefined; await sleep(25)) {
    const response = await fetch(address).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.ok) return;
  }
  throw new SentimentError(
    'MONITORING_FAILED',
    code === undefined ? `${title} was not ready within 30 s` : `${title} ended with exit code ${code}`,
    { next: 'its own messages are above' },
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Where people read this clone's docs/runbook; the links in alerts begin with it. A URL on the host of the remote
 * `origin`, or a file: URL if there is no remote or its host is unknown.
 */
export function runbooks(root: string): string {
  const { status, stdout } = spawnSync('git', ['remote', 'get-url', 'origin'], { cwd: root, encoding: 'utf8' });
  return (status === 0 && runbooksAt(stdout.trim())) || pathToFileURL(join(root, 'docs/runbook')).href;
}

/**
 * The URL for a remote such as git@github.com:owner/name.git or https://user:token@gitlab.com/group/name, without user and token.
 * HEAD is the default branch, whatever its name. Undefined for hosts other than GitHub and GitLab.
 */
export function runbooksAt(remote: string): string | undefined {
  const [, host, path] =
    /^(?:\w+:\/\/)?(?:[^@/]+@)?([\w.-]+)(?::\d+)?[:/]+([\w.~-][\w.~/-]*?)(?:\.git)?\/?$/.exec(remote) ?? [];
  if (host === undefined || !path.includes('/')) return undefined;
  if (/^github\./.test(host)) return `https://${host}/${path}/blob/HEAD/docs/runbook`;
  if (/^gitlab\./.test(host)) return `https://${host}/${path}/-/blob/HEAD/docs/runbook`;
  return undefined;
}

/** Prometheus and Alertmanager as programs of this machine, on loopback, from a folder that monitoring_folder.ts wrote. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SentimentError } from '../../ml/errors.ts';
import { type Group, startGroup } from './group.ts';

export type StackOptions = {
  folder: string;
  prometheusPort: number;
  alertmanagerPort: number;
  /** How long a sample counts when no newer one has come; Prometheus' own is 5m. */
  lookback?: string;
};

export type Stack = {
  prometheus: Group;
  alertmanager: Group;
  prometheusAddress: string;
  alertmanagerAddress: string;
  stop(): Promise<void>;
};

/** Resolves when both are ready. Throws MONITORING_MISSING, or MONITORING_FAILED when one of them ends or stays silent. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { folder, prometheusPort, alertmanagerPort, lookback = '5m' } = options;
  const prometheusAddress = `http://127.0.0.1:${prometheusPort}`;
  const alertmanagerAddress = `http://127.0.0.1:${alertmanagerPort}`;
  const alertmanager = await startProgram('Alertmanager', ['prometheus-alertmanager', 'alertmanager'], folder, [
    '--config.file=alertmanager.yml',
    '--storage.path=alertmanager-data',
    `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
    // One of one: it looks for no others.
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

/** The first of the names that is a program on the PATH. */
export function findProgram(names: string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
}

function startProgram(title: string, names: string[], cwd: string, args: string[]): Promise<Group> {
  const program = findProgram(names);
  if (program) return startGroup(program, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  throw new SentimentError('MONITORING_MISSING', `${title} was not found`, {
    next: 'as root run scripts/setup_monitoring.sh, or install it (Debian: apt-get install prometheus prometheus-alertmanager)',
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
    { next: 'its own words are above' },
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

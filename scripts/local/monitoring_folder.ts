/** The configuration of monitoring/, written for programs on this machine: same rules, other addresses. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { writeText } from '../../ml/files.ts';
import { runbooks } from './runbooks.ts';

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

/** Makes `folder` anew: prometheus.yml, alertmanager.yml, rules/, targets/. `root` is the repository's folder. */
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
    if (job.job_name === 'prometheus') job.static_configs = [{ targets: [`127.0.0.1:${addresses.prometheusPort}`] }];
  }
  writeFileSync(join(folder, 'prometheus.yml'), stringify(prometheus));
  writeTargets(join(folder, 'targets/sentiment.json'), addresses.targets);
}

/** The file that Prometheus reads targets from: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config */
export function writeTargets(path: string, targets: string[]): void {
  // Prometheus reads it the moment it changes.
  writeText(path, `${JSON.stringify([{ targets }], null, 2)}\n`);
}

/** Debian's Prometheus and Alertmanager with the project's own configuration, on a faster clock, and a webhook to hear them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Stack, startStack, writeMonitoringFolder, writeTargets } from '../../scripts/local/monitoring.ts';
import { freePort } from './listen.ts';
import { type Receiver, startReceiver } from './notifications.ts';
import { type PromQL, promQL } from './promql.ts';
import { LOOKBACK, scaleAlertmanager, scaleDuration, scalePrometheus, scaleRules } from './time_scale.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** One hour of the rules passes in a minute. */
export const FACTOR = 60;

export type PrometheusLab = PromQL &
  Pick<Receiver, 'notifications' | 'notified'> & {
    stack: Stack;
    watch(targets: string[]): void;
    stop(): Promise<void>;
  };

/** `targets` are host:port of the service's processes. */
export async function startPrometheusLab(targets: string[]): Promise<PrometheusLab> {
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
  const receiver = await startReceiver();
  const [prometheusPort, alertmanagerPort] = [await freePort(), await freePort()];
  writeMonitoringFolder(ROOT, folder, { targets, prometheusPort, alertmanagerPort });
  hasten(folder, receiver.url);
  const lookback = scaleDuration(LOOKBACK, FACTOR);
  const stack = await startStack({ folder, prometheusPort, alertmanagerPort, lookback });
  return {
    ...promQL(async (path) => (await fetch(stack.prometheusAddress + path)).text()),
    stack,
    notifications: receiver.notifications,
    notified: receiver.notified,
    watch: (more) => writeTargets(join(folder, 'targets/sentiment.json'), more),
    async stop() {
      await stack.stop();
      await receiver.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Puts the folder's files on the faster clock, and the webhook in the place of the receivers. */
function hasten(folder: string, webhook: string): void {
  for (const name of ['recording.yml', 'alerts.yml']) {
    edit(join(folder, 'rules', name), (yaml) => scaleRules(yaml, FACTOR));
  }
  edit(join(folder, 'prometheus.yml'), (yaml) => scalePrometheus(yaml, FACTOR));
  edit(join(folder, 'alertmanager.yml'), (yaml) => scaleAlertmanager(yaml, FACTOR, webhook));
}

function edit(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

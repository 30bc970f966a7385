/** Debian's Prometheus and Alertmanager with the project's own configuration, on a faster clock, and a webhook to hear them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { writeMonitoringFolder, writeTargets } from '../../scripts/local/monitoring_folder.ts';
import { type Stack, startStack } from '../../scripts/local/monitoring_stack.ts';
import { freePort, listen, stopListening } from './listen.ts';
import { scaleDuration, scaleRules } from './time_scale.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** One hour of the rules passes in a minute. */
export const FACTOR = 60;
/** Prometheus' own, scaled as the rest is. */
const LOOKBACK = '5m';

export type Notification = {
  receiver: string;
  status: 'firing' | 'resolved';
  alertname: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
};

export type Sample = { metric: Record<string, string>; value: number };

export type PrometheusLab = {
  stack: Stack;
  /** All that the webhook has heard, oldest first. */
  notifications: Notification[];
  /** An instant query. Throws what Prometheus says of a bad one. */
  query(expr: string): Promise<Sample[]>;
  /** Waits until the query gives samples that satisfy the condition; the last of them are in the error. */
  queryUntil(expr: string, holds: (samples: Sample[]) => boolean, milliseconds?: number): Promise<Sample[]>;
  /** Waits for the alert's notification. */
  notified(alertname: string, status: Notification['status'], milliseconds?: number): Promise<Notification>;
  /** Alerts that fire now. */
  firing(): Promise<string[]>;
  watch(targets: string[]): void;
  stop(): Promise<void>;
};

/** `targets` are host:port of the service's processes. */
export async function startPrometheusLab(targets: string[]): Promise<PrometheusLab> {
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
  const notifications: Notification[] = [];
  const webhook = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const { receiver, alerts } = JSON.parse(body) as { receiver: string; alerts: Omit<Notification, 'alertname'>[] };
      for (const alert of alerts) notifications.push({ ...alert, receiver, alertname: alert.labels.alertname });
      response.end();
    });
  });
  const webhookPort = await listen(webhook);
  const [prometheusPort, alertmanagerPort] = [await freePort(), await freePort()];
  writeMonitoringFolder(ROOT, folder, { targets, prometheusPort, alertmanagerPort });
  hasten(folder, webhookPort);
  const lookback = scaleDuration(LOOKBACK, FACTOR);
  const stack = await startStack({ folder, prometheusPort, alertmanagerPort, lookback });

  const query = async (expr: string): Promise<Sample[]> => {
    const response = await fetch(`${stack.prometheusAddress}/api/v1/query?${new URLSearchParams({ query: expr })}`);
    const answer = (await response.json()) as {
      error?: string;
      data: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    if (!response.ok) throw new Error(`${expr}: ${answer.error}`);
    return answer.data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  };
  const queryUntil: PrometheusLab['queryUntil'] = async (expr, holds, milliseconds = 60_000) => {
    for (const deadline = Date.now() + milliseconds; ; await sleep(100)) {
      const samples = await query(expr);
      if (holds(samples)) return samples;
      if (Date.now() > deadline) throw new Error(`after ${milliseconds} ms ${expr} is ${JSON.stringify(samples)}`);
    }
  };
  return {
    stack,
    notifications,
    query,
    queryUntil,
    async notified(alertname, status, milliseconds = 60_000) {
      for (const deadline = Date.now() + milliseconds; ; await sleep(50)) {
        const found = notifications.find((each) => each.alertname === alertname && each.status === status);
        if (found) return found;
        if (Date.now() > deadline) {
          const heard = notifications.map((each) => `${each.alertname} ${each.status}`).join(', ');
          throw new Error(`no ${alertname} ${status} in ${milliseconds} ms, but ${heard || 'nothing'}`);
        }
      }
    },
    async firing() {
      const samples = await query('ALERTS{alertstate="firing"}');
      return [...new Set(samples.map(({ metric }) => metric.alertname))].sort();
    },
    watch: (more) => writeTargets(join(folder, 'targets/sentiment.json'), more),
    async stop() {
      await stack.stop();
      await stopListening(webhook);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Puts the folder's files on the faster clock, and the webhook in the place of the receivers. */
function hasten(folder: string, webhookPort: number): void {
  for (const name of ['recording.yml', 'alerts.yml']) {
    edit(join(folder, 'rules', name), (yaml) => scaleRules(yaml, FACTOR));
  }
  edit(join(folder, 'prometheus.yml'), (yaml) => {
    const config = parse(yaml);
    for (const key of ['scrape_interval', 'evaluation_interval']) {
      config.global[key] = scaleDuration(config.global[key], FACTOR);
    }
    return stringify(config);
  });
  edit(join(folder, 'alertmanager.yml'), (yaml) => {
    const config = parse(yaml);
    for (const route of [config.route, ...config.route.routes]) {
      for (const key of ['group_wait', 'group_interval', 'repeat_interval']) {
        if (route[key]) route[key] = scaleDuration(route[key], FACTOR);
      }
    }
    for (const receiver of config.receivers) {
      for (const webhook of receiver.webhook_configs) webhook.url = `http://127.0.0.1:${webhookPort}/`;
    }
    return stringify(config);
  });
}

function edit(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

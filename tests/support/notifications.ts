/** A webhook that receives Alertmanager's notifications. */
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen, stopListening } from './listen.ts';
import { PATIENCE } from './patience.ts';

export type Notification = {
  receiver: string;
  status: 'firing' | 'resolved';
  alertname: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
};

export type Receiver = {
  url: string;
  /** All notifications so far, oldest first. */
  notifications: Notification[];
  /** Waits for the alert's notification. */
  notified(alertname: string, status: Notification['status']): Promise<Notification>;
  stop(): Promise<void>;
};

/** `host` is an address of this machine that Alertmanager reaches. */
export async function startReceiver(host = '127.0.0.1'): Promise<Receiver> {
  const notifications: Notification[] = [];
  const server = createServer((request, response) => {
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
  const url = `http://${host}:${await listen(server, host)}/`;
  return {
    url,
    notifications,
    async notified(alertname, status) {
      for (const deadline = Date.now() + PATIENCE; ; await sleep(50)) {
        const found = notifications.find((each) => each.alertname === alertname && each.status === status);
        if (found) return found;
        if (Date.now() > deadline) {
          const heard = notifications.map((each) => `${each.alertname} ${each.status}`).join(', ');
          throw new Error(`no ${alertname} ${status} in ${PATIENCE} ms, but ${heard || 'nothing'}`);
        }
      }
    },
    stop: () => stopListening(server),
  };
}

/**
 * Alerts of this service that began to fire while the new revision was watched, as a Prometheus tells them. Those that it
 * already knew at the first look have another reason, and may be the one for this release.
 * https://prometheus.io/docs/prometheus/latest/querying/api/#alerts
 */
import { describeError } from '../kubernetes/api_error.ts';
import { type Comparison, matches } from './compare.ts';

export type AlertSource = {
  /** `http://prometheus.example:9090`, with a user and password if it asks for them. */
  address: string;
  /** An alert of this service has all of these; a value that begins with `!` must not be there. */
  labels: Record<string, string>;
};

export type AlertWatch = {
  /** Never throws: a Prometheus that cannot be asked is `not asked`. */
  look: () => Promise<Comparison>;
};

type Alert = { labels: Record<string, string>; annotations?: Record<string, string>; state: string; activeAt?: string };

const askMs = 5000;
const name = 'alerts';

export function watchAlerts({ address, labels }: AlertSource): AlertWatch {
  let known: Set<string> | undefined;
  return {
    async look() {
      try {
        const alerts = (await activeAlerts(address)).filter((alert) => matches(alert.labels, labels));
        known ??= new Set(alerts.map(identityOf));
        const firing = alerts.filter((alert) => alert.state === 'firing' && !known?.has(identityOf(alert)));
        if (firing.length === 0) return { name, state: 'fine', says: `${name}: none began to fire` };
        return { name, state: 'worse', says: `${name}: ${firing.map(title).join('; ')}` };
      } catch (error) {
        const says = `${name}: Prometheus at ${shown(address)} cannot be asked: ${describeError(error)}`;
        return { name, state: 'not asked', says };
      }
    },
  };
}

async function activeAlerts(address: string): Promise<Alert[]> {
  const url = new URL(address);
  const { username, password } = url;
  // fetch takes no credentials in an address.
  [url.username, url.password] = ['', ''];
  url.pathname = `${url.pathname.replace(/\/$/, '')}/api/v1/alerts`;
  const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  const headers: Record<string, string> = username ? { authorization: `Basic ${basic}` } : {};
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(askMs) });
  if (!answer.ok) throw new Error(`GET ${url.pathname} answers ${answer.status}`);
  const body = (await answer.json().catch(() => undefined)) as { data?: { alerts?: Alert[] } } | undefined;
  if (!Array.isArray(body?.data?.alerts)) throw new Error(`GET ${url.pathname} answers something else than alerts`);
  return body.data.alerts;
}

/** The same condition that ended and came back has another beginning. */
function identityOf({ labels, activeAt }: Alert): string {
  return JSON.stringify([Object.entries(labels).sort(), activeAt]);
}

function title({ labels, annotations, activeAt }: Alert): string {
  const severity = labels.severity ? ` (${labels.severity})` : '';
  const summary = annotations?.summary ? `: ${annotations.summary}` : '';
  return `${labels.alertname}${severity} fires${activeAt ? ` since ${activeAt}` : ''}${summary}`;
}

/** Without user, password and query. */
function shown(address: string): string {
  return URL.canParse(address) ? `${new URL(address).origin}${new URL(address).pathname}` : 'that address';
}

/**
 * The rules of monitoring/ on a faster clock: every duration in them (windows, offsets, `for`) is divided by one number and
 * nothing else changes, so a rule holds for a minute as the original does for an hour.
 */
import { parse, stringify } from 'yaml';

type Rule = { record?: string; alert?: string; expr: string; for?: string };
const WAITS = ['group_wait', 'group_interval', 'repeat_interval'] as const;
type Route = Partial<Record<(typeof WAITS)[number], string>>;
type AlertmanagerFile = {
  route: Route & { routes: Route[] };
  receivers: { webhook_configs: { url: string }[] }[];
};
type RuleFile = { groups: { name: string; rules: Rule[] }[] };

/** Prometheus' default for how long a sample counts when no newer one arrives; it is scaled too. */
export const LOOKBACK = '5m';

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

export function scaleRules(yaml: string, factor: number): string {
  const file: RuleFile = parse(yaml);
  for (const { rules } of file.groups) {
    for (const rule of rules) {
      rule.expr = rule.expr.replace(/\[(\d+[smhd])\]|\boffset (\d+[smhd])\b/g, (whole, window, offset) =>
        whole.replace(window ?? offset, scaleDuration(window ?? offset, factor)),
      );
      if (rule.for !== undefined) rule.for = scaleDuration(rule.for, factor);
    }
  }
  return stringify(file);
}

/** prometheus.yml, or the one for Kubernetes. */
export function scalePrometheus(yaml: string, factor: number): string {
  const config: { global: Record<'scrape_interval' | 'evaluation_interval', string> } = parse(yaml);
  for (const key of ['scrape_interval', 'evaluation_interval'] as const) {
    config.global[key] = scaleDuration(config.global[key], factor);
  }
  return stringify(config);
}

/** alertmanager.yml, with `webhook` in the place of its receivers' addresses. */
export function scaleAlertmanager(yaml: string, factor: number, webhook: string): string {
  const config: AlertmanagerFile = parse(yaml);
  for (const route of [config.route, ...config.route.routes]) {
    for (const key of WAITS) {
      const wait = route[key];
      if (wait !== undefined) route[key] = scaleDuration(wait, factor);
    }
  }
  for (const { webhook_configs } of config.receivers) for (const each of webhook_configs) each.url = webhook;
  return stringify(config);
}

/** `5m` divided by 60 is `5000ms`. Throws unless it is a single duration. */
export function scaleDuration(duration: string, factor: number): string {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(duration) ?? [];
  if (count === undefined) throw new Error(`"${duration}" is not a duration such as 15s`);
  return `${Math.round((1000 * Number(count) * SECONDS[unit]) / factor)}ms`;
}

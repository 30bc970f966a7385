/** `node monitoring/grafana/generate.ts`: writes dashboards/sentiment.json, which Grafana reads at its start. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildDashboard } from './dashboard.ts';

export const DASHBOARD_FILE = join(import.meta.dirname, 'dashboards/sentiment.json');

export function dashboardJson(): string {
  return `${JSON.stringify(buildDashboard(), null, 2)}\n`;
}

if (import.meta.main) {
  const temporary = `${DASHBOARD_FILE}.${process.pid}.tmp`;
  writeFileSync(temporary, dashboardJson());
  renameSync(temporary, DASHBOARD_FILE);
}

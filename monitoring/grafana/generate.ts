/** `node monitoring/grafana/generate.ts`: writes dashboards/sentiment.json, which Grafana reads when it starts. */
import { join } from 'node:path';
import { writeText } from '../../ml/files.ts';
import { buildDashboard } from './dashboard.ts';

export const DASHBOARD_FILE = join(import.meta.dirname, 'dashboards/sentiment.json');

export function dashboardJson(): string {
  return `${JSON.stringify(buildDashboard(), null, 2)}\n`;
}

if (import.meta.main) writeText(DASHBOARD_FILE, dashboardJson());

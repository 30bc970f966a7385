/**
 * Which picture shows what: the files that decide how it looks, and their hash when it was taken. tests/config/pictures.test.ts
 * fails when a picture is older than what it shows; `make pictures` takes them anew.
 */
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeJson } from '../../ml/files.ts';

const root = resolve(import.meta.dirname, '../..');
const MANIFEST = join(root, 'docs/pictures/manifest.json');

const PAGE = ['service/page/*.ts'];
const DASHBOARD = ['monitoring/grafana/panels.ts', 'tests/pictures/dashboard.ts'];
const RUN = ['scripts/run.ts', 'scripts/local/pipeline.ts', 'scripts/local/progress.ts', 'tests/pictures/terminal.ts'];
const MLFLOW = ['ml/stages/pipeline_run.ts', 'ml/tracking/lifecycle.ts'];

const EXPERIMENTS = 'tests/pictures/experiments.ts';

/** Globs by picture. Tests stand beside the code and are left out. */
export const SOURCES: Record<string, readonly string[]> = {
  'page.png': PAGE,
  'page-dark.png': PAGE,
  'page-several.png': PAGE,
  'page-classes.png': PAGE,
  'page-classes-dark.png': PAGE,
  'page-model.png': PAGE,
  'page-api.png': ['service/openapi.ts', 'service/page/viewer.ts'],
  'metrics.png': ['service/metrics.ts'],
  'terminal-pipeline.svg': RUN,
  'terminal-rollback.svg': ['cli/rollback_model.ts', 'tests/pictures/terminal.ts'],
  'terminal-data.svg': ['tests/pictures/pipeline.ts', 'tests/pictures/terminal.ts'],
  'experiments-compare.png': ['reports/experiments/compare.json', EXPERIMENTS],
  'experiments-tune.png': ['reports/experiments/tune.json', EXPERIMENTS],
  'mlflow-runs.png': MLFLOW,
  'mlflow-plot.png': MLFLOW,
  'mlflow-run.png': MLFLOW,
  'mlflow-model.png': MLFLOW,
  'prometheus-query.png': ['service/metrics.ts'],
  'monitoring-alerts.png': ['monitoring/rules/alerts.yml'],
  'monitoring-targets.png': ['monitoring/prometheus.yml'],
  'monitoring-classes.png': ['monitoring/rules/recording.yml'],
  'monitoring-drift.png': ['monitoring/rules/recording.yml'],
  'dashboard.svg': DASHBOARD,
};

export type Manifest = Record<string, { of: string; commit: string }>;

export function hashOf(globs: readonly string[]): string {
  const files = globSync([...globs], { cwd: root })
    .filter((file) => !file.endsWith('.test.ts'))
    .sort();
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  return files.length === 0 ? `no file matches ${globs.join(', ')}` : hash.digest('hex').slice(0, 16);
}

export function readManifest(): Manifest {
  return JSON.parse(readFileSync(MANIFEST, 'utf8')) as Manifest;
}

/** Call this with the pictures that were taken now. */
export function noteTaken(names: readonly string[], commit: string): void {
  const taken = names.map((name) => [name, { of: hashOf(SOURCES[name]), commit }] as const);
  let known: Manifest = {};
  try {
    known = readManifest();
  } catch {
    // The first time there is none.
  }
  const all = { ...known, ...Object.fromEntries(taken) };
  writeJson(MANIFEST, Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1))));
}

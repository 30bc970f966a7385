/**
 * What integration tests need from outside npm, and what happens when a machine has it not: a loud line and a skip,
 * or in CI, where a skip would hide a broken promise, a failure.
 *
 *     describe.skipIf(!need('chromium'))('the page', () => { ... });
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { isBuilt } from './cluster/binaries.ts';
import { factsBeside } from './cluster/facts.ts';

export type Tool =
  | 'chromium'
  | 'mlflow'
  | 'dvc'
  | 'moto'
  | 'docker-registry'
  | 'openssl'
  | 'prometheus'
  | 'promtool'
  | 'alertmanager'
  | 'amtool';
/** A Kubernetes, whichever; and the project's own, with registries that refuse in the ways that registries do. */
export type Kubernetes = 'cluster' | 'rig';

const programs: Record<Tool, string[]> = {
  chromium: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  mlflow: ['mlflow'],
  dvc: ['dvc'],
  moto: ['moto_server'],
  'docker-registry': ['docker-registry'],
  openssl: ['openssl'],
  prometheus: ['prometheus'],
  promtool: ['promtool'],
  alertmanager: ['prometheus-alertmanager', 'alertmanager'],
  amtool: ['amtool'],
};

const remedies: Record<Tool, string> = {
  chromium: 'apt-get install chromium',
  mlflow: 'make setup',
  dvc: 'make setup',
  moto: 'make setup',
  'docker-registry': 'apt-get install docker-registry',
  openssl: 'apt-get install openssl',
  prometheus: 'apt-get install prometheus',
  promtool: 'apt-get install prometheus',
  alertmanager: 'apt-get install prometheus-alertmanager',
  amtool: 'apt-get install prometheus-alertmanager',
};

/** Whether it is there. Throws when it is not and CI is set. */
export function need(what: Tool | Kubernetes): boolean {
  const message = what === 'cluster' || what === 'rig' ? lacksCluster(what) : lacksProgram(what);
  if (message === undefined) return true;
  if (process.env.CI) throw new Error(`${message}; in CI a skipped test is a failure`);
  process.stderr.write(`\n*** SKIPPED: ${message}: the tests that need it do not run ***\n\n`);
  return false;
}

function lacksProgram(tool: Tool): string | undefined {
  return programPath(tool) === undefined ? `${tool} is not installed (${remedies[tool]})` : undefined;
}

function lacksCluster(what: Kubernetes): string | undefined {
  const given = process.env.KUBECONFIG_TEST;
  if (given && what === 'rig' && factsBeside(given) === undefined) {
    return "KUBECONFIG_TEST names a cluster without this project's registries";
  }
  if (process.platform !== 'linux' || (!given && process.geteuid?.() !== 0)) {
    return 'a Kubernetes for tests takes root on Linux, or KUBECONFIG_TEST';
  }
  if (!given && !mayMakeNamespaces()) {
    return 'a Kubernetes for tests takes namespaces, which may not be made here (a container without privileges?)';
  }
  return isBuilt() ? undefined : 'Kubernetes for tests is not built (scripts/setup_cluster.sh)';
}

function mayMakeNamespaces(): boolean {
  return spawnSync('unshare', ['--mount', '--pid', '--net', '--fork', 'true']).status === 0;
}

/** The tool's program: the project's own in .venv first, else the first on the PATH. */
export function programPath(tool: Tool): string | undefined {
  const own = resolve(import.meta.dirname, '../../.venv/bin');
  const folders = [own, ...(process.env.PATH ?? '').split(delimiter)];
  const candidates = folders.flatMap((folder) => programs[tool].map((name) => join(folder, name)));
  return candidates.find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

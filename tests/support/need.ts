/**
 * What integration tests need from outside npm, and what happens when a machine has it not: a loud line and a skip,
 * or in CI, where a skip would hide a broken promise, a failure.
 *
 *     describe.skipIf(!need('chromium'))('the page', () => { ... });
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { isBuilt } from './cluster/binaries.ts';
import { factsBeside } from './cluster/facts.ts';
import { dockerIsSetUp } from './machine/programs.ts';

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
  | 'amtool'
  /** A Prometheus that finds its targets in Kubernetes. */
  | 'discovery';
/** A Kubernetes, whichever; and the project's own, with registries that refuse in the ways that registries do. */
export type Kubernetes = 'cluster' | 'rig';
/** A machine with a Docker of its own: tests/support/machine.ts. */
export type Docker = 'docker';

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
  discovery: ['prometheus'],
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
  discovery: 'scripts/setup_discovery.sh',
};

/** Whether it is there. Throws when it is not and CI is set. */
export function need(what: Tool | Kubernetes | Docker): boolean {
  const message = lacks(what);
  if (message === undefined) return true;
  if (process.env.CI) throw new Error(`${message}; in CI a skipped test is a failure`);
  process.stderr.write(`\n*** SKIPPED: ${message}: the tests that need it do not run ***\n\n`);
  return false;
}

function lacks(what: Tool | Kubernetes | Docker): string | undefined {
  if (what === 'docker') return lacksDocker();
  return what === 'cluster' || what === 'rig' ? lacksCluster(what) : lacksProgram(what);
}

function lacksDocker(): string | undefined {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return 'a Docker for tests takes root on Linux';
  if (!mayMakeNamespaces()) {
    return 'a Docker for tests takes namespaces, which may not be made here (a container without privileges?)';
  }
  return dockerIsSetUp() ? undefined : 'Docker for tests is not set up (scripts/setup_docker.sh)';
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
  const folders = tool === 'discovery' ? [discoveryFolder()] : [own, ...(process.env.PATH ?? '').split(delimiter)];
  const candidates = folders.flatMap((folder) => programs[tool].map((name) => join(folder, name)));
  return candidates.find(isProgram);
}

/** Where scripts/setup_discovery.sh puts it, by the version that is written there. */
function discoveryFolder(): string {
  const script = readFileSync(resolve(import.meta.dirname, '../../scripts/setup_discovery.sh'), 'utf8');
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'sentiment-pipeline', `prometheus-${/^version=(\S+)$/m.exec(script)?.[1]}`);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * What integration tests need from outside npm. Where it is missing, the tests are skipped and a line says so; in CI,
 * where nobody would see the skip, they fail.
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
  /** A Prometheus with service discovery for Kubernetes. */
  | 'discovery';
/**
 * `cluster`: any Kubernetes. `rig`: the one that tests start, with registries that refuse images in several ways.
 * `docker`: a machine with a Docker of its own, see machine.ts.
 */
export type Machine = 'cluster' | 'rig' | 'docker';

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

/** Whether it is there. Throws when it is missing and CI is set. */
export function need(what: Tool | Machine): boolean {
  const message = whyMissing(what);
  if (message === undefined) return true;
  if (process.env.CI)
    throw new Error(`tests that need ${what} cannot run: ${message}. In CI a skipped test is a failure`);
  process.stderr.write(`\n*** SKIPPED: tests that need ${what}: ${message} ***\n\n`);
  return false;
}

function whyMissing(what: Tool | Machine): string | undefined {
  if (what === 'docker') return whyNoDocker();
  if (what === 'cluster' || what === 'rig') return whyNoCluster(what);
  return programPath(what) === undefined ? `${what} is not installed (${remedies[what]})` : undefined;
}

function whyNoDocker(): string | undefined {
  return (
    whyNoNamespaces() ?? (dockerIsSetUp() ? undefined : 'Docker for tests is not set up (scripts/setup_docker.sh)')
  );
}

function whyNoCluster(what: 'cluster' | 'rig'): string | undefined {
  const given = process.env.KUBECONFIG_TEST;
  if (given && what === 'rig' && factsBeside(given) === undefined) {
    return 'it needs the cluster that tests start themselves, and KUBECONFIG_TEST names another one';
  }
  const why = given ? undefined : whyNoNamespaces();
  if (why !== undefined) return `${why}; or name a cluster with KUBECONFIG_TEST`;
  return isBuilt() ? undefined : 'Kubernetes for tests is not built (scripts/setup_cluster.sh)';
}

function whyNoNamespaces(): string | undefined {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return 'it needs root on Linux';
  return mayMakeNamespaces()
    ? undefined
    : 'it needs namespaces, which this machine does not allow (an unprivileged container?)';
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

/** Where scripts/setup_discovery.sh puts it: the version is read from that script. */
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

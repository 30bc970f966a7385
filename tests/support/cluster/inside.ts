/**
 * The node, inside its namespaces: mounts, network, registries, control plane, container runtime, kubelet. Prints "up" when
 * pods can run. When one of its programs ends, it ends too, with the reason on standard error. keeper.ts starts it.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiOf } from './api.ts';
import { binary } from './binaries.ts';
import { containerdSocket, type Program, programsOf, proxyHealthPort } from './components.ts';
import { type Facts, kubeconfigOf } from './facts.ts';
import { layerOfFiles, push } from './image.ts';
import { ip } from './network.ts';
import { startRefusing } from './refusing.ts';
import { registriesOf, serveAllAsThemselves } from './registries.ts';

const facts: Facts = JSON.parse(process.argv[2]);
const state = join(facts.folder, 'state');
const say = (what: string) => process.stderr.write(`${(performance.now() / 1000).toFixed(2)} s: ${what}\n`);

await once(process.stdin, 'data');
process.stdin.once('end', () => process.exit());
mountOwnFolders();
setUpNetwork();
serveAllAsThemselves(facts);
const programs = programsOf(facts, state);
const api = apiOf(kubeconfigOf(facts));
say('mounts, network and settings made');

await Promise.all([startControlPlane(), startRuntime()]);
start('kubelet');
await Promise.all([
  until('node', async () => (await get('/api/v1/nodes/node1')).includes('"KubeletReady"')),
  startProxy(),
  until('service account', async () => (await get('/api/v1/namespaces/default/serviceaccounts/default')) !== ''),
]);
process.stdout.write('up\n');

async function startControlPlane(): Promise<void> {
  start('etcd');
  start('kube-apiserver');
  await until('kube-apiserver', async () => (await get('/readyz')) === 'ok');
  start('kube-controller-manager');
  start('kube-scheduler');
}

/** kube-proxy looks for its node at once, and again only two seconds later: so the node must be there first. */
async function startProxy(): Promise<void> {
  await until('node object', async () => (await get('/api/v1/nodes/node1')) !== '');
  start('kube-proxy');
  await until('kube-proxy', () => isOk(`http://127.0.0.1:${proxyHealthPort}/healthz`));
}

async function startRuntime(): Promise<void> {
  start('containerd');
  start('registry-open');
  start('registry-password');
  startRefusing(facts);
  const { open } = registriesOf(facts);
  await until('registry', () => isOk(`http://${open.host}/v2/`));
  const layers = [await layerOfFiles({ pause: binary('pause') })];
  await push(open, { name: 'pause', tag: '1', layers, config: { Entrypoint: ['/pause'] } });
  await until('containerd', () => listens(containerdSocket));
}

/**
 * The programs keep everything in memory, and it vanishes with the namespace. So does what they write to fixed places of
 * the machine: CNI's cache, the kubelet's device plug-ins and log links, sysctls.
 */
function mountOwnFolders(): void {
  const mount = (...args: string[]) => execFileSync('mount', args);
  mount('--make-rshared', '/');
  mkdirSync(state);
  mount('-t', 'tmpfs', 'state', state);
  for (const folder of ['/var/lib', '/var/log']) {
    const [upper, work] = [`${state}/upper${folder}`, `${state}/work${folder}`];
    for (const path of [upper, work]) mkdirSync(path, { recursive: true });
    mount('-t', 'overlay', '-o', `lowerdir=${folder},upperdir=${upper},workdir=${work}`, 'overlay', folder);
  }
  mount('-t', 'tmpfs', 'run', '/run');
  const ofTheKubelet = ['vm/overcommit_memory', 'vm/panic_on_oom', 'kernel/panic', 'kernel/panic_on_oops'];
  for (const name of [...ofTheKubelet, 'kernel/keys/root_maxkeys', 'kernel/keys/root_maxbytes']) {
    const copy = join(state, name.replaceAll('/', '.'));
    writeFileSync(copy, readFileSync(`/proc/sys/${name}`));
    mount('--bind', copy, `/proc/sys/${name}`);
  }
}

/** There is no route to the outside, so no test can depend on it. Addresses of services need some route to be rewritten. */
function setUpNetwork(): void {
  ip('link', 'set', 'lo', 'up');
  ip('address', 'add', `${facts.address}/30`, 'dev', 'node0');
  ip('link', 'set', 'node0', 'up');
  ip('route', 'add', '10.96.0.0/16', 'dev', 'node0');
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
}

function start(name: Program): void {
  const [command, ...args] = programs[name];
  const path = join(facts.folder, 'log', `${name}.log`);
  const log = openSync(path, 'w');
  const child = spawn(command, args, { stdio: ['ignore', log, log] });
  const end = (how: string) => {
    say(`${name} has ended (${how}): ${readFileSync(path, 'utf8').slice(-1500)}`);
    process.exit(1);
  };
  child.once('error', (error) => end(error.message));
  child.once('exit', (code, signal) => end(`${code ?? signal}`));
}

/** Without a limit: the keeper has one for everything. */
async function until(name: string, condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition().catch(() => false))) await sleep(20);
  say(`${name} is ready`);
}

async function get(path: string): Promise<string> {
  const { status, body } = await api('GET', path);
  return status === 200 ? body : '';
}

async function isOk(url: string): Promise<boolean> {
  return (await fetch(url)).ok;
}

async function listens(socket: string): Promise<boolean> {
  const connection = connect(socket);
  await once(connection, 'connect');
  connection.destroy();
  return true;
}

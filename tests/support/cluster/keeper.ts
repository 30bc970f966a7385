/**
 * Starts a cluster, prints where it is (one line of JSON), and keeps it until its standard input ends or a signal ends it;
 * then nothing of the cluster is left. The input ends with the process that holds it, however that one ends, so a killed
 * test leaves nothing behind. A failure is text on standard error and exit code 1.
 *
 * The cluster lives in PID, mount and network namespaces of its own: when their first process ends, the kernel ends
 * all the others and takes mounts, addresses and firewall rules away with them. namespaces(7), unshare(1)
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PATIENCE } from '../patience.ts';
import { forgottenCgroups, makeCgroup, removeCgroup } from './cgroups.ts';
import { type Facts, factsFileOf, kubeconfigOf, ports } from './facts.ts';
import { isForgotten, ownName } from './names.ts';
import { freeAddresses, layCable } from './network.ts';

const folder = mkdtempSync(join(tmpdir(), `${ownName()}-`));
const told = Promise.race([once(process.stdin.resume(), 'end'), once(process, 'SIGTERM'), once(process, 'SIGINT')]);
const toldToEnd = told.then(() => 'told' as const);
let cgroup: string | undefined;
let inside: ChildProcess | undefined;
try {
  await removeForgotten();
  cgroup = makeCgroup();
  const facts: Facts = { folder, cgroup, ...freeAddresses() };
  mkdirSync(join(folder, 'log'));
  makeIdentity(facts);
  inside = await unshare(facts);
  const ended = once(inside, 'exit').then(() => 'ended' as const);
  const up = once(inside.stdout!, 'data').then(() => 'up' as const);
  const outcome = await Promise.race([up, ended, toldToEnd, sleep(PATIENCE, 'late' as const, { ref: false })]);
  if (outcome === 'ended' || outcome === 'late') throw new Error(`the cluster did not start:\n${words()}`);
  if (outcome === 'up') {
    writeFileSync(factsFileOf(folder), JSON.stringify(facts));
    process.stdout.write(`${JSON.stringify(facts)}\n`);
    if ((await Promise.race([ended, toldToEnd])) === 'ended') throw new Error(`the cluster has ended:\n${words()}`);
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
} finally {
  if (inside !== undefined && inside.exitCode === null && inside.signalCode === null) {
    inside.kill('SIGKILL');
    await once(inside, 'exit');
  }
  if (cgroup !== undefined) await removeCgroup(cgroup);
  removeFolder(folder);
}
process.exit();

async function removeForgotten(): Promise<void> {
  for (const name of forgottenCgroups()) await removeCgroup(name);
  for (const name of readdirSync(tmpdir()).filter(isForgotten)) removeFolder(join(tmpdir(), name));
}

function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 20 });
}

/** One key pair is the cluster's authority, its servers' certificate and the administrator that all its parts act as. */
function makeIdentity(facts: Facts): void {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const names = `IP:${facts.address},IP:127.0.0.1,IP:10.96.0.1,DNS:kubernetes.default.svc,DNS:node1`;
  const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /O=system:masters/CN=admin';
  const extensions = [`subjectAltName=${names}`, 'extendedKeyUsage=serverAuth,clientAuth'];
  execFileSync(
    'openssl',
    [...words.split(' '), '-keyout', key, '-out', certificate, ...extensions.flatMap((each) => ['-addext', each])],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const base64 = (path: string) => readFileSync(path, 'base64');
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    clusters: [
      {
        name: 'test',
        cluster: {
          server: `https://${facts.address}:${ports.api}`,
          'certificate-authority-data': base64(certificate),
        },
      },
    ],
    users: [
      { name: 'admin', user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) } },
    ],
  };
  writeFileSync(kubeconfigOf(facts), JSON.stringify(kubeconfig, undefined, 2), { mode: 0o600 });
}

/**
 * The shell is process 1: it reaps what the node's programs leave orphaned, which Node does not do. The network is
 * there as soon as the shell is, and needs its cable before anything else starts.
 */
async function unshare(facts: Facts): Promise<ChildProcess> {
  const log = openSync(join(folder, 'log/inside.log'), 'w');
  const namespaces = ['--mount', '--pid', '--net', '--fork', '--kill-child', '--mount-proc'];
  const program = [process.execPath, join(import.meta.dirname, 'inside.ts'), JSON.stringify(facts)];
  const child = spawn('unshare', [...namespaces, 'sh', '-c', '"$0" "$@"; exit', ...program], {
    stdio: ['pipe', 'pipe', log],
  });
  const children = `/proc/${child.pid}/task/${child.pid}/children`;
  let first = '';
  while (first === '') {
    if (child.exitCode !== null) throw new Error(`no namespaces (unshare ended with ${child.exitCode}):\n${words()}`);
    first = existsSync(children) ? readFileSync(children, 'utf8') : '';
    await sleep(5);
  }
  layCable(Number.parseInt(first, 10), facts);
  child.stdin!.write('laid\n');
  return child;
}

function words(): string {
  return readFileSync(join(folder, 'log/inside.log'), 'utf8').slice(-4000);
}

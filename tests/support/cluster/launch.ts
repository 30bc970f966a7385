/** Starts one node of upstream's Kubernetes in namespaces of its own, and does for tests what they need on a cluster. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PATIENCE } from '../patience.ts';
import { type Api, apiOf } from './api.ts';
import { binary } from './binaries.ts';
import { type Facts, factsBeside, kubeconfigOf } from './facts.ts';
import { type Layer, layerOfFiles, type PushedImage, push, type Registry } from './image.ts';
import { type Registries, registriesOf, serveAs } from './registries.ts';

export type Cluster = AsyncDisposable & {
  /** Path of the administrator's kubeconfig, which signs in with a certificate. This machine reaches its server. */
  kubeconfig: string;
  /** Throws for a cluster of KUBECONFIG_TEST: ask need('rig') first. */
  registries(): Registries;
  /** Where images of tests go: the open registry, or for a cluster of KUBECONFIG_TEST the one at REGISTRY_TEST. */
  images: Registry;
  /**
   * Pushes the test app (tests/cluster/app/main.go) to `images` as app:<version>. `env` makes it fail: CRASH, NOT_READY,
   * OOM, READY_AFTER. Give each env a version of its own: it is another image.
   */
  pushApp(version: string, env?: Record<string, string>): Promise<PushedImage>;
  /** The layers of the test app, to push it elsewhere: the program is /app. */
  appLayers(): Promise<Layer[]>;
  /**
   * Lets the node pull images of `host`, such as 123456789012.dkr.ecr.us-east-1.amazonaws.com, from one of the
   * registries, from the next pull on. With `credentials` the node signs in there by itself, as with a node role of ECR;
   * without them a pod needs a secret. Throws for a cluster of KUBECONFIG_TEST.
   */
  serveAs(host: string, registry: Registry, credentials?: { user: string; password: string }): void;
  /** The address at which the API server and the pods reach this machine. Throws for a cluster of KUBECONFIG_TEST. */
  hostAddress(): string;
  /** A namespace that pods can start in. */
  namespace(): Promise<TestNamespace>;
  /** "http://10.200.0.2:31234" of a Service of type NodePort or LoadBalancer, first port. It need not answer yet. */
  serviceUrl(namespace: string, service: string): Promise<string>;
  stop(): Promise<void>;
};

export type TestNamespace = AsyncDisposable & {
  name: string;
  /** Starts to delete it and ends its pods without a grace period; waits for neither. */
  remove(): Promise<void>;
};

/** Starts a cluster of its own, about ten seconds, and returns when pods can run. The caller must stop it. */
export async function launchCluster(): Promise<Cluster> {
  // A session of its own, so that Ctrl-C reaches the test alone and the keeper can clean up in peace.
  const keeper = spawn(process.execPath, [join(import.meta.dirname, 'keeper.ts')], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = once(keeper, 'exit');
  // It may have ended already; then its reason is on its standard error.
  keeper.stdin.on('error', () => {});
  let words = '';
  keeper.stderr.on('data', (chunk) => {
    words += chunk;
  });
  const stop = async () => {
    keeper.stdin.end();
    await ended;
    if (keeper.exitCode !== 0) throw new Error(`the cluster did not end well:\n${words}`);
  };
  const [line] = await Promise.race([once(keeper.stdout, 'data'), once(keeper.stdout, 'end')]);
  if (line === undefined) {
    await ended;
    throw new Error(words);
  }
  const facts: Facts = JSON.parse(String(line));
  return clusterAt(kubeconfigOf(facts), stop);
}

/** The cluster of a kubeconfig, which may be any. `stop` is what its user calls at the end. */
export function clusterAt(kubeconfig: string, stop: () => Promise<void>): Cluster {
  const api = apiOf(kubeconfig);
  const facts = factsBeside(kubeconfig);
  const own = (): Facts => {
    if (facts === undefined)
      throw new Error("KUBECONFIG_TEST names a cluster that has none of this: ask need('rig') first");
    return facts;
  };
  const images = facts ? registriesOf(facts).open : { host: process.env.REGISTRY_TEST ?? 'localhost:5000' };
  let app: Promise<Layer> | undefined;
  const appLayers = async () => {
    app ??= layerOfFiles({ app: binary('app') });
    return [await app];
  };
  return {
    kubeconfig,
    registries: () => registriesOf(own()),
    images,
    appLayers,
    async pushApp(version, env = {}) {
      const variables = Object.entries({ VERSION: version, ...env }).map(([name, value]) => `${name}=${value}`);
      return push(images, {
        name: 'app',
        tag: version,
        layers: await appLayers(),
        config: { Entrypoint: ['/app'], Env: variables, User: '1000:1000' },
      });
    },
    serveAs: (host, registry, credentials) => serveAs(own(), host, registry, credentials),
    hostAddress: () => own().host,
    namespace: () => makeNamespace(api),
    serviceUrl: (namespace, service) => urlOf(api, namespace, service),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Waits for the service account that a controller makes: until then the namespace refuses pods. */
async function makeNamespace(api: Api): Promise<TestNamespace> {
  const name = `test-${randomBytes(4).toString('hex')}`;
  const path = `/api/v1/namespaces/${name}`;
  const made = await api('POST', '/api/v1/namespaces', { metadata: { name } });
  if (made.status !== 201) throw new Error(`no namespace: ${made.body}`);
  const deadline = Date.now() + PATIENCE;
  while ((await api('GET', `${path}/serviceaccounts/default`)).status !== 200) {
    if (Date.now() > deadline)
      throw new Error(`the namespace ${name} has no service account after ${PATIENCE / 1000} s`);
    await sleep(20);
  }
  const remove = async () => {
    await api('DELETE', path, {});
    await api('DELETE', `${path}/pods`, { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 });
  };
  return { name, remove, [Symbol.asyncDispose]: remove };
}

async function urlOf(api: Api, namespace: string, service: string): Promise<string> {
  const { status, body } = await api('GET', `/api/v1/namespaces/${namespace}/services/${service}`);
  if (status !== 200) throw new Error(`no service ${namespace}/${service}: ${body}`);
  const port = JSON.parse(body).spec.ports[0].nodePort;
  if (port === undefined) throw new Error(`the service ${namespace}/${service} has no node port`);
  const nodes: { status: { addresses: { type: string; address: string }[] } }[] = JSON.parse(
    (await api('GET', '/api/v1/nodes')).body,
  ).items;
  const addresses = nodes.flatMap((node) => node.status.addresses);
  const external = addresses.find(({ type }) => type === 'ExternalIP');
  const address = external ?? addresses.find(({ type }) => type === 'InternalIP');
  if (address === undefined) throw new Error('no node has an address');
  return `http://${address.address}:${port}`;
}

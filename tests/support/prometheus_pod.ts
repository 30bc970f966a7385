/**
 * Prometheus and Alertmanager as `kubectl apply -k monitoring` brings them into a cluster, with the project's own files on
 * a faster clock. Prometheus is built from upstream's source, since Debian's lacks the discovery in Kubernetes.
 */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { isDeployment, type Manifest, parseManifests } from '../../ci/src/deploy/manifest.ts';
import { type Api, apiOf } from './cluster/api.ts';
import { type Cluster, layerOfFiles, type PushedImage, push } from './cluster.ts';
import { programPath } from './need.ts';
import { PATIENCE } from './patience.ts';
import { type PromQL, promQL } from './promql.ts';
import { LOOKBACK, scaleAlertmanager, scaleDuration, scalePrometheus, scaleRules } from './time_scale.ts';

const folder = resolve(import.meta.dirname, '../../monitoring');
const read = (path: string) => readFileSync(join(folder, path), 'utf8');
/** One hour of the rules passes in a minute. */
const FACTOR = 60;
/**
 * Prometheus takes some seconds to forget a pod that has gone, whatever the clock. SentimentTargetDown waits a minute, and
 * has to wait for longer than that here too.
 */
const TARGET_DOWN_FOR = '15s';

/** Upstream's Alertmanager has them built in, Debian's reads them from there. */
const TEMPLATES = globSync('/usr/share/prometheus/alertmanager/*.tmpl');

/** Names of two namespaces that are there, and the address of a webhook that pods reach. */
export type Place = { watched: string; monitoring: string; webhook: string };

type Kustomization = { resources: string[]; configMapGenerator: { name: string; files: string[] }[] };
type Images = Record<string, PushedImage>;

/** Resolves when both are ready. All of it goes with the two namespaces. */
export async function startPrometheusPod(cluster: Cluster, place: Place): Promise<PromQL> {
  const api = apiOf(cluster.kubeconfig);
  const { resources, configMapGenerator }: Kustomization = parse(read('kustomization.yaml'));
  const images = {
    prometheus: await pushProgram(cluster, 'prometheus', programPath('discovery')),
    alertmanager: await pushProgram(cluster, 'alertmanager', programPath('alertmanager')),
  };
  for (const { name, files } of configMapGenerator) await set(api, configMapOf(name, files, place));
  const objects = resources.flatMap((path) => parseManifests(moved(read(path), place), path));
  const [deployments, others] = [objects.filter(isDeployment), objects.filter((each) => !isDeployment(each))];
  for (const object of others) await set(api, object);
  const alertmanager = await clusterIp(api, place.monitoring, 'alertmanager');
  for (const deployment of deployments) await set(api, asTested(deployment, images, alertmanager));
  for (const { metadata } of deployments) await untilAvailable(api, place.monitoring, metadata.name);
  const proxy = `/api/v1/namespaces/${place.monitoring}/services/prometheus:http/proxy`;
  return promQL(async (path) => (await api('GET', proxy + path)).body);
}

async function pushProgram(cluster: Cluster, name: string, path: string | undefined): Promise<PushedImage> {
  if (path === undefined) throw new Error(`there is no ${name}: ask need() first`);
  const besides = Object.fromEntries([...librariesOf(path), ...TEMPLATES].map((file) => [file.slice(1), file]));
  const layer = await layerOfFiles({ [`bin/${name}`]: path, ...besides });
  return push(cluster.images, { name, tag: 'test', layers: [layer], config: { Entrypoint: [`/bin/${name}`] } });
}

/** None of a program that is linked statically, where it fails. ldd(1) */
function librariesOf(path: string): string[] {
  const { stdout } = spawnSync('ldd', [path], { encoding: 'utf8' });
  return stdout.match(/(?<=^\t(?:\S+ => )?)\/\S+/gm) ?? [];
}

/** As kustomize makes it, without the content in its name. */
function configMapOf(
  name: string,
  files: string[],
  { watched, monitoring, webhook }: Place,
): Manifest & { data: object } {
  const data = files.map((entry) => {
    const [key, path] = entry.includes('=') ? entry.split('=') : [basename(entry), entry];
    return [key, fileOf(path, watched, webhook)];
  });
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: monitoring },
    data: Object.fromEntries(data),
  };
}

function fileOf(path: string, watched: string, webhook: string): string {
  const text = read(path);
  if (path === 'alertmanager.yml') return scaleAlertmanager(text, FACTOR, webhook);
  if (path === 'prometheus.kubernetes.yml') {
    return scalePrometheus(text.replace('names: [sentiment]', `names: [${watched}]`), FACTOR);
  }
  return scaleRules(text, FACTOR).replace(/(?<=alert: SentimentTargetDown\n(?:.*\n)*? +for: )\w+/, TARGET_DOWN_FOR);
}

function moved(yaml: string, { watched, monitoring }: Place): string {
  return yaml
    .replaceAll('namespace: monitoring', `namespace: ${monitoring}`)
    .replaceAll('namespace: sentiment', `namespace: ${watched}`)
    .replace('kind: Namespace\nmetadata:\n  name: monitoring', `kind: Namespace\nmetadata:\n  name: ${monitoring}`);
}

/** The images of the test, the faster clock, and for want of DNS the one name that prometheus.kubernetes.yml asks for. */
function asTested(deployment: Manifest, images: Images, alertmanager: string): Manifest {
  if (!isDeployment(deployment)) throw new TypeError(`${deployment.kind} is no Deployment`);
  const copy = structuredClone(deployment);
  const pod = copy.spec?.template.spec;
  const [container] = pod?.containers ?? [];
  if (!pod || !container) throw new Error(`${copy.metadata.name} has no container`);
  container.image = images[container.name].byDigest;
  if (container.name === 'alertmanager') return copy;
  const { args = [] } = container;
  const hasty = [`--query.lookback-delta=${scaleDuration(LOOKBACK, FACTOR)}`, '--scrape.discovery-reload-interval=1s'];
  container.args = [...args, ...hasty];
  pod.hostAliases = [{ ip: alertmanager, hostnames: ['alertmanager'] }];
  return copy;
}

async function set(api: Api, object: Manifest): Promise<void> {
  const { kind, apiVersion, metadata } = object;
  const plural = kind === 'NetworkPolicy' ? 'networkpolicies' : `${kind.toLowerCase()}s`;
  const base = `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}`;
  const { status, body } =
    kind === 'Namespace'
      ? await api('PUT', `${base}/namespaces/${metadata.name}`, object)
      : await api('POST', `${base}/namespaces/${metadata.namespace}/${plural}`, object);
  if (status >= 300) throw new Error(`${kind} ${metadata.name}: ${body}`);
}

async function clusterIp(api: Api, namespace: string, service: string): Promise<string> {
  return JSON.parse((await api('GET', `/api/v1/namespaces/${namespace}/services/${service}`)).body).spec.clusterIP;
}

async function untilAvailable(api: Api, namespace: string, name: string): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
  for (const deadline = Date.now() + PATIENCE; ; await sleep(100)) {
    const { status } = JSON.parse((await api('GET', path)).body);
    if (status.availableReplicas > 0) return;
    if (Date.now() > deadline)
      throw new Error(`${name} is not available after ${PATIENCE / 1000} s: ${JSON.stringify(status)}`);
  }
}

/**
 * Whether the Services in front of a Deployment answer, asked from inside the cluster through the API server's proxy. Ready
 * pods prove nothing about the way to them: a port with another name or a wrong target has no endpoint.
 * https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/ (proxy)
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig, V1Deployment, V1EndpointSlice, V1Service, V1ServicePort } from '#kubernetes';
import { quote } from '../diagnosis/text.ts';
import { apiError, describeError, ifFound, isForbidden, withRetries } from '../kubernetes/api_error.ts';
import { kubernetes } from '../kubernetes/client.ts';
import { ask } from '../kubernetes/objects.ts';
import { newRevision, type Snapshot } from '../kubernetes/snapshot.ts';
import { withTimeout } from '../timeout.ts';
import type { Manifest } from './manifest.ts';

export type Answers = {
  /** `Service app, port 80: GET /health/ready answers 200`. */
  answered: string[];
  /** Why a Service was not asked. */
  notAsked: string[];
  /** What was asked and did not answer. */
  silent: string[];
};

const askMs = 15_000;
/** Endpoints follow the pods within a second or two, and a loaded machine takes longer. */
const patienceMs = 30_000;
/** Without any answer, not even a refusal, the API server or the node may be what is slow. */
const slowMs = 90_000;

/** Asks every Service of the release that selects its pods, until all have answered or half a minute has passed. */
export async function askServices(kubeConfig: KubeConfig, snapshot: Snapshot, services: Manifest[]): Promise<Answers> {
  const { namespace = 'default' } = snapshot.deployment.metadata ?? {};
  const own = services.filter((service) => isOf(service, namespace, snapshot.deployment));
  const parts = await Promise.all(
    own.map(({ metadata }) => askService(kubeConfig, snapshot, namespace, metadata.name)),
  );
  const all: Answers = { answered: [], notAsked: [], silent: [] };
  for (const part of parts) for (const key of ['answered', 'notAsked', 'silent'] as const) all[key].push(...part[key]);
  return all;
}

/** It selects the pods of the Deployment. */
export function isOf({ kind, metadata, ...rest }: Manifest, namespace: string, deployment: V1Deployment): boolean {
  const selector = (rest as { spec?: { selector?: Record<string, string> } }).spec?.selector;
  const labels = deployment.spec?.template.metadata?.labels ?? {};
  if (kind !== 'Service' || (metadata.namespace ?? 'default') !== namespace || !selector) return false;
  return Object.entries(selector).every(([label, value]) => labels[label] === value);
}

async function askService(
  kubeConfig: KubeConfig,
  snapshot: Snapshot,
  namespace: string,
  name: string,
): Promise<Answers> {
  const core = kubeConfig.makeApiClient(kubernetes().CoreV1Api);
  const none: Answers = { answered: [], notAsked: [], silent: [] };
  for (const begun = Date.now(); ; await sleep(500)) {
    try {
      const service = await withRetries(() => ifFound(core.readNamespacedService({ namespace, name })));
      if (!service) return { ...none, silent: [`Service ${name} does not exist`] };
      const strangers = await leadsElsewhere(kubeConfig, snapshot, namespace, name);
      const ports = service.spec?.ports ?? [];
      const asked = await Promise.all(ports.map((port) => askPort(kubeConfig, snapshot, service, port)));
      const silent = [...strangers.silent, ...asked.flatMap(({ silent }) => silent)];
      const notAsked = [...strangers.notAsked, ...asked.flatMap(({ notAsked }) => notAsked)];
      const isSlow = silent.every((line) => line.includes(': no answer within '));
      if (silent.length === 0 || Date.now() - begun > (isSlow ? slowMs : patienceMs))
        return { answered: asked.flatMap(({ answered }) => answered), notAsked, silent };
    } catch (error) {
      if (!apiError(error)) throw error;
      return { ...none, notAsked: [`Service ${name} was not asked: ${describeError(error)}`] };
    }
  }
}

/** The Service must lead to a pod of this revision; another Deployment may stand behind it as well. */
async function leadsElsewhere(
  kubeConfig: KubeConfig,
  snapshot: Snapshot,
  namespace: string,
  name: string,
): Promise<Pick<Answers, 'silent' | 'notAsked'>> {
  const api = kubeConfig.makeApiClient(kubernetes().DiscoveryV1Api);
  const labelSelector = `kubernetes.io/service-name=${name}`;
  let slices: V1EndpointSlice[];
  try {
    slices = (await withRetries(() => api.listNamespacedEndpointSlice({ namespace, labelSelector }))).items;
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return {
      silent: [],
      notAsked: [`which pods Service ${name} leads to is unknown: no right to list endpointslices`],
    };
  }
  const pods = newRevision(snapshot)?.pods.map(({ metadata }) => metadata?.name) ?? [];
  const ready = slices
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false);
  if (ready.some(({ targetRef }) => pods.includes(targetRef?.name))) return { silent: [], notAsked: [] };
  const others = [...new Set(ready.map(({ targetRef }) => targetRef?.name ?? 'an address of no pod'))].slice(0, 3);
  return { silent: [`Service ${name} leads to ${others.join(', ') || 'no pod'}`], notAsked: [] };
}

async function askPort(
  kubeConfig: KubeConfig,
  snapshot: Snapshot,
  service: V1Service,
  port: V1ServicePort,
): Promise<Answers> {
  const { name, namespace } = service.metadata ?? {};
  const none: Answers = { answered: [], notAsked: [], silent: [] };
  const what = `Service ${name}, port ${port.port}`;
  if ((port.protocol ?? 'TCP') !== 'TCP')
    return { ...none, notAsked: [`${what} was not asked: it is ${port.protocol}`] };
  const path = pathOf(snapshot, port);
  const scheme = port.port === 443 || /https/.test(`${port.name} ${port.appProtocol}`) ? 'https:' : '';
  const target = `${scheme}${name}:${port.port}`;
  const request = { method: 'GET', path: `/api/v1/namespaces/${namespace}/services/${target}/proxy${path}` } as const;
  try {
    const { status, body } = await withTimeout(ask(kubeConfig, request), askMs);
    const trouble = proxyTrouble(status, body);
    if (trouble === 'no right') return { ...none, notAsked: [`${what} was not asked: no right to get services/proxy`] };
    if (trouble !== undefined) return { ...none, silent: [`${what}: ${trouble}`] };
    if (status >= 500) return { ...none, silent: [`${what}: GET ${path} answers ${status}: "${quote(body, 200)}"`] };
    return { ...none, answered: [`${what}: GET ${path} answers ${status}`] };
  } catch (error) {
    return { ...none, silent: [`${what}: ${describeError(error)}`] };
  }
}

/** What the API server itself answers in place of the Service; undefined if the Service answered. */
function proxyTrouble(status: number, body: string): string | undefined {
  if (!/^\s*\{/.test(body) || !/"kind":\s*"Status"/.test(body)) {
    // The proxy of a connection that speaks no HTTP has its own sentence: something listens there.
    return status >= 502 && /error trying to reach service/.test(body) && !/malformed HTTP/.test(body)
      ? quote(body, 200)
      : undefined;
  }
  const { message = '' } = JSON.parse(body) as { message?: string };
  if (status === 403) return 'no right';
  return /malformed HTTP/.test(message) ? undefined : quote(message, 200);
}

/** The readiness probe's path where it asks the same port, otherwise the root. */
export function pathOf({ deployment }: Snapshot, { targetPort, port }: V1ServicePort): string {
  const containers = deployment.spec?.template.spec?.containers ?? [];
  for (const { ports = [], readinessProbe } of containers) {
    const { port: probed, path = '/' } = readinessProbe?.httpGet ?? {};
    const numberOf = (wanted: string | number | undefined) =>
      ports.find(({ name }) => name === wanted)?.containerPort ?? wanted;
    if (probed !== undefined && String(numberOf(probed)) === String(numberOf(targetPort ?? port))) return path;
  }
  return '/';
}

/**
 * The balancer in front of the Services: whether new pods will get its gate, and whether its address answers from outside the
 * cluster, which is where the users are.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig, V1Service } from '#kubernetes';
import { apiError, describeError, isForbidden, isNotFound, withRetries } from '../kubernetes/api_error.ts';
import { kubernetes } from '../kubernetes/client.ts';
import type { Snapshot } from '../kubernetes/snapshot.ts';
import { isOf, pathOf } from './answers.ts';
import type { Manifest, Release } from './manifest.ts';

/** What the users' side says. Undefined without a balancer. */
export type FromOutside =
  | { state: 'answers'; says: string }
  | { state: 'not asked'; says: string }
  | { state: 'silent'; says: string };

const askMs = 5000;
const pauseMs = 1000;
// A balancer that is new gets its address while the pods start; a missing one at the end has no controller.
const addressMs = 5000;

/** Asks the first Service of type LoadBalancer that selects the Deployment's pods, for `patienceMs`. Never throws. */
export async function askOutside(
  kubeConfig: KubeConfig,
  snapshot: Snapshot,
  services: Manifest[],
  patienceMs: number,
): Promise<FromOutside | undefined> {
  const { namespace = 'default' } = snapshot.deployment.metadata ?? {};
  const core = kubeConfig.makeApiClient(kubernetes().CoreV1Api);
  const begun = Date.now();
  for (const wanted of services.filter((each) => isOf(each, namespace, snapshot.deployment))) {
    for (;;) {
      const name = wanted.metadata.name;
      try {
        const service = await withRetries(() => core.readNamespacedService({ namespace, name }));
        if (service.spec?.type !== 'LoadBalancer') break;
        const found = await askBalancer(service, pathOf(snapshot, service.spec.ports?.[0] ?? { port: 80 }));
        const limit = found.state === 'not asked' ? Math.min(addressMs, patienceMs) : patienceMs;
        if (found.state === 'answers' || isInternal(service) || Date.now() - begun >= limit) return found;
      } catch (error) {
        return { state: 'not asked', says: `it was not asked from outside: ${describeError(error)}` };
      }
      await sleep(pauseMs);
    }
  }
  return undefined;
}

async function askBalancer(service: V1Service, path: string): Promise<FromOutside> {
  const { name } = service.metadata ?? {};
  if (isInternal(service))
    return { state: 'not asked', says: `it was not asked from outside: the balancer of Service ${name} is internal` };
  const address = addressOf(service);
  if (address === undefined)
    return {
      state: 'not asked',
      says: `it was not asked from outside: the balancer of Service ${name} has no address yet`,
    };
  const scheme = /:443$/.test(address) ? 'https' : 'http';
  const url = `${scheme}://${address}${path}`;
  const ranges = service.spec?.loadBalancerSourceRanges ?? [];
  const only = ranges.length > 0 ? `, which only ${ranges.join(', ')} may reach` : '';
  try {
    const { status } = await fetch(url, { signal: AbortSignal.timeout(askMs), redirect: 'manual' });
    if (status < 500) return { state: 'answers', says: `${url} answers ${status}` };
    return { state: 'silent', says: `${url} answers ${status}` };
  } catch (error) {
    return { state: 'silent', says: `${url}${only} does not answer from here: ${rootMessage(error)}` };
  }
}

function isInternal({ metadata }: V1Service): boolean {
  const notes = metadata?.annotations ?? {};
  return notes['service.beta.kubernetes.io/aws-load-balancer-scheme'] === 'internal';
}

/** `host:port`; undefined until the cloud has assigned an address. */
export function addressOf({ spec, status }: V1Service): string | undefined {
  const [ingress] = status?.loadBalancer?.ingress ?? [];
  const host = ingress?.hostname ?? ingress?.ip;
  const port = spec?.ports?.[0]?.port;
  return host && port ? `${host.includes(':') ? `[${host}]` : host}:${port}` : undefined;
}

function rootMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? rootMessage(error.cause) : error.message;
}

type TargetGroupBinding = { spec?: { serviceRef?: { name?: string } } };

const group = { group: 'elbv2.k8s.aws', version: 'v1beta1', plural: 'targetgroupbindings' };
const bindingMs = 180_000;

/**
 * Waits until the AWS Load Balancer Controller, where there is one, has bound the release's Services: only pods that are made
 * afterwards get its gate, and a pod without a gate counts as ready before the balancer knows it.
 * https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/
 */
export async function awaitBinding(
  kubeConfig: KubeConfig,
  { namespace, objects, deployment }: Release,
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const own = objects.filter((object) => isOf(object, namespace, deployment)).filter(isBalanced);
  if (own.length === 0) return;
  const custom = kubeConfig.makeApiClient(kubernetes().CustomObjectsApi);
  const names = own.map(({ metadata }) => metadata.name).join(', ');
  let isTold = false;
  try {
    for (const end = Date.now() + bindingMs; ; await sleep(pauseMs, undefined, { signal })) {
      const list: { items?: TargetGroupBinding[] } = await withRetries(() =>
        custom.listNamespacedCustomObject({ ...group, namespace }),
      );
      const bound = (list.items ?? []).map(({ spec }) => spec?.serviceRef?.name);
      const missing = own.map(({ metadata }) => metadata.name).filter((name) => !bound.includes(name));
      if (missing.length === 0) return;
      if (!isTold)
        onProgress(`waiting for the balancer of Service ${missing.join(', ')}, so that the pods get its gate`);
      isTold = true;
      if (Date.now() > end) {
        onProgress(
          `the balancer of Service ${missing.join(', ')} is not bound after ${bindingMs / 1000} s: pods made now have no gate`,
        );
        return;
      }
    }
  } catch (error) {
    if (!apiError(error)) throw error;
    // Without the controller's kind there is no controller.
    if (isNotFound(error)) return;
    const why = isForbidden(error) ? 'no right to list targetgroupbindings' : describeError(error);
    onProgress(`whether the balancer of Service ${names} is bound is unknown: ${why}`);
  }
}

function isBalanced(object: Manifest): boolean {
  const { spec } = object as { spec?: { type?: string; loadBalancerClass?: string } };
  return spec?.type === 'LoadBalancer' && /^service\.k8s\.aws\//.test(spec.loadBalancerClass ?? 'service.k8s.aws/nlb');
}

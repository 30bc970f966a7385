/** Where the load balancer in front of the service is: what people call and what Prometheus scrapes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig, V1Service } from '#kubernetes';
import { withRetries } from '../kubernetes/api_error.ts';
import { kubernetes } from '../kubernetes/client.ts';

/** Milliseconds between two looks. */
const INTERVAL = 2_000;

/** `host:port`; undefined while the cloud has given it no address. */
export function addressOf({ spec, status }: V1Service): string | undefined {
  const [ingress] = status?.loadBalancer?.ingress ?? [];
  const host = ingress?.hostname ?? ingress?.ip;
  const port = spec?.ports?.[0]?.port;
  return host && port ? `${host.includes(':') ? `[${host}]` : host}:${port}` : undefined;
}

/**
 * A new load balancer has its address after some seconds: `patience`, in milliseconds, is how long to wait. Throws what
 * the client throws.
 */
export async function serviceAddress(
  kubeConfig: KubeConfig,
  service: { namespace: string; name: string },
  patience: number,
): Promise<string | undefined> {
  const core = kubeConfig.makeApiClient(kubernetes().CoreV1Api);
  const end = Date.now() + patience;
  for (;;) {
    const address = addressOf(await withRetries(() => core.readNamespacedService(service)));
    if (address !== undefined || Date.now() >= end) return address;
    await sleep(INTERVAL);
  }
}

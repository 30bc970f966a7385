/**
 * The Kubernetes client, loaded on first use. It has a thousand files, and Dagger loads this module again for each function
 * call, most of which need no cluster.
 *
 * `#kubernetes` and `#aws/...` are our own names for packages (`imports` in package.json). At each call Dagger also parses the
 * types of every package that it can resolve, and it cannot resolve these. Without both, each call takes 2.5 seconds longer.
 */
import { createRequire } from 'node:module';
import type { KubeConfig } from '#kubernetes';
import { hide } from '../redact.ts';

export type Kubernetes = typeof import('#kubernetes');

let loaded: Kubernetes | undefined;

/** Node 24 can require ES modules synchronously. https://nodejs.org/api/modules.html#loading-ecmascript-modules-using-require */
export function kubernetes(): Kubernetes {
  loaded ??= createRequire(import.meta.url)('@kubernetes/client-node') as Kubernetes;
  return loaded;
}

/** An answer of the API server, or of what stands between, may repeat the credentials of a kubeconfig. */
export function hideCredentials({ users }: KubeConfig): void {
  for (const { token, password, keyData } of users) for (const secret of [token, password, keyData]) hide(secret);
}

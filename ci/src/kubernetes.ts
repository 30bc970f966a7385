/**
 * The Kubernetes client, loaded when it is first used. It is a thousand files, and Dagger loads this module anew for each
 * call of a function, most of which never talk to a cluster.
 *
 * `#kubernetes` and `#aws/...` are names of ours for packages (`imports` in package.json). At each call Dagger also parses
 * the types of all packages that it can resolve, and these it cannot. Both together cost every call 2.5 seconds.
 */
import { createRequire } from 'node:module';

export type Kubernetes = typeof import('#kubernetes');

let loaded: Kubernetes | undefined;

/** Node 24 requires ES modules synchronously. https://nodejs.org/api/modules.html#loading-ecmascript-modules-using-require */
export function kubernetes(): Kubernetes {
  loaded ??= createRequire(import.meta.url)('@kubernetes/client-node') as Kubernetes;
  return loaded;
}

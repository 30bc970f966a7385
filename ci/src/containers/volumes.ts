/**
 * Cache volumes for what is believed without a check: DVC's cache, uv's unpacked packages. On a shared engine everybody can
 * mount a volume whose name they know, and leave there what another call then takes up; and traces show the names of all
 * volumes. So a call with a secret, as a release is one, uses no such volume: it has what its own layers hold.
 */
import { type Container, dag } from '@dagger.io/dagger';

/** Mounts the volume that everybody uses, or for a call with a secret nothing. */
export function withSharedCache(path: string, name: string, hasSecret: boolean): (container: Container) => Container {
  return (container) => (hasSecret ? container : container.withMountedCache(path, dag.cacheVolume(name)));
}

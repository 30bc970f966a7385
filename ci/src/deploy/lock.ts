/**
 * One deployer at a time: a coordination.k8s.io Lease beside the Deployment, held and renewed during a rollout. Clocks are
 * never compared (as in client-go's leader election): a lock is alive if its holder renews it while we watch, and free after
 * its whole duration without a renewal. So a killed deployer blocks the next one for at most `durationSeconds`, and of two
 * deployers the second learns within one renewal who holds the lock. While the API server is away nobody can take the lock, so
 * its holder keeps trying: a renewal under the version it knows fails if another deployer was faster.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig, V1Lease } from '#kubernetes';
import { PipelineError } from '../errors.ts';
import { describeError, ifFound, isConflict, isNotFound, withRetries } from '../kubernetes/api_error.ts';
import { kubernetes } from '../kubernetes/client.ts';

const durationSeconds = 15;
const renewSeconds = 3;
// After that the rollout is given up, and the next run continues it.
const awaySeconds = 600;

/** Of the Lease; a Role can name it. */
export function lockName(deployment: string): string {
  return `${deployment}-deploy`;
}

export type LockOptions = {
  kubeConfig: KubeConfig;
  namespace: string;
  /** The Lease's name. */
  name: string;
  /** Who holds it, for people to read; unique for each deployer. */
  holder: string;
  /** Called once if there is another holder, which we then watch for a renewal. */
  onWait?: (holder: string) => void;
  signal?: AbortSignal;
};

export type Lock = {
  /** Aborts with a PipelineError when another deployer took the lock or it could not be renewed in time. */
  lost: AbortSignal;
  /** Renews now, before a change after a long wait. Throws what `lost` aborts with, or what the client throws. */
  confirm: () => Promise<void>;
  /** Releases the lock. Never throws: the lock expires by itself. */
  release: () => Promise<void>;
};

/** Throws LOCKED if another deployer holds the lock, the signal's reason, and what the client throws. */
export async function acquireLock(options: LockOptions): Promise<Lock> {
  const { kubeConfig, namespace, name, holder } = options;
  const api = kubeConfig.makeApiClient(kubernetes().CoordinationV1Api);
  const read = () => ifFound(withRetries(() => api.readNamespacedLease({ namespace, name })));

  /** Our Lease. Undefined if somebody was faster or an answer was lost; the next read tells which. */
  async function take(found: V1Lease | undefined): Promise<V1Lease | undefined> {
    const now = new (kubernetes().V1MicroTime)();
    const spec = { holderIdentity: holder, leaseDurationSeconds: durationSeconds, acquireTime: now, renewTime: now };
    try {
      const body = found ? { ...found, spec } : { metadata: { namespace, name }, spec };
      if (!found) return await withRetries(() => api.createNamespacedLease({ namespace, body }));
      return await withRetries(() => api.replaceNamespacedLease({ namespace, name, body }));
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return undefined;
      throw error;
    }
  }

  let watched: { version: string; since: number } | undefined;
  for (;;) {
    options.signal?.throwIfAborted();
    const found = await read();
    const other = found?.spec?.holderIdentity;
    const isFree = !other || other === holder;
    if (!isFree && !watched) options.onWait?.(other);
    const version = found?.metadata?.resourceVersion ?? '';
    if (!isFree && watched && watched.version !== version) throw locked(namespace, name, other);
    watched ??= { version, since: Date.now() };
    const seconds = found?.spec?.leaseDurationSeconds ?? durationSeconds;
    if (isFree || Date.now() - watched.since > seconds * 1000) {
      const lease = await take(found);
      if (lease) return keep(lease);
      continue;
    }
    await sleep(300, undefined, { signal: options.signal });
  }

  function keep(first: V1Lease): Lock {
    let lease = first;
    let renewedAt = Date.now();
    const lost = new AbortController();
    const stopped = new AbortController();
    let renewing: Promise<void> = Promise.resolve();
    const done = renewForever();
    return { lost: lost.signal, confirm, release };

    async function renewForever(): Promise<void> {
      while (!stopped.signal.aborted && !lost.signal.aborted) {
        await sleep(renewSeconds * 1000, undefined, { signal: stopped.signal }).catch(() => {});
        if (stopped.signal.aborted) return;
        await renew();
      }
    }

    /** One after the other: each needs the version that the one before it left. */
    function renew(): Promise<void> {
      renewing = renewing.then(async () => {
        try {
          lease = await write({ ...lease.spec, renewTime: new (kubernetes().V1MicroTime)() });
          renewedAt = Date.now();
        } catch (error) {
          await afterFailure(error);
        }
      });
      return renewing;
    }

    async function confirm(): Promise<void> {
      await renew();
      lost.signal.throwIfAborted();
    }

    function write(spec: V1Lease['spec']): Promise<V1Lease> {
      return withRetries(() => api.replaceNamespacedLease({ namespace, name, body: { ...lease, spec } }), renewSeconds);
    }

    /** A conflict may come from our own earlier write, whose answer was lost. */
    async function afterFailure(error: unknown): Promise<void> {
      if (isConflict(error) || isNotFound(error)) {
        const found = await read().catch(() => lease);
        if (found?.spec?.holderIdentity === holder) {
          lease = found;
          return;
        }
        lost.abort(lockLost(`its holder is now "${found?.spec?.holderIdentity ?? 'nobody'}"`, error));
      } else if (Date.now() - renewedAt > awaySeconds * 1000) {
        lost.abort(lockLost(`it could not be renewed: ${describeError(error)}`, error));
      }
    }

    async function release(): Promise<void> {
      stopped.abort();
      await done;
      if (lost.signal.aborted) return;
      const free = {
        ...lease.spec,
        holderIdentity: undefined,
        leaseDurationSeconds: 1,
        renewTime: new (kubernetes().V1MicroTime)(),
      };
      await write(free).catch(() => {});
    }
  }

  function lockLost(why: string, cause: unknown): PipelineError {
    const next = 'deploy again: a deployment continues from any state';
    return new PipelineError('LOCK_LOST', `the lock ${namespace}/${name} was lost: ${why}`, { next, cause });
  }
}

function locked(namespace: string, name: string, holder: string): PipelineError {
  const next = 'wait until that deployment ends, then deploy again';
  return new PipelineError('LOCKED', `another deployer is running in ${namespace}: ${holder}`, {
    evidence: [`it holds the Lease ${name} and renewed it a moment ago`],
    next,
  });
}

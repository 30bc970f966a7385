/** A rollout that has begun, for the parts that carry it out. */
import { describeError } from '../kubernetes/api_error.ts';
import { readSnapshot, type Snapshot } from '../kubernetes/snapshot.ts';
import type { Manifest } from './manifest.ts';
import type { Plan } from './plan.ts';

export type Running = Plan & {
  signal: AbortSignal;
  /** Throws if another deployer has the lock: for the moment before a change after a long wait. */
  confirmLock: () => Promise<void>;
};

export function readNow({ options, release }: Running): Promise<Snapshot | undefined> {
  return readSnapshot(options.kubeConfig, release.namespace, release.name);
}

/** A failed status write must not block the rollback. */
export async function attempt({ options }: Running, trouble: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    options.onProgress(`${trouble}: ${describeError(error)}`);
  }
}

export function title({ kind, metadata }: Pick<Manifest, 'kind' | 'metadata'>): string {
  return `${kind} ${metadata.name}`;
}

/** Seconds. */
export function since(start: number): number {
  return (Date.now() - start) / 1000;
}

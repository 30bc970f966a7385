/**
 * Creating a thing on a server exactly once, over a connection that may break. When a creation breaks off, the server
 * may or may not have done it; so before trying again we look for the thing by something that only ours carries.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TrackingConfig } from './config.ts';
import { MlflowError } from './errors.ts';

/** `create` must be a call marked `once`; `find` must find what `create` made, and nothing else. */
export async function createOnce<T>(
  config: TrackingConfig,
  create: () => Promise<T>,
  find: () => Promise<T | undefined>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await create();
    } catch (error) {
      if (!(error instanceof MlflowError) || error.effect !== 'maybe') throw error;
      const found = await find();
      if (found !== undefined) return found;
      if (attempt >= config.retries) throw error;
      await sleep(config.pause * 2 ** attempt * (0.5 + Math.random()));
    }
  }
}

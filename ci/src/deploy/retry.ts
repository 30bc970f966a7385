/** Retries: a call survives a lost connection and the replacement of an API server. */
import { setTimeout as sleep } from 'node:timers/promises';
import { withTimeout } from '../timeout.ts';
import { apiError } from './api_error.ts';

// For a call that gets no answer at all: undici itself would wait 300 s.
const callTimeoutMs = 10_000;

/**
 * Retries for `seconds` after no answer, 429 or 5xx. Only for calls that may run twice: reads, server-side applies, and
 * updates under a resource version.
 */
export async function patiently<T>(call: () => Promise<T>, seconds = 20): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (let waitMs = 100; ; waitMs = Math.min(2 * waitMs, 2000)) {
    try {
      return await withTimeout(call(), callTimeoutMs);
    } catch (error) {
      if (!isTemporary(error) || Date.now() + waitMs > end) throw error;
      await sleep(waitMs);
    }
  }
}

function isTemporary(error: unknown): boolean {
  const code = apiError(error)?.code;
  if (code !== undefined) return code === 429 || code >= 500;
  // undici reports every transport fault as "TypeError: fetch failed" with the system's error as its cause.
  return error instanceof Error && (error.name === 'TimeoutError' || error.cause !== undefined);
}

/** Calls that outlive a lost connection or an API server that is being replaced. */
import { setTimeout as sleep } from 'node:timers/promises';
import { apiError } from './api_error.ts';

// A call that gets no answer at all: undici itself would wait for 300 s.
const callTimeoutMs = 10_000;

/**
 * Tries again, for `seconds`, what failed without an answer or with 429 or 5xx. For calls that may be made twice:
 * reads, server-side applies, and updates under a resource version.
 */
export async function patiently<T>(call: () => Promise<T>, seconds = 20): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (let waitMs = 100; ; waitMs = Math.min(2 * waitMs, 2000)) {
    try {
      return await withTimeout(call(), callTimeoutMs);
    } catch (error) {
      if (!isPassing(error) || Date.now() + waitMs > end) throw error;
      await sleep(waitMs);
    }
  }
}

/** Rejects when no answer came in time. The call itself goes on, for nobody. */
export async function withTimeout<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DOMException(`no answer within ${ms / 1000} s`, 'TimeoutError')), ms);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function isPassing(error: unknown): boolean {
  const code = apiError(error)?.code;
  if (code !== undefined) return code === 429 || code >= 500;
  // undici reports every transport fault as "TypeError: fetch failed" with the system's error as its cause.
  return error instanceof Error && (error.name === 'TimeoutError' || error.cause !== undefined);
}

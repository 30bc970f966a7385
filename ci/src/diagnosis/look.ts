/** One careful look at the world, and what it may add to a verdict. */
import { describeError } from '../deploy/api_error.ts';
import type { Snapshot } from '../deploy/snapshot.ts';
import { quote } from './finding.ts';
import type { Reads, Verdict } from './verdict.ts';

/** Fields of a verdict that replace the old ones; evidence is added to the old. */
export type Addition = Partial<Verdict>;

export type Explainer = (verdict: Verdict, snapshot: Snapshot, reads: Reads) => Promise<Addition>;

const patienceMs = 5000;

/** What was read, or one line on why it was not. */
export async function look<T>(
  what: string,
  read: () => Promise<T>,
  ms = patienceMs,
): Promise<{ value: T } | { trouble: string }> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer in ${ms / 1000} s`)), ms);
  try {
    return { value: await Promise.race([read(), late]) };
  } catch (error) {
    return { trouble: `${what} cannot be read: ${quote(describeError(error), 200)}` };
  } finally {
    clearTimeout(timer);
  }
}

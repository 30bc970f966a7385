/**
 * Does the work; when it fails, or SIGINT (Ctrl-C) or SIGTERM comes meanwhile, cleans up first. After a signal the
 * program ends with the exit code by which a shell knows it.
 */
import { constants } from 'node:os';

export async function cleaningUp<T>(work: () => Promise<T>, cleanUp: () => Promise<void>): Promise<T> {
  const stop = (signal: 'SIGINT' | 'SIGTERM') => {
    const leave = () => process.exit(128 + constants.signals[signal]);
    cleanUp().then(leave, leave);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    return await work();
  } catch (error) {
    await cleanUp();
    throw error;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

/** The service as a program that signals end: what main.ts and `sentiment serve` share. */
import { constants } from 'node:os';
import type { ServiceConfig } from './config.ts';
import { Log } from './log.ts';
import { type RunningService, startServer } from './server.ts';

/**
 * Serves until SIGTERM or SIGINT (Ctrl-C), then leaves in good order; a second signal ends the process at once.
 * `onReady` hears the address. Throws what startServer throws.
 */
export async function runService(config: ServiceConfig, onReady?: (service: RunningService) => void): Promise<void> {
  // Whoever reads the log may go before the service does.
  process.stdout.on('error', () => {});
  let service: RunningService | undefined;
  let stopping = false;
  const stopped = new Promise<void>((resolve) => {
    const stop = (signal: 'SIGTERM' | 'SIGINT') => {
      if (stopping) process.exit(128 + constants.signals[signal]);
      stopping = true;
      // Without a model there is no request under way that is worth waiting for.
      if (!service) process.exit(0);
      service.close().then((finished) => {
        if (!finished) process.exitCode = 1;
        resolve();
      });
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
  const log = new Log(config.logLevel);
  // However the process ends, but by SIGKILL: the last lines say why.
  process.on('exit', () => log.flush());
  service = await startServer(config, log);
  onReady?.(service);
  await stopped;
}

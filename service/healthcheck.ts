/** `node service/healthcheck.ts`: exit code 0 if the service on this machine's PORT is alive. The image runs it. */
import { readConfig } from './config.ts';

const { port } = readConfig();
try {
  const { ok } = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(2000) });
  process.exitCode = ok ? 0 : 1;
} catch {
  process.exitCode = 1;
}

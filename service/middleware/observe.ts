import type { Middleware } from 'koa';
import { endpointOf, methodOf } from '../endpoints.ts';
import type { Service } from '../service.ts';

// Probes come every few seconds and say nothing while all is well.
const QUIET = new Set(['/healthz', '/readyz', '/metrics']);

/** Counts, times and logs each request, and tells clients to let go of the connection while the service drains. */
export function observe({ metrics, log, state }: Service): Middleware {
  return async (ctx, next) => {
    const start = performance.now();
    await next();
    if (state.phase === 'draining' && !ctx.headerSent) ctx.set('Connection', 'close');
    const { req, res } = ctx;
    const method = methodOf(req.method ?? '');
    const endpoint = endpointOf(req.url ?? '');
    const ms = performance.now() - start;
    metrics.request(method, endpoint, res.statusCode, ms / 1000);
    if (log.verbose && (res.statusCode >= 400 || !QUIET.has(endpoint))) {
      log.request(method, endpoint, res.statusCode, ms);
    }
  };
}

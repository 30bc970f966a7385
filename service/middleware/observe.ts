import type { Middleware } from 'koa';
import { answerError } from '../answer_error.ts';
import { endpointOf, methodOf } from '../endpoints.ts';
import type { Service } from '../service.ts';
import { nextRequestId, traceOf } from '../trace.ts';

// Probes come every few seconds and say nothing while all is well.
const QUIET = new Set(['/healthz', '/readyz', '/metrics']);

/**
 * Around every request: what is thrown becomes an answer; each has an id, is counted, timed and logged; and while the service
 * drains, clients are told to let go of the connection.
 */
export function observe({ metrics, log, state }: Service): Middleware {
  return async (ctx, next) => {
    const start = performance.now();
    const requestId = nextRequestId();
    ctx.state.requestId = requestId;
    metrics.begin();
    try {
      await next();
    } catch (thrown) {
      answerError(ctx, thrown, log, requestId);
    }
    if (state.phase === 'draining' && !ctx.headerSent) ctx.set('Connection', 'close');
    const { req, res } = ctx;
    if (!res.headersSent) res.setHeader('X-Request-Id', requestId);
    const method = methodOf(req.method ?? '');
    const endpoint = endpointOf(req.url ?? '');
    const ms = performance.now() - start;
    metrics.request(method, endpoint, res.statusCode, ms / 1000);
    if (res.statusCode >= 400 || !QUIET.has(endpoint)) {
      log.request({
        method,
        endpoint,
        status: res.statusCode,
        microseconds: Math.round(ms * 1000),
        request_id: requestId,
        trace: traceOf(req.headers.traceparent),
      });
    }
  };
}

/**
 * The outermost middleware. Every request gets an id, is counted, timed and logged; what is thrown becomes an answer;
 * and while the service drains, clients are told to close the connection.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Context, Middleware } from 'koa';
import { endpointOf, methodOf, nextRequestId, traceOf } from './labels.ts';
import type { Log } from './log.ts';
import { sendPage } from './page/document.ts';
import { errorPage } from './page/error.ts';
import { errorAnswer, RequestError } from './request.ts';
import type { Service } from './service.ts';

// Probes come every few seconds; they are logged only when they fail.
const QUIET = new Set(['/healthz', '/readyz', '/metrics']);

/** A request that began outside Koa, and what went wrong with it. */
type Passed = { error: unknown; start: number; requestId: string };

const passed = new WeakMap<IncomingMessage, Passed>();

/** Has Koa answer the error. */
export function passOn(request: IncomingMessage, response: ServerResponse, what: Passed, app: RequestListener): void {
  passed.set(request, what);
  app(request, response);
}

export function observe(service: Service): Middleware {
  const { metrics, log, state } = service;
  return async (ctx, next) => {
    const before = passed.get(ctx.req);
    const { start, requestId } = before ?? { start: performance.now(), requestId: nextRequestId() };
    ctx.state.requestId = requestId;
    if (!before) metrics.begin();
    try {
      if (before) throw before.error;
      await next();
    } catch (thrown) {
      answerError(ctx, thrown, log, requestId);
    }
    if (state.phase === 'draining' && !ctx.headerSent) ctx.set('Connection', 'close');
    const { req, res } = ctx;
    if (!res.headersSent) {
      res.setHeader('X-Request-Id', requestId);
      res.setHeader('X-Content-Type-Options', 'nosniff');
    }
    noteAnswer(service, req, res, start, requestId);
  };
}

/** Counts, times and logs an answer. */
export function noteAnswer(
  { metrics, log }: Pick<Service, 'metrics' | 'log'>,
  { method: verb = '', url = '', headers }: IncomingMessage,
  { statusCode: status }: ServerResponse,
  start: number,
  requestId: string,
): void {
  const method = methodOf(verb);
  const endpoint = endpointOf(url);
  const ms = performance.now() - start;
  metrics.request(method, endpoint, status, ms / 1000);
  if (status < 400 && QUIET.has(endpoint)) return;
  const trace = traceOf(headers.traceparent);
  log.request({ method, endpoint, status, microseconds: Math.round(ms * 1000), request_id: requestId, trace });
}

/**
 * Answers with JSON, or with a page if the client prefers HTML. Only a RequestError speaks to the client. Any other
 * error is logged, and the client learns only that something failed.
 */
function answerError(ctx: Context, thrown: unknown, log: Log, requestId: string): void {
  const error = thrown instanceof RequestError ? thrown : internal;
  if (error === internal) {
    const stack = thrown instanceof Error ? (thrown.stack ?? '') : String(thrown);
    log.error('request failed', { request_id: requestId, stack });
  }
  ctx.status = error.status;
  ctx.set(error.headers);
  if (ctx.accepts('json', 'html') === 'html') {
    sendPage(ctx, errorPage(error, requestId, '../'.repeat(ctx.path.split('/').length - 2) || './'));
  } else {
    ctx.body = errorAnswer(error);
  }
}

const internal = new RequestError(500, 'INTERNAL', 'the service failed to process this request', {
  next: 'the log of the service has the details',
});

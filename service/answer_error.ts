import type { Context } from 'koa';
import type { Log } from './log.ts';
import { prefersPage } from './negotiate.ts';
import { pageHeaders } from './page/document.ts';
import { errorPage } from './page/error.ts';
import { errorAnswer, RequestError } from './request_error.ts';

/**
 * Turns what was thrown into an answer: JSON, or a page for who asks for pages. Koa's `expose` rule: only a
 * RequestError speaks to the client; anything else is logged, and the client learns that something failed, no more.
 */
export function answerError(ctx: Context, thrown: unknown, log: Log, requestId: string): void {
  const error = thrown instanceof RequestError ? thrown : internal;
  if (error === internal) {
    const stack = thrown instanceof Error ? (thrown.stack ?? '') : String(thrown);
    log.error('request failed', { request_id: requestId, stack });
  }
  ctx.status = error.status;
  ctx.set(error.headers);
  if (prefersPage(ctx)) {
    ctx.set(pageHeaders);
    ctx.body = errorPage(error);
  } else {
    ctx.body = errorAnswer(error);
  }
}

const internal = new RequestError(500, 'INTERNAL', 'the service failed on this request', { next: 'its log says why' });

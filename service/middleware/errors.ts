import type { Context, Middleware } from 'koa';
import { prefersPage } from '../negotiate.ts';
import { pageHeaders } from '../page/document.ts';
import { errorPage } from '../page/error.ts';
import { errorAnswer, RequestError } from '../request_error.ts';
import type { Service } from '../service.ts';

/**
 * Turns what was thrown into an answer: JSON, or a page for who asks for pages. Koa's `expose` rule: only a
 * RequestError speaks to the client; anything else is logged, and the client learns that something failed, no more.
 */
export function errors({ log }: Service): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (thrown) {
      if (!(thrown instanceof RequestError)) {
        const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
        log.error('request failed', { stack });
      }
      answer(ctx, thrown instanceof RequestError ? thrown : internal);
    }
  };
}

const internal = new RequestError(500, 'INTERNAL', 'the service failed on this request', {
  next: 'its log says why',
});

function answer(ctx: Context, error: RequestError): void {
  ctx.status = error.status;
  ctx.set(error.headers);
  if (prefersPage(ctx)) {
    ctx.set(pageHeaders);
    ctx.body = errorPage(error);
  } else {
    ctx.body = errorAnswer(error);
  }
}

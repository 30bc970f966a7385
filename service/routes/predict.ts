/**
 * POST /predict: JSON in, JSON out. The page's form goes to page.ts.
 *
 * A body that starts with { is JSON even if the client did not say so: curl -d calls every body a form, and fetch calls a
 * string text/plain. No form looks like that: browsers encode the brace.
 */
import type { ServerResponse } from 'node:http';
import type { Context } from 'koa';
import { readBody } from '../body.ts';
import { FORM, isJson, mediaType, overloaded, RequestError, UNSAID, unsupported } from '../request.ts';
import { type Handler, predictorOf, type Service } from '../service.ts';
import { predictForm } from './page.ts';

export function predict(service: Service): Handler {
  const { config, state, admission, access } = service;
  const send = (ctx: Context, json: string) => {
    if (!admission.send(ctx.res, json.length)) throw overloaded('too many answers wait for their readers');
    // This bypasses Koa: its way of sending JSON costs more than the rest of Koa together.
    ctx.respond = false;
    sendJson(ctx.res, json, String(ctx.state.requestId), state.phase === 'draining');
  };
  const answer = (ctx: Context, body: string): void | Promise<void> => {
    const score = () => predictorOf(state).predictJson(body, asksToExplain(ctx.req.url ?? ''));
    const json = admission.work(body.length, score);
    return typeof json === 'string' ? send(ctx, json) : json.then((late) => send(ctx, late));
  };
  const form = predictForm(service, answer);
  return async (ctx) => {
    const { req } = ctx;
    access.check(req);
    const type = mediaType(req.headers['content-type']);
    // Refused before the body is read, if it has to be.
    asksToExplain(req.url ?? '');
    if (type === FORM) return form(ctx);
    if (type !== 'application/json' && !UNSAID.includes(type)) throw unsupported(type);
    predictorOf(state);
    const body = await readBody(req, config.maxBodyBytes, admission);
    if (type !== 'application/json' && !isJson(body)) throw unsupported(type);
    return answer(ctx, body);
  };
}

function sendJson(response: ServerResponse, json: string, requestId: string, last: boolean): void {
  const headers = [
    'Content-Type',
    'application/json; charset=utf-8',
    'Content-Length',
    String(Buffer.byteLength(json)),
    'X-Request-Id',
    requestId,
    'X-Content-Type-Options',
    'nosniff',
  ];
  if (last) headers.push('Connection', 'close');
  response.writeHead(200, headers);
  response.end(json);
}

/** Reads `?explain=1`. Throws RequestError 422 for an unknown value. */
function asksToExplain(url: string): boolean {
  const query = url.indexOf('?');
  if (query < 0) return false;
  const value = new URLSearchParams(url.slice(query)).get('explain');
  if (value === null || value === '0' || value === 'false') return false;
  if (value === '1' || value === 'true') return true;
  throw new RequestError(422, 'EXPLAIN_NOT_BOOLEAN', '"explain" in the URL must be 1 or 0');
}

/**
 * POST /predict: JSON in, JSON out; the page's form in, the page with the result out. And GET /, the page with the empty form.
 *
 * A body that starts with { is JSON even if the client did not say so: curl -d calls every body a form, and fetch calls a
 * string text/plain. No form looks like that: browsers encode the brace.
 */
import type { ServerResponse } from 'node:http';
import type { Context } from 'koa';
import { readBody } from '../body.ts';
import { pageHeaders } from '../page/document.ts';
import { homePage } from '../page/home.ts';
import { FORM, isJson, mediaType, overloaded, RequestError, UNSAID, unsupported } from '../request.ts';
import { type Handler, predictorOf, type Service } from '../service.ts';

export function page({ config, state }: Service): Handler {
  return (ctx) => {
    ctx.set(pageHeaders);
    ctx.body = homePage({ maxTextLength: config.maxTextLength, served: state.predictor?.served });
  };
}

export function predict(service: Service): Handler {
  const { config, state, admission } = service;
  const send = (ctx: Context, json: string) => {
    if (!admission.send(ctx.res, json.length)) throw overloaded('too many answers wait for their readers');
    // This bypasses Koa: its way of sending JSON costs more than the rest of Koa together.
    ctx.respond = false;
    sendJson(ctx.res, json, String(ctx.state.requestId), state.phase === 'draining');
  };
  const answer: Answer = (ctx, body) => {
    const score = () => predictorOf(state).predictJson(body, asksToExplain(ctx.req.url ?? ''));
    const json = admission.work(body.length, score);
    return typeof json === 'string' ? send(ctx, json) : json.then((late) => send(ctx, late));
  };
  const form = predictForm(service, answer);
  return async (ctx) => {
    const { req } = ctx;
    const type = mediaType(req.headers['content-type']);
    if (type === FORM) return form(ctx);
    if (type !== 'application/json' && !UNSAID.includes(type)) throw unsupported(type);
    // Refused before the body is read, if it has to be.
    asksToExplain(req.url ?? '');
    predictorOf(state);
    const body = await readBody(req, config.maxBodyBytes, admission);
    if (type !== 'application/json' && !isJson(body)) throw unsupported(type);
    return answer(ctx, body);
  };
}

/** Sends the answer to a body of JSON. Throws or rejects with RequestError. */
type Answer = (ctx: Context, body: string) => void | Promise<void>;

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

/** The page's form, which needs no JavaScript. A client whose Accept header asks for JSON gets JSON. */
function predictForm({ config, state, feedback, admission }: Service, answer: Answer): Handler {
  const { maxBodyBytes, maxTextLength } = config;
  const collectsFeedback = feedback !== undefined;
  function showError(ctx: Context, error: unknown, text?: string): void {
    if (!(error instanceof RequestError)) throw error;
    ctx.set(pageHeaders);
    ctx.status = error.status;
    ctx.set(error.headers);
    ctx.body = homePage({ maxTextLength, served: state.predictor?.served, text, error });
  }
  return async (ctx) => {
    const wantsJson = ctx.accepts('html', 'json') === 'json';
    let body: string;
    try {
      body = await readBody(ctx.req, maxBodyBytes, admission);
    } catch (error) {
      if (wantsJson) throw error;
      return showError(ctx, error);
    }
    if (isJson(body)) return answer(ctx, body);
    const text = new URLSearchParams(body).get('text') ?? undefined;
    if (wantsJson) return answer(ctx, JSON.stringify({ text }));
    try {
      const predictor = predictorOf(state);
      const judged = collectsFeedback ? String(ctx.state.requestId) : undefined;
      const explanation = await admission.work(body.length, () => predictor.explain(text));
      const html = homePage({ maxTextLength, served: predictor.served, text, explanation, judged });
      if (!admission.send(ctx.res, html.length)) throw overloaded('too many answers wait for their readers');
      ctx.body = html;
      ctx.set(pageHeaders);
    } catch (error) {
      showError(ctx, error, text);
    }
  };
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

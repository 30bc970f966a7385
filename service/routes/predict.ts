/** POST /predict: JSON in, JSON out; the page's form in, the page with the result out. And GET /, the page with the empty form. */
import type { ServerResponse } from 'node:http';
import type { Context } from 'koa';
import { pageHeaders } from '../page/document.ts';
import { homePage } from '../page/home.ts';
import { mediaType, RequestError, readBody } from '../request.ts';
import { type Handler, predictorOf, type Service } from '../service.ts';

export function page({ config, state }: Service): Handler {
  return (ctx) => {
    ctx.set(pageHeaders);
    ctx.body = homePage({ maxTextLength: config.maxTextLength, served: state.predictor?.served });
  };
}

export function predict(service: Service): Handler {
  const { config, state } = service;
  const form = predictForm(service);
  return async (ctx) => {
    const { req } = ctx;
    const type = mediaType(req.headers['content-type']);
    if (type === 'application/x-www-form-urlencoded') return form(ctx);
    if (type !== 'application/json') throw unsupported(type);
    const explain = asksToExplain(req.url ?? '');
    const predictor = predictorOf(state);
    const body = await readBody(req, config.maxBodyBytes);
    const answer = predictor.predictJson(body, explain);
    // This bypasses Koa: its way of sending JSON costs more than the rest of Koa together.
    ctx.respond = false;
    sendJson(ctx.res, answer, String(ctx.state.requestId), state.phase === 'draining');
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
  ];
  if (last) headers.push('Connection', 'close');
  response.writeHead(200, headers);
  response.end(json);
}

/** The page's form, which needs no JavaScript. A client whose Accept header asks for JSON gets JSON. */
function predictForm({ config, state }: Service): Handler {
  const { maxBodyBytes, maxTextLength } = config;
  const textOf = async (ctx: Context) =>
    new URLSearchParams(await readBody(ctx.req, maxBodyBytes)).get('text') ?? undefined;
  return async (ctx) => {
    if (ctx.accepts('html', 'json') === 'json') {
      const text = await textOf(ctx);
      ctx.type = 'json';
      ctx.body = predictorOf(state).predictJson(JSON.stringify({ text }), asksToExplain(ctx.url));
      return;
    }
    ctx.set(pageHeaders);
    let text: string | undefined;
    try {
      text = await textOf(ctx);
      const predictor = predictorOf(state);
      ctx.body = homePage({ maxTextLength, served: predictor.served, text, explanation: predictor.explain(text) });
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      ctx.status = error.status;
      ctx.set(error.headers);
      ctx.body = homePage({ maxTextLength, served: state.predictor?.served, text, error });
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

function unsupported(type: string): RequestError {
  const message =
    type === '' ? 'the body has no content type' : `the content type "${type.slice(0, 100)}" is not supported`;
  return new RequestError(415, 'CONTENT_TYPE', message, {
    next: 'send JSON with Content-Type: application/json, or a form with application/x-www-form-urlencoded',
    headers: { 'Accept-Post': 'application/json, application/x-www-form-urlencoded' },
  });
}

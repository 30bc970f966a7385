/**
 * POST /predict: JSON in, JSON out. The page's form goes to page.ts.
 *
 * JSON bypasses Koa, which would take a tenth of the time of a short text. Only what goes wrong is passed on to it, so that all errors
 * are answered in one way.
 *
 * A body that starts with { is JSON even if the client did not say so: curl -d calls every body a form, and fetch calls a
 * string text/plain. No form looks like that: browsers encode the brace.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Body, readBody } from '../body.ts';
import { endpointOf, nextRequestId } from '../labels.ts';
import { noteAnswer, passOn } from '../observe.ts';
import { FORM, mediaType, onlyValue, overloaded, RequestError, UNSAID, unsupported } from '../request.ts';
import { type Handler, predictorOf, type Service } from '../service.ts';
import { predictForm } from './page.ts';

/** Answers POST /predict without a form, and leaves the rest to `app`. */
export function predictJson(service: Service, app: RequestListener): RequestListener {
  const { config, state, metrics, admission, access } = service;
  const answer = answering(service);
  const read = async (request: IncomingMessage, response: ServerResponse, type: string, requestId: string) => {
    access.check(request);
    // Refused before the body is read, if it has to be.
    asksToExplain(request.url ?? '');
    if (type !== 'application/json' && !UNSAID.includes(type)) throw unsupported(type);
    predictorOf(state);
    const body = await readBody(request, config.maxBodyBytes, admission);
    if (type !== 'application/json' && !body.isJson) throw unsupported(type);
    await answer(request, response, requestId, body);
  };
  return (request, response) => {
    if (request.method !== 'POST' || endpointOf(request.url ?? '') !== '/predict') return app(request, response);
    const type = mediaType(request.headers['content-type']);
    if (type === FORM) return app(request, response);
    const start = performance.now();
    const requestId = nextRequestId();
    metrics.begin();
    read(request, response, type, requestId).then(
      () => noteAnswer(service, request, response, start, requestId),
      (error) => passOn(request, response, { error, start, requestId }, app),
    );
  };
}

/** The page's form, and JSON that calls itself one. */
export function predict(service: Service): Handler {
  const answer = answering(service);
  const form = predictForm(service, async (ctx, body) => {
    await answer(ctx.req, ctx.res, String(ctx.state.requestId), body);
    ctx.respond = false;
  });
  return (ctx) => {
    service.access.check(ctx.req);
    asksToExplain(ctx.req.url ?? '');
    return form(ctx);
  };
}

function answering({ state, admission }: Service) {
  return async (request: IncomingMessage, response: ServerResponse, requestId: string, body: Body): Promise<void> => {
    const score = () => predictorOf(state).predictJson(body.text(), asksToExplain(request.url ?? ''));
    const work = admission.work(body.length, score);
    const json = work instanceof Promise ? await work : work;
    if (!admission.send(response, lengthOf(json))) throw overloaded('too many answers wait for their readers');
    sendJson(response, json, requestId, state.phase === 'draining');
  };
}

function lengthOf(json: string | Buffer[]): number {
  return typeof json === 'string' ? Buffer.byteLength(json) : json.reduce((sum, piece) => sum + piece.length, 0);
}

function sendJson(response: ServerResponse, json: string | Buffer[], requestId: string, last: boolean): void {
  const headers = [
    'Content-Type',
    'application/json; charset=utf-8',
    'Content-Length',
    String(lengthOf(json)),
    'X-Request-Id',
    requestId,
    'X-Content-Type-Options',
    'nosniff',
  ];
  if (last) headers.push('Connection', 'close');
  response.writeHead(200, headers);
  if (typeof json === 'string') response.end(json);
  else {
    for (const piece of json) response.write(piece);
    response.end();
  }
}

/** Reads `?explain=1`. Throws RequestError 422 for an unknown value, or for two. */
function asksToExplain(url: string): boolean {
  const query = url.indexOf('?');
  if (query < 0) return false;
  const value = onlyValue(new URLSearchParams(url.slice(query)), 'explain');
  if (value === undefined || value === '0' || value === 'false') return false;
  if (value === '1' || value === 'true') return true;
  throw new RequestError(422, 'EXPLAIN_NOT_BOOLEAN', '"explain" in the URL must be 1 or 0');
}

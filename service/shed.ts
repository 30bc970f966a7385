/**
 * Refuses predictions that would be refused anyway before their bodies are read and before Koa: under ten times its load, the
 * service would otherwise be busy with refusals only.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { endpointOf, nextRequestId, traceOf } from './labels.ts';
import { errorAnswer, FORM, type RequestError } from './request.ts';
import type { Service } from './service.ts';

export function shedding(
  service: Pick<Service, 'metrics' | 'log' | 'admission'>,
  app: RequestListener,
): RequestListener {
  const { admission } = service;
  return (request, response) => {
    if (request.method === 'POST' && isFull(request)) refuse(request, response, service);
    else app(request, response);
  };
  function isFull({ headers, url = '' }: IncomingMessage): boolean {
    if (!admission.isBusy || !admission.isFull(Number(headers['content-length'] ?? 0))) return false;
    // The page of the form is made by Koa; feedback is not lost.
    return endpointOf(url) !== '/feedback' && headers['content-type'] !== FORM;
  }
}

/** All of them say the same: to make it anew for each costs a tenth of the refusal. */
let same: { body: string; headers: string[] } | undefined;

function answerOf(error: RequestError): { body: string; headers: string[] } {
  const body = JSON.stringify(errorAnswer(error));
  const headers = {
    ...error.headers,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    'X-Content-Type-Options': 'nosniff',
  };
  return { body, headers: Object.entries(headers).flat() };
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { metrics, log, admission }: Pick<Service, 'metrics' | 'log' | 'admission'>,
): void {
  // The body is dropped as it comes, and is not kept until the answer is sent.
  request.resume();
  const error = admission.tooBusy();
  const request_id = nextRequestId();
  const endpoint = endpointOf(request.url ?? '');
  metrics.begin();
  same ??= answerOf(error);
  response.writeHead(error.status, [...same.headers, 'X-Request-Id', request_id]);
  response.end(same.body, 'latin1');
  metrics.request('POST', endpoint, error.status, 0);
  log.refused(() => {
    const trace = traceOf(request.headers.traceparent);
    return { method: 'POST', endpoint, status: error.status, microseconds: 0, request_id, trace };
  });
}

/**
 * Answers that Node would give by itself, before the application sees the request: to what is not HTTP, to heads that are too
 * large, to requests that take too long, and to an unknown `Expect`. Here they are JSON like all other errors, counted and logged.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { nextRequestId } from './labels.ts';
import { errorAnswer, RequestError } from './request.ts';
import type { Service } from './service.ts';

const STATUS_TEXT: Record<number, string> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  431: 'Request Header Fields Too Large',
};

export function answerProtocolErrors(server: Server, service: Pick<Service, 'metrics' | 'log'>): void {
  server.on('clientError', (error: Error & { code?: string }, socket: Duplex) => {
    // The client is gone, or has an answer to an earlier request half read.
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const answer = refusalOf(error.code);
    const requestId = note(service, answer.status);
    const body = JSON.stringify(errorAnswer(answer));
    const head = [
      `HTTP/1.1 ${answer.status} ${STATUS_TEXT[answer.status]}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'X-Content-Type-Options: nosniff',
      `X-Request-Id: ${requestId}`,
      'Connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
  });
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const requestId = note(service, 417);
    const answer = new RequestError(417, 'EXPECTATION_FAILED', 'the header Expect is not supported with this value', {
      next: 'send it without the header, or with 100-continue',
    });
    const body = JSON.stringify(errorAnswer(answer));
    response.writeHead(417, {
      'Content-Type': 'application/json; charset=utf-8',
      'X-Content-Type-Options': 'nosniff',
      'X-Request-Id': requestId,
      'Content-Length': Buffer.byteLength(body),
      Connection: 'close',
    });
    response.end(body);
  });
}

/** By Node's code: https://nodejs.org/api/http.html#event-clienterror */
function refusalOf(code = ''): RequestError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new RequestError(431, 'HEAD_TOO_LARGE', 'the head of the request is larger than 16 KiB', {
      next: 'send fewer or shorter headers, and the text in the body',
    });
  }
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') {
    return new RequestError(413, 'CHUNK_EXTENSIONS', 'the extensions of a chunk are larger than 16 KiB');
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new RequestError(408, 'REQUEST_TIMEOUT', 'the request took too long to arrive', { next: 'send it again' });
  }
  return new RequestError(400, 'NOT_HTTP', 'this is not a request of HTTP/1.1', {
    next: 'check the request line, the headers and their lengths; TLS is not spoken here',
  });
}

/** Returns the request's id. */
function note({ metrics, log }: Pick<Service, 'metrics' | 'log'>, status: number): string {
  const request_id = nextRequestId();
  metrics.begin();
  metrics.request('other', 'other', status, 0);
  log.request({ method: 'other', endpoint: 'other', status, microseconds: 0, request_id, trace: undefined });
  return request_id;
}

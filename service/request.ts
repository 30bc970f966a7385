/**
 * Reading a request: the error that refuses one, and its body as text (UTF-8, uncompressed, limited in size). A
 * body parser would do no more here.
 */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { SentimentError } from '../ml/errors.ts';

/** Why a request is refused. As in Koa, only an error with `expose` reaches the client, and only this class has it. */
export class RequestError extends SentimentError {
  readonly status: number;
  readonly expose = true;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    code: string,
    message: string,
    options: { next?: string; cause?: unknown; headers?: Record<string, string> } = {},
  ) {
    super(code, message, { next: options.next, cause: options.cause });
    this.name = 'RequestError';
    this.status = status;
    this.headers = options.headers ?? {};
  }
}

/** The body of every JSON error. */
export type ErrorAnswer = { error: { code: string; message: string; next?: string } };

export function errorAnswer(error: RequestError): ErrorAnswer {
  const { code, message, next } = error;
  return { error: next === undefined ? { code, message } : { code, message, next } };
}

/** Rejects with RequestError: 413 above `limit` bytes, 400 for invalid UTF-8 or an incomplete body, 415 for a compressed one. */
export function readBody(request: IncomingMessage, limit: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const { 'content-length': length, 'content-encoding': encoding } = request.headers;
    if (encoding !== undefined && encoding !== 'identity') throw encoded(encoding);
    if (length !== undefined && Number(length) > limit) throw tooLarge(limit);
    const chunks: Buffer[] = [];
    let total = 0;
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      total += chunk.length;
      if (total <= limit) return;
      // Node reads and drops the rest, so that a client that is still sending gets to read the answer.
      request.off('data', onData);
      reject(tooLarge(limit));
    };
    request.on('data', onData);
    request.on('end', () => {
      const bytes = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
      if (isUtf8(bytes)) resolve(bytes.toString());
      else
        reject(
          new RequestError(400, 'ENCODING_INVALID', 'the body is not valid UTF-8', { next: 'encode it as UTF-8' }),
        );
    });
    request.on('error', (cause) =>
      reject(new RequestError(400, 'BODY_CUT_OFF', 'the body is incomplete: the connection was closed', { cause })),
    );
  });
}

function tooLarge(limit: number): RequestError {
  return new RequestError(413, 'BODY_TOO_LARGE', `the body is too large; the limit is ${limit} bytes`, {
    next: 'send fewer or shorter texts per request',
  });
}

function encoded(encoding: string): RequestError {
  return new RequestError(415, 'CONTENT_ENCODING', `the content encoding ${encoding.slice(0, 100)} is not supported`, {
    next: 'send it uncompressed',
  });
}

export const FORM = 'application/x-www-form-urlencoded';
/** What clients send if nobody named a type. */
export const UNSAID: readonly string[] = ['', 'text/plain'];

/** No form looks like JSON: browsers encode the brace. */
export function isJson(body: string): boolean {
  return /^\s*\{/.test(body);
}

export function unsupported(type: string): RequestError {
  const message =
    type === '' ? 'the body has no content type' : `the content type "${type.slice(0, 100)}" is not supported`;
  return new RequestError(415, 'CONTENT_TYPE', message, {
    next: `send JSON with Content-Type: application/json, or a form with ${FORM}`,
    headers: { 'Accept-Post': `application/json, ${FORM}` },
  });
}

/** The media type of a Content-Type header, in lower case and without parameters; '' if there is none. */
export function mediaType(contentType: string | undefined): string {
  if (contentType === undefined) return '';
  const end = contentType.indexOf(';');
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

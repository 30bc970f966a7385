/** The body of a request as text: UTF-8, uncompressed, up to a limit. This is all a parser would do for us here. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { RequestError } from './request_error.ts';

/** Rejects with RequestError: 413 over `limit` bytes, 400 for what is not UTF-8 or was cut off, 415 when compressed. */
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
      // Node reads on and drops the rest, so that the client, still busy sending, gets to read the answer.
      request.off('data', onData);
      reject(tooLarge(limit));
    };
    request.on('data', onData);
    request.on('end', () => {
      const bytes = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
      if (isUtf8(bytes)) resolve(bytes.toString());
      else reject(new RequestError(400, 'ENCODING_INVALID', 'the body is not UTF-8', { next: 'encode it as UTF-8' }));
    });
    request.on('error', (cause) => reject(new RequestError(400, 'BODY_CUT_OFF', 'the body was cut off', { cause })));
  });
}

function tooLarge(limit: number): RequestError {
  return new RequestError(413, 'BODY_TOO_LARGE', `the body has more than the ${limit} bytes that are taken`, {
    next: 'send fewer or shorter texts at a time',
  });
}

function encoded(encoding: string): RequestError {
  return new RequestError(415, 'CONTENT_ENCODING', `the body is encoded as ${encoding.slice(0, 100)}`, {
    next: 'send it uncompressed',
  });
}

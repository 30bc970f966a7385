/** The body of a request as text: UTF-8, uncompressed, limited in size. A body parser would do no more here. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Admission, Transfer } from './admission.ts';
import { overloaded, RequestError } from './request.ts';

const CROWDED = 'too many large requests are under way';

/**
 * Rejects with RequestError: 413 above `limit` bytes, 400 for invalid UTF-8 or an incomplete body, 415 for a compressed one,
 * 503 if the bytes of others leave no room.
 */
export function readBody(request: IncomingMessage, limit: number, admission: Admission): Promise<string> {
  return new Promise((resolve, reject) => {
    const { 'content-length': length, 'content-encoding': encoding } = request.headers;
    if (encoding !== undefined && encoding !== 'identity') throw encoded(encoding);
    if (length !== undefined && Number(length) > limit) throw tooLarge(limit);
    const chunks: Buffer[] = [];
    let total = 0;
    let transfer: Transfer | undefined;
    const fail = (error: RequestError) => {
      // Node reads and drops the rest, so that a client that is still sending gets to read the answer.
      request.off('data', onData);
      chunks.length = 0;
      if (transfer) admission.end(transfer);
      reject(error);
    };
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      total += chunk.length;
      if (total > limit) fail(tooLarge(limit));
      // Most bodies arrive in one piece, which waits for nothing.
      else if (transfer || total !== Number(length)) {
        // Whoever is given up for being slow still sends, slowly: its connection is of no further use.
        transfer ??= admission.begin(() => fail(overloaded(CROWDED, { Connection: 'close' })));
        if (!admission.grow(transfer, chunk.length)) fail(overloaded(CROWDED));
      }
    };
    request.on('data', onData);
    request.on('end', () => {
      if (transfer) admission.end(transfer);
      const bytes = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
      if (isUtf8(bytes)) resolve(bytes.toString());
      else
        reject(
          new RequestError(400, 'ENCODING_INVALID', 'the body is not valid UTF-8', { next: 'encode it as UTF-8' }),
        );
    });
    request.on('error', (cause) =>
      fail(new RequestError(400, 'BODY_CUT_OFF', 'the body is incomplete: the connection was closed', { cause })),
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

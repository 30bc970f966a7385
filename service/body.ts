/** The body of a request as text: UTF-8, uncompressed, up to a limit. This is all a parser would do for us here. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { RequestError } from './request_error.ts';

/** Throws RequestError: 413 over `limit` bytes, 400 for what is not UTF-8 or was cut off, 415 for a compressed body. */
export async function readBody(request: IncomingMessage, limit: number): Promise<string> {
  const { 'content-length': length, 'content-encoding': encoding } = request.headers;
  if (encoding !== undefined && encoding !== 'identity') {
    throw new RequestError(415, 'CONTENT_ENCODING', `the body is encoded as ${encoding.slice(0, 100)}`, {
      next: 'send it uncompressed',
    });
  }
  if (length !== undefined && Number(length) > limit) throw tooLarge(request, limit);
  const bytes = await collect(request, limit);
  if (!isUtf8(bytes)) {
    throw new RequestError(400, 'ENCODING_INVALID', 'the body is not UTF-8', { next: 'encode it as UTF-8' });
  }
  return bytes.toString();
}

function collect(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let total = 0;
    const onData = (chunk: Buffer) => {
      total += chunk.length;
      if (total > limit) {
        request.off('data', onData);
        reject(tooLarge(request, limit));
      } else chunks.push(chunk);
    };
    request.on('data', onData);
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    request.on('error', (cause) =>
      reject(new RequestError(400, 'BODY_CUT_OFF', 'the connection ended before the body did', { cause })),
    );
  });
}

function tooLarge(request: IncomingMessage, limit: number): RequestError {
  // The rest is read and dropped, so that the client, still busy sending, gets to read the answer.
  request.resume();
  return new RequestError(413, 'BODY_TOO_LARGE', `the body has more than the ${limit} bytes that are taken`, {
    next: 'send fewer or shorter texts at a time',
  });
}

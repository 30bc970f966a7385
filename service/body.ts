/**
 * The body of a request: UTF-8, uncompressed, limited in size. A body parser would do no more here.
 *
 * While a body waits for its turn, only its bytes are in memory. It becomes text, which may take twice as much, in its turn. A body in
 * pieces is put together in memory that all bodies share: what each took for itself would stay until the next collection of garbage.
 */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Admission, Transfer } from './admission.ts';
import { overloaded, RequestError } from './request.ts';

const CROWDED = 'too many large requests are under way';
const BRACE = 0x7b;

/** Of the shared memory: the standard limit of a body. */
const MOST_SHARED = 1024 * 1024;
let shared = Buffer.alloc(0);

export class Body {
  readonly length: number;
  readonly #pieces: readonly Buffer[];

  constructor(pieces: readonly Buffer[], length: number) {
    this.#pieces = pieces;
    this.length = length;
  }

  static of(text: string): Body {
    const bytes = Buffer.from(text);
    return new Body([bytes], bytes.length);
  }

  /** No form looks like JSON: browsers encode the brace. */
  get isJson(): boolean {
    const isSpace = (byte: number) => byte === 32 || (byte >= 9 && byte <= 13);
    for (const piece of this.#pieces) {
      const first = piece.find((byte) => !isSpace(byte));
      if (first !== undefined) return first === BRACE;
    }
    return false;
  }

  /** Throws RequestError 400 if it is not UTF-8. */
  text(): string {
    const bytes = this.#pieces.length === 1 ? this.#pieces[0] : this.#together();
    if (isUtf8(bytes)) return bytes.toString();
    throw new RequestError(400, 'ENCODING_INVALID', 'the body is not valid UTF-8', { next: 'encode it as UTF-8' });
  }

  /** Valid until the next call, of any body. */
  #together(): Buffer {
    if (this.length > MOST_SHARED) return Buffer.concat(this.#pieces);
    if (shared.length < this.length) shared = Buffer.allocUnsafe(this.length);
    let at = 0;
    for (const piece of this.#pieces) at += piece.copy(shared, at);
    return shared.subarray(0, at);
  }
}

/**
 * Rejects with RequestError: 413 above `limit` bytes, 400 for an incomplete body, 415 for a compressed one, 503 if the bytes of others
 * leave no room.
 */
export function readBody(request: IncomingMessage, limit: number, admission: Admission): Promise<Body> {
  return new Promise((resolve, reject) => {
    const { 'content-length': length, 'content-encoding': encoding } = request.headers;
    if (encoding !== undefined && encoding !== 'identity') throw encoded(encoding);
    if (length !== undefined && Number(length) > limit) throw tooLarge(limit);
    const pieces: Buffer[] = [];
    let total = 0;
    let transfer: Transfer | undefined;
    const fail = (error: RequestError) => {
      // Node reads and drops the rest, so that a client that is still sending gets to read the answer.
      request.off('data', onData);
      pieces.length = 0;
      if (transfer) admission.end(transfer);
      reject(error);
    };
    const onData = (piece: Buffer) => {
      pieces.push(piece);
      total += piece.length;
      if (total > limit) fail(tooLarge(limit));
      // Most bodies arrive in one piece, which waits for nothing.
      else if (transfer || total !== Number(length)) {
        // Whoever is given up for being slow still sends, slowly: its connection is of no further use.
        transfer ??= admission.begin(() => fail(overloaded(CROWDED, { Connection: 'close' })));
        if (!admission.grow(transfer, piece.length)) fail(overloaded(CROWDED));
      }
    };
    request.on('data', onData);
    request.on('end', () => {
      if (transfer) admission.end(transfer);
      resolve(new Body(pieces, total));
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

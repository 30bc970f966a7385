import { SentimentError } from '../ml/errors.ts';

/** Why a request was refused. Koa's rule holds: what is thrown as this reaches the client, anything else never does. */
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

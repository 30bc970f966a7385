/** What a request is: the error that refuses one, and the type of its body. */
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

export const FORM = 'application/x-www-form-urlencoded';
/** What clients send if nobody named a type. */
export const UNSAID: readonly string[] = ['', 'text/plain'];

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

/** Fields of a form: each takes memory, also an empty one. */
const MOST_FIELDS = 100;

/** Throws RequestError 422 for more fields than any of our forms has. */
export function parseForm(body: string): URLSearchParams {
  let fields = 1;
  for (let at = body.indexOf('&'); at >= 0; at = body.indexOf('&', at + 1)) {
    if (++fields > MOST_FIELDS) {
      throw new RequestError(422, 'FORM_TOO_LARGE', `the form has more than ${MOST_FIELDS} fields`, {
        next: 'send only the fields that the API describes',
      });
    }
  }
  return new URLSearchParams(body);
}

/** The value of a parameter of an address or a form. Throws RequestError 422 if it is given twice. */
export function onlyValue(parameters: URLSearchParams, name: string): string | undefined {
  const [value, another] = parameters.getAll(name);
  if (another === undefined) return value;
  throw new RequestError(422, 'GIVEN_TWICE', `"${name}" is given twice`, { next: 'give it once' });
}

/** 503: the service has taken on as much as it can. */
export function overloaded(message: string, headers: Record<string, string> = {}): RequestError {
  return new RequestError(503, 'OVERLOADED', message, {
    next: 'send it again later',
    headers: { 'Retry-After': '1', ...headers },
  });
}

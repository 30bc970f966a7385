/**
 * What can go wrong between us and MLflow, as one class and one sentence each.
 *
 * A status alone says little: MLflow's 401 and 403 are plain words served as text/html, a proxy's login page is a
 * 200, and a wrong path prefix is a 404 page. So what the body says is looked at too.
 */
import { SentimentError } from '../errors.ts';

export type MlflowCode =
  /** No answer: nothing listens, unknown host, connection cut, certificate not trusted. */
  | 'MLFLOW_UNREACHABLE'
  | 'MLFLOW_TIMEOUT'
  /** A web page or a redirect where the API should be. */
  | 'MLFLOW_WEB_PAGE'
  | 'MLFLOW_UNAUTHORIZED'
  | 'MLFLOW_FORBIDDEN'
  /** The server's guard against DNS rebinding does not know the host name used. */
  | 'MLFLOW_HOST_REFUSED'
  /** A success whose body is not what the API promises. */
  | 'MLFLOW_BAD_ANSWER'
  /** MLflow understood and said no; `errorCode` has its reason. */
  | 'MLFLOW_REFUSED'
  /** Any other failure status. */
  | 'MLFLOW_HTTP'
  /** The run's artifacts are not served by the tracking server. */
  | 'MLFLOW_ARTIFACTS_ELSEWHERE'
  /** A registered model, version, stage or alias that does not exist, or does not become ready. */
  | 'MODEL_NOT_REGISTERED'
  | 'MODEL_NOT_READY';

/**
 * Whether the call may have taken effect: `no` (it never reached MLflow, or MLflow refused it), `maybe` (it was cut
 * off on the way). Both may be repeated later; `final` means that repeating it changes nothing.
 */
export type Effect = 'no' | 'maybe' | 'final';

export class MlflowError extends SentimentError {
  /** Method and path, such as "POST /api/2.0/mlflow/runs/create". */
  readonly endpoint: string;
  readonly status: number | undefined;
  /** MLflow's own error_code, such as RESOURCE_DOES_NOT_EXIST. */
  readonly errorCode: string | undefined;
  readonly effect: Effect;
  /** Milliseconds the server asked to be left alone for. */
  readonly retryAfter: number | undefined;

  constructor(
    code: MlflowCode,
    message: string,
    details: {
      endpoint: string;
      next?: string | undefined;
      cause?: unknown;
      status?: number;
      errorCode?: string | undefined;
      effect?: Effect;
      retryAfter?: number | undefined;
    },
  ) {
    super(code, message, details);
    this.name = 'MlflowError';
    this.endpoint = details.endpoint;
    this.status = details.status;
    this.errorCode = details.errorCode;
    this.effect = details.effect ?? 'final';
    this.retryAfter = details.retryAfter;
  }
}

/** True when MLflow says that the thing asked for is not there. A missing alias is a 400 with a sentence. */
export function isMissing(error: unknown): boolean {
  if (!(error instanceof MlflowError)) return false;
  if (error.errorCode === 'RESOURCE_DOES_NOT_EXIST') return true;
  return error.errorCode === 'INVALID_PARAMETER_VALUE' && /alias .* not found/i.test(error.message);
}

export function isDuplicate(error: unknown): boolean {
  return error instanceof MlflowError && error.errorCode === 'RESOURCE_ALREADY_EXISTS';
}

/** The error for an answer whose status is not a success. `body` is the answer's text, or its beginning. */
export function errorFromAnswer(endpoint: string, uri: string, response: Response, body: string): MlflowError {
  const { status } = response;
  const { errorCode, message } = readRefusal(body);
  const words = quote(message ?? body);
  const details = { endpoint, status, errorCode };

  if (status >= 300 && status < 400) {
    const to = response.headers.get('location') ?? 'nowhere';
    return new MlflowError('MLFLOW_WEB_PAGE', `MLflow at ${uri} sends ${endpoint} elsewhere, to ${to} (${status})`, {
      ...details,
      next: 'set MLFLOW_TRACKING_URI to the final address (https instead of http?), or sign in if that is a login page',
    });
  }
  if (status === 401) {
    return new MlflowError('MLFLOW_UNAUTHORIZED', `MLflow at ${uri} does not accept the credentials (401): ${words}`, {
      ...details,
      next: 'set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, to valid ones',
    });
  }
  if (status === 403 && /invalid host header/i.test(body)) {
    const host = new URL(uri).host;
    return new MlflowError('MLFLOW_HOST_REFUSED', `MLflow does not answer to the host name ${host} (403): ${words}`, {
      ...details,
      next: `start the server with --allowed-hosts that include "${host}"`,
    });
  }
  if (status === 403) {
    return new MlflowError('MLFLOW_FORBIDDEN', `MLflow at ${uri} forbids ${endpoint} (403): ${words}`, {
      ...details,
      next: 'ask its administrator for permission to edit the experiment and the registered model',
    });
  }
  const repeat = { effect: effectOf(status, body), retryAfter: readRetryAfter(response.headers.get('retry-after')) };
  if (errorCode !== undefined) {
    return new MlflowError('MLFLOW_REFUSED', `MLflow refused ${endpoint} (${status} ${errorCode}): ${words}`, {
      ...details,
      ...repeat,
    });
  }
  if (isWebPage(body) && status < 500) {
    return new MlflowError('MLFLOW_WEB_PAGE', webPageMessage(endpoint, uri, status, body), {
      ...details,
      ...repeat,
      next: 'compare MLFLOW_TRACKING_URI with the address of the MLflow page, path prefix included',
    });
  }
  const said = isWebPage(body) ? quote(titleOf(body)) : words;
  return new MlflowError('MLFLOW_HTTP', `MLflow at ${uri} answered ${endpoint} with status ${status}: ${said}`, {
    ...details,
    ...repeat,
    next: status >= 500 ? 'look into the log of the server and of what stands before it' : undefined,
  });
}

/** The error for a success whose body is no JSON. */
export function errorFromBody(
  endpoint: string,
  uri: string,
  status: number,
  body: string,
  cause?: unknown,
): MlflowError {
  if (isWebPage(body)) {
    return new MlflowError('MLFLOW_WEB_PAGE', webPageMessage(endpoint, uri, status, body), {
      endpoint,
      status,
      next: 'a proxy or login page stands before MLflow, or MLFLOW_TRACKING_URI lacks a part of the path',
    });
  }
  return new MlflowError(
    'MLFLOW_BAD_ANSWER',
    `${uri} answered ${endpoint} with something that is not JSON: ${quote(body)}`,
    {
      endpoint,
      status,
      cause,
      next: 'check that MLFLOW_TRACKING_URI is the address of an MLflow server',
    },
  );
}

/** The error for a fetch that threw: no answer at all, or one that broke off. */
export function errorFromFailure(endpoint: string, uri: string, timeout: number, failure: unknown): MlflowError {
  const reason = innermost(failure);
  const code = 'code' in reason && typeof reason.code === 'string' ? reason.code : '';
  const details = { endpoint, cause: reason };
  if (
    reason.name === 'TimeoutError' ||
    code === 'ETIMEDOUT' ||
    (code.startsWith('UND_ERR_') && code.endsWith('_TIMEOUT'))
  ) {
    return new MlflowError('MLFLOW_TIMEOUT', `MLflow at ${uri} did not answer ${endpoint} within ${timeout / 1000} s`, {
      ...details,
      effect: 'maybe',
      next: 'see whether the server is busy or stopped; MLFLOW_HTTP_REQUEST_TIMEOUT (seconds) allows more time',
    });
  }
  if (code === 'ECONNREFUSED') {
    return new MlflowError('MLFLOW_UNREACHABLE', `nothing listens at ${uri}, where MLflow should be`, {
      ...details,
      effect: 'no',
      next: 'start the server, or correct MLFLOW_TRACKING_URI',
    });
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new MlflowError('MLFLOW_UNREACHABLE', `the host of MLflow, ${new URL(uri).hostname}, is not known`, {
      ...details,
      effect: code === 'EAI_AGAIN' ? 'no' : 'final',
      next: 'correct MLFLOW_TRACKING_URI, or check the network',
    });
  }
  if (reason.message === 'bad port') {
    return new MlflowError('MLFLOW_UNREACHABLE', `the port of ${uri} is one that HTTP clients do not speak to`, {
      ...details,
      next: 'let the server listen on another (https://fetch.spec.whatwg.org/#port-blocking lists them)',
    });
  }
  if (/CERT|SIGNED|VERIFY|ERR_TLS|ERR_SSL/.test(code)) {
    return new MlflowError('MLFLOW_UNREACHABLE', `the certificate of ${uri} is not trusted (${code})`, {
      ...details,
      next: "set NODE_EXTRA_CA_CERTS to the file with your authority's certificate",
    });
  }
  return new MlflowError('MLFLOW_UNREACHABLE', `the connection to MLflow at ${uri} broke off during ${endpoint}`, {
    ...details,
    effect: 'maybe',
    next: 'run it again; if it happens again, look into the log of the server and of what stands before it',
  });
}

/**
 * Two clients that set the same tag or alias at once make MLflow's database refuse one of them, which arrives as a 400
 * with the words of SQLAlchemy. Nothing was done, and a moment later it works.
 */
function effectOf(status: number, body: string): Effect {
  if (status === 429 || (status === 400 && /IntegrityError|StaleDataError/.test(body))) return 'no';
  return status >= 500 && status !== 501 ? 'maybe' : 'final';
}

function webPageMessage(endpoint: string, uri: string, status: number, body: string): string {
  return `${uri} answered ${endpoint} with a web page (${status} ${quote(titleOf(body))}) instead of MLflow's JSON`;
}

function titleOf(page: string): string {
  return /<title[^>]*>([^<]*)</i.exec(page)?.[1] ?? 'no title';
}

export function isWebPage(body: string): boolean {
  return /^\s*</.test(body);
}

function readRefusal(body: string): { errorCode?: string; message?: string } {
  try {
    const { error_code: errorCode, message } = JSON.parse(body);
    if (typeof errorCode === 'string' && typeof message === 'string') return { errorCode, message };
  } catch {
    // Not JSON: the caller shows the words as they are.
  }
  return {};
}

/** Seconds or a date (RFC 9110, 10.2.3), as milliseconds from now. */
function readRetryAfter(value: string | null): number | undefined {
  if (value === null) return undefined;
  const milliseconds = /^\d+$/.test(value) ? 1000 * Number(value) : Date.parse(value) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined;
}

function innermost(failure: unknown): Error {
  let error = failure instanceof Error ? failure : new Error(String(failure));
  while (error.cause instanceof Error) error = error.cause;
  return error;
}

function quote(words: string): string {
  const line = words.replace(/\s+/g, ' ').trim();
  return `"${line.length > 300 ? `${line.slice(0, 300)}...` : line}"`;
}

/**
 * What can go wrong between this client and MLflow: one class, and one sentence for each case.
 *
 * A status alone says little: MLflow sends 401 and 403 as plain words with the type text/html, a proxy's login page is
 * a 200, and a wrong path prefix is a 404 page. So the body counts too.
 */
import { SentimentError } from '../errors.ts';

export type MlflowCode =
  /** No answer: no server, unknown host, broken connection, untrusted certificate. */
  | 'MLFLOW_UNREACHABLE'
  | 'MLFLOW_TIMEOUT'
  /** A web page or a redirect where the API should be. */
  | 'MLFLOW_WEB_PAGE'
  | 'MLFLOW_UNAUTHORIZED'
  | 'MLFLOW_FORBIDDEN'
  /** The server's guard against DNS rebinding rejects the host name. */
  | 'MLFLOW_HOST_REFUSED'
  /** A success with a body that the API does not promise. */
  | 'MLFLOW_BAD_ANSWER'
  /** MLflow understood the call and refused it; `errorCode` has the reason. */
  | 'MLFLOW_REFUSED'
  /** It asks to slow down (429 or Retry-After) for longer than the limit. */
  | 'MLFLOW_BUSY'
  /** Any other failure status. */
  | 'MLFLOW_HTTP'
  /** A file that is larger than the limit. */
  | 'MLFLOW_TOO_LARGE'
  /** The tracking server does not serve the run's artifacts. */
  | 'MLFLOW_ARTIFACTS_ELSEWHERE'
  /** A registered model, version, stage or alias that is missing, or a version that does not become ready. */
  | 'MODEL_NOT_REGISTERED'
  | 'MODEL_NOT_READY';

/**
 * Whether the call took effect: `no` (it never reached MLflow, or MLflow turned it away) or `maybe` (the connection
 * broke). Both are worth a retry; `final` means that a retry changes nothing.
 */
export type Effect = 'no' | 'maybe' | 'final';

export class MlflowError extends SentimentError {
  /** Method and path, such as "POST /api/2.0/mlflow/runs/create". */
  readonly endpoint: string;
  readonly status: number | undefined;
  /** MLflow's own error_code, such as RESOURCE_DOES_NOT_EXIST. */
  readonly errorCode: string | undefined;
  readonly effect: Effect;
  /** Milliseconds that the server asks to wait before a retry. */
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

/** Whether MLflow says that the requested thing is missing. For an alias that is a 400 with a sentence. */
export function isMissing(error: unknown): boolean {
  if (!(error instanceof MlflowError)) return false;
  if (error.errorCode === 'RESOURCE_DOES_NOT_EXIST') return true;
  return error.errorCode === 'INVALID_PARAMETER_VALUE' && /alias \S+ not found/i.test(error.message);
}

/** What `ask` returns, or undefined if MLflow says that it is missing. */
export async function missingAsUndefined<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export function isDuplicate(error: unknown): boolean {
  return error instanceof MlflowError && error.errorCode === 'RESOURCE_ALREADY_EXISTS';
}

const SERVER_FAILS =
  'check the log of the server and of any proxy in front of it; while it restarts, MLFLOW_HTTP_REQUEST_MAX_RETRIES=8 waits a minute';

/** The error for a server that asks to slow down for longer than `limit`. `waited` and `limit` are milliseconds. */
export function busyError(last: MlflowError, waited: number, limit: number): MlflowError {
  const asks = last.retryAfter === undefined ? 'it stays busy' : `it asks to wait ${seconds(last.retryAfter)}`;
  const so = `${asks}, and the limit is ${seconds(limit)}, of which ${seconds(waited)} have passed`;
  return new MlflowError('MLFLOW_BUSY', `${last.message}; ${so}`, {
    endpoint: last.endpoint,
    status: last.status ?? 429,
    next: `run it again later, or raise the limit: MLFLOW_RATE_LIMIT_WAIT, in seconds, is ${limit / 1000}`,
  });
}

function seconds(milliseconds: number): string {
  return `${Math.ceil(milliseconds / 1000).toLocaleString('en')} s`;
}

/** The error for an answer with a failure status. `body` is its text, or the beginning of it. */
export function errorFromAnswer(endpoint: string, uri: string, response: Response, body: string): MlflowError {
  const { status } = response;
  const { errorCode, message } = readRefusal(body);
  const words = quote(message ?? body);
  const details = { endpoint, status, errorCode };

  if (status >= 300 && status < 400) {
    const to = response.headers.get('location') ?? 'nowhere';
    return new MlflowError('MLFLOW_WEB_PAGE', `MLflow at ${uri} redirects ${endpoint} to ${to} (${status})`, {
      ...details,
      next: 'set MLFLOW_TRACKING_URI to the final address (https instead of http?), or sign in if it is a login page',
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
    return new MlflowError('MLFLOW_HOST_REFUSED', `MLflow rejects the host name ${host} (403): ${words}`, {
      ...details,
      next: `start the server with --allowed-hosts including "${host}"`,
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
      next: repeat.effect === 'maybe' ? SERVER_FAILS : undefined,
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
    next: status >= 500 ? SERVER_FAILS : undefined,
  });
}

/** The error for a success whose body is not JSON. */
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
      next: 'check whether a proxy or login page answers in place of MLflow, and whether MLFLOW_TRACKING_URI has the full path',
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

/** The error for a fetch that threw: no answer, or one that broke off. */
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
      next: 'check whether the server is busy or stopped; MLFLOW_HTTP_REQUEST_TIMEOUT (seconds) allows more time',
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
    return new MlflowError(
      'MLFLOW_UNREACHABLE',
      `the host name of MLflow, ${new URL(uri).hostname}, does not resolve`,
      {
        ...details,
        effect: code === 'EAI_AGAIN' ? 'no' : 'final',
        next: 'correct MLFLOW_TRACKING_URI, or check the network',
      },
    );
  }
  if (reason.message === 'bad port') {
    return new MlflowError('MLFLOW_UNREACHABLE', `HTTP clients refuse to connect to the port of ${uri}`, {
      ...details,
      next: 'use another port for the server (https://fetch.spec.whatwg.org/#port-blocking lists the blocked ones)',
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
    next: 'run it again; if it fails again, check the log of the server and of any proxy in front of it',
  });
}

/**
 * If two clients set the same tag or alias at once, MLflow's database refuses one of them with a 400 in the words of
 * SQLAlchemy. That call had no effect, and a retry works.
 */
function effectOf(status: number, body: string): Effect {
  if (status === 429 || (status === 400 && /IntegrityError|StaleDataError/.test(body))) return 'no';
  return status >= 500 && status !== 501 ? 'maybe' : 'final';
}

function webPageMessage(endpoint: string, uri: string, status: number, body: string): string {
  return `${uri} answered ${endpoint} with a web page (${status} ${quote(titleOf(body))}) instead of MLflow's JSON`;
}

function titleOf(page: string): string {
  return /<title[^<>]*>([^<]*)</i.exec(page)?.[1] ?? 'no title';
}

export function isWebPage(body: string): boolean {
  return /^\s*</.test(body);
}

function readRefusal(body: string): { errorCode?: string; message?: string } {
  try {
    const { error_code: errorCode, message } = JSON.parse(body);
    if (typeof errorCode === 'string' && typeof message === 'string') return { errorCode, message };
  } catch {
    // Not JSON: the caller shows the body as it is.
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

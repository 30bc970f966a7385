/**
 * Where MLflow is and how to sign in, read from the environment variables that MLflow's own client reads:
 * MLFLOW_TRACKING_URI, MLFLOW_TRACKING_USERNAME with MLFLOW_TRACKING_PASSWORD (Basic), else MLFLOW_TRACKING_TOKEN
 * (Bearer), MLFLOW_HTTP_REQUEST_TIMEOUT and MLFLOW_HTTP_REQUEST_MAX_RETRIES. One is our own: MLFLOW_RATE_LIMIT_WAIT.
 * https://mlflow.org/docs/latest/api_reference/python_api/mlflow.environment_variables.html
 */
import { usageError } from '../errors.ts';

export type TrackingConfig = {
  /** http(s) address with its path prefix, without a slash at the end and without credentials, so it may be printed. */
  uri: string;
  /** Value of the Authorization header. */
  authorization: string | undefined;
  /** Milliseconds to wait for an answer, or for the next piece of a download. */
  timeout: number;
  /** How often a failed call is repeated. */
  retries: number;
  /** Milliseconds before the first retry; doubles with each retry. */
  pause: number;
  /** Milliseconds to wait in all, for one call, while the server asks to slow down (429, or any Retry-After). */
  rateLimitWait: number;
};

export type Environment = Record<string, string | undefined>;

/** Throws MLFLOW_URI (2) or MLFLOW_SETTING (2) for an invalid address, token or number. */
export function trackingConfig(env: Environment = process.env): TrackingConfig {
  const address = parseAddress(env.MLFLOW_TRACKING_URI?.trim() ?? '');
  return {
    uri: `${address.origin}${address.pathname.replace(/(?<!\/)\/+$/, '')}`,
    authorization: authorization(env, address),
    timeout: 1000 * count(env, 'MLFLOW_HTTP_REQUEST_TIMEOUT', 30, 1),
    retries: count(env, 'MLFLOW_HTTP_REQUEST_MAX_RETRIES', 4, 0),
    pause: 250,
    rateLimitWait: 1000 * count(env, 'MLFLOW_RATE_LIMIT_WAIT', 300, 0),
  };
}

function parseAddress(value: string): URL {
  if (value === '') {
    throw usageError(
      'MLFLOW_URI',
      'MLFLOW_TRACKING_URI is not set, so no tracking server is known',
      'run `make run`, which starts a server and sets it, or set it to your own, such as http://127.0.0.1:5000',
    );
  }
  const address = URL.canParse(value) ? new URL(value) : undefined;
  if (!address || (address.protocol !== 'http:' && address.protocol !== 'https:')) {
    throw usageError(
      'MLFLOW_URI',
      `MLFLOW_TRACKING_URI is "${value}"; expected an http:// or https:// address`,
      'start a server on that store with `mlflow server --backend-store-uri ...` and use its address',
    );
  }
  return address;
}

function authorization(env: Environment, address: URL): string | undefined {
  const username = secret(env, 'MLFLOW_TRACKING_USERNAME') || decodeURIComponent(address.username);
  const password = secret(env, 'MLFLOW_TRACKING_PASSWORD') || decodeURIComponent(address.password);
  if (username && password) return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const token = secret(env, 'MLFLOW_TRACKING_TOKEN');
  if (/[^!-~]/.test(token)) {
    throw usageError(
      'MLFLOW_SETTING',
      'MLFLOW_TRACKING_TOKEN holds a space, a line end or another character that no token has',
      'set it to the token alone, on one line',
    );
  }
  return token ? `Bearer ${token}` : undefined;
}

/** Without the line end that a file or a form adds. */
function secret(env: Environment, name: string): string {
  return (env[name] ?? '').replace(/^[\r\n]+|(?<![\r\n])[\r\n]+$/g, '');
}

function count(env: Environment, name: string, otherwise: number, least: number): number {
  const value = env[name];
  if (value === undefined || value === '') return otherwise;
  if (!/^\d{1,6}$/.test(value) || Number(value) < least) {
    throw usageError('MLFLOW_SETTING', `${name} is "${value}"; expected a whole number, at least ${least}`);
  }
  return Number(value);
}

/**
 * Where MLflow is and how to sign in, read from the environment variables that MLflow's own client reads:
 * MLFLOW_TRACKING_URI, MLFLOW_TRACKING_USERNAME with MLFLOW_TRACKING_PASSWORD (Basic), else MLFLOW_TRACKING_TOKEN
 * (Bearer), MLFLOW_HTTP_REQUEST_TIMEOUT and MLFLOW_HTTP_REQUEST_MAX_RETRIES.
 * https://mlflow.org/docs/latest/api_reference/python_api/mlflow.environment_variables.html
 */
import { usageError } from '../errors.ts';

export type TrackingConfig = {
  /** http(s) address, path prefix included, without a slash at the end and without credentials: fit to be printed. */
  uri: string;
  /** Value of the Authorization header, if any. */
  authorization: string | undefined;
  /** Milliseconds that an answer, or the next piece of a download, may take. */
  timeout: number;
  /** How often a call that failed on the way is made again. */
  retries: number;
  /** Milliseconds before the first repetition; it doubles from one to the next. */
  pause: number;
};

export type Environment = Record<string, string | undefined>;

/** Throws a usage error (exit code 2) for an address or number that cannot work. */
export function trackingConfig(env: Environment = process.env): TrackingConfig {
  const address = parseAddress(env.MLFLOW_TRACKING_URI?.trim() ?? '');
  return {
    uri: `${address.origin}${address.pathname.replace(/\/+$/, '')}`,
    authorization: authorization(env, address),
    timeout: 1000 * count(env, 'MLFLOW_HTTP_REQUEST_TIMEOUT', 30, 1),
    retries: count(env, 'MLFLOW_HTTP_REQUEST_MAX_RETRIES', 4, 0),
    pause: 250,
  };
}

function parseAddress(value: string): URL {
  if (value === '') {
    throw usageError(
      'MLFLOW_URI',
      'MLFLOW_TRACKING_URI is not set, so there is no tracking server to talk to',
      '`make run` starts one and sets it; or set it to your own, such as http://127.0.0.1:5000',
    );
  }
  const address = URL.canParse(value) ? new URL(value) : undefined;
  if (!address || (address.protocol !== 'http:' && address.protocol !== 'https:')) {
    throw usageError(
      'MLFLOW_URI',
      `MLFLOW_TRACKING_URI is "${value}", expected an http:// or https:// address`,
      'this client speaks to a server only: start one on that store with `mlflow server --backend-store-uri ...`',
    );
  }
  return address;
}

function authorization(env: Environment, address: URL): string | undefined {
  const username = env.MLFLOW_TRACKING_USERNAME || decodeURIComponent(address.username);
  const password = env.MLFLOW_TRACKING_PASSWORD || decodeURIComponent(address.password);
  if (username && password) return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return env.MLFLOW_TRACKING_TOKEN ? `Bearer ${env.MLFLOW_TRACKING_TOKEN}` : undefined;
}

function count(env: Environment, name: string, otherwise: number, least: number): number {
  const value = env[name];
  if (value === undefined || value === '') return otherwise;
  if (!/^\d{1,6}$/.test(value) || Number(value) < least) {
    throw usageError('MLFLOW_SETTING', `${name} is "${value}", expected a whole number from ${least}`);
  }
  return Number(value);
}

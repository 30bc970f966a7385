/**
 * One HTTP call to MLflow: signed in, timed, repeated where that is safe, and with every failure turned into an
 * MlflowError.
 *
 * Which calls may be repeated: all of MLflow's that set something to a value (tags, stages, aliases, metrics with
 * their timestamp, artifacts) end in the same state when made twice. Creating a run or a model version does not, so
 * those are marked `once`: they are repeated only when the first attempt certainly had no effect, and what is
 * uncertain is left to the caller, who can look (see createOnce).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { SentimentError } from '../errors.ts';
import type { Answer } from './answer.ts';
import type { TrackingConfig } from './config.ts';
import { errorFromAnswer, errorFromBody, errorFromFailure, MlflowError } from './errors.ts';

export type Call = {
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Path after the base address, beginning with a slash, percent-encoded. */
  path: string;
  query?: Record<string, string>;
  json?: object;
  /** A file to send; a Blob knows its size and can be read again for a repetition. */
  file?: Blob;
  /** Making the call twice would create two things. */
  once?: boolean;
};

/** A server asking for a longer rest than this is not waited for. */
const LONGEST_PAUSE = 30_000;
/** Slowest upload that is waited for, bytes a millisecond. */
const SLOWEST_UPLOAD = 50;

/** Calls an endpoint of the REST API, such as "runs/create", and returns its JSON. */
export async function callApi(
  config: TrackingConfig,
  method: Call['method'],
  endpoint: string,
  input: Record<string, unknown>,
  options: { once?: boolean } = {},
): Promise<Answer> {
  const path = `/api/2.0/mlflow/${endpoint}`;
  const call: Call =
    method === 'GET'
      ? { method, path, query: Object.fromEntries(Object.entries(input).map(([key, value]) => [key, String(value)])) }
      : { method, path, json: input, ...options };
  return send(config, call, (response) => readJson(config, call, response));
}

/**
 * Sends a call and reads its answer with `read`, which is called anew for each attempt. `read` gets a function to
 * call whenever data arrives, which restarts the clock.
 */
export async function send<T>(
  config: TrackingConfig,
  call: Call,
  read: (response: Response, alive: () => void) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await sendOnce(config, call, read);
    } catch (error) {
      if (attempt >= config.retries || !mayRepeat(call, error)) throw error;
      const pause = error.retryAfter ?? config.pause * 2 ** attempt * (0.5 + Math.random());
      if (pause > LONGEST_PAUSE) throw error;
      await sleep(pause);
    }
  }
}

function mayRepeat(call: Call, error: unknown): error is MlflowError {
  if (!(error instanceof MlflowError)) return false;
  return error.effect === 'no' || (error.effect === 'maybe' && !call.once);
}

async function sendOnce<T>(
  config: TrackingConfig,
  call: Call,
  read: (response: Response, alive: () => void) => Promise<T>,
): Promise<T> {
  const endpoint = endpointOf(call);
  const timeout = config.timeout + (call.file?.size ?? 0) / SLOWEST_UPLOAD;
  const clock = new AbortController();
  const timer = setTimeout(() => clock.abort(new DOMException('no answer in time', 'TimeoutError')), timeout);
  try {
    const response = await fetch(urlOf(config, call), {
      method: call.method,
      headers: headersOf(config, call),
      body: call.json ? JSON.stringify(call.json) : (call.file ?? null),
      // A followed redirect would turn a POST into a GET of some login page.
      redirect: call.method === 'GET' ? 'follow' : 'manual',
      signal: clock.signal,
    });
    if (!response.ok) throw errorFromAnswer(endpoint, config.uri, response, await response.text());
    return await read(response, () => timer.refresh());
  } catch (error) {
    if (error instanceof SentimentError) throw error;
    throw errorFromFailure(endpoint, config.uri, timeout, error);
  } finally {
    clearTimeout(timer);
  }
}

async function readJson(config: TrackingConfig, call: Call, response: Response): Promise<Answer> {
  const body = await response.text();
  const endpoint = endpointOf(call);
  try {
    return { endpoint, body: JSON.parse(body) as unknown };
  } catch (error) {
    throw errorFromBody(endpoint, config.uri, response.status, body, error);
  }
}

/** Method and path, as errors name the call. */
export function endpointOf(call: Call): string {
  return `${call.method} ${call.path}`;
}

function urlOf(config: TrackingConfig, call: Call): string {
  const query = call.query ? `?${new URLSearchParams(call.query)}` : '';
  return `${config.uri}${call.path}${query}`;
}

function headersOf(config: TrackingConfig, call: Call): Record<string, string> {
  const headers: Record<string, string> = { accept: 'application/json, */*' };
  if (config.authorization) headers.authorization = config.authorization;
  if (call.json) headers['content-type'] = 'application/json';
  if (call.file) headers['content-type'] = 'application/octet-stream';
  return headers;
}

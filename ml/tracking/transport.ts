/**
 * One HTTP call to MLflow: signed in, with a timeout, repeated if that is safe, and with every failure as an
 * MlflowError. Below: how to create a thing once, and how to read an answer.
 *
 * Most calls set something to a value (tags, stages, aliases, metrics with their timestamp, artifacts), so making them
 * twice ends in the same state and they may be repeated. Creating a run or a model version is different. Those calls
 * are marked `once`: they are repeated only if the first attempt certainly had no effect, and createOnce looks first.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { diskTrouble, SentimentError } from '../errors.ts';
import type { TrackingConfig } from './config.ts';
import { busyError, errorFromAnswer, errorFromBody, errorFromFailure, MlflowError } from './errors.ts';

export type Call = {
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Path after the base address, beginning with a slash, percent-encoded. */
  path: string;
  query?: Record<string, string>;
  json?: object;
  /** A file to send; a Blob knows its size and can be read again for a retry. */
  file?: Blob;
  /** Making the call twice would create two things. */
  once?: boolean;
};

/** Longest pause, in milliseconds, while the server asks to slow down without saying for how long. */
const LONGEST_PAUSE = 15_000;
/** Slowest upload that the timeout allows, bytes per millisecond. */
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

/** All elements of the list `name`, from as many pages as the endpoint has. */
export async function callPages(
  config: TrackingConfig,
  method: 'GET' | 'POST',
  endpoint: string,
  input: Record<string, unknown>,
  name: string,
): Promise<Answer[]> {
  const found: Answer[] = [];
  let page = '';
  do {
    const answer = await callApi(config, method, endpoint, { ...input, ...(page && { page_token: page }) });
    found.push(...list(answer, name));
    page = optionalText(answer, 'next_page_token');
  } while (page);
  return found;
}

/**
 * Sends a call and reads its answer with `read`, which every attempt calls again. `read` calls `alive` whenever data
 * arrives; that restarts the timeout.
 */
export async function send<T>(
  config: TrackingConfig,
  call: Call,
  read: (response: Response, alive: () => void) => Promise<T>,
): Promise<T> {
  let busySince: number | undefined;
  for (let failures = 0, slowdowns = 0; ; ) {
    try {
      return await sendOnce(config, call, read);
    } catch (error) {
      if (!mayRepeat(call, error)) throw error;
      if (asksToSlowDown(error)) {
        busySince ??= Date.now();
        const pause = Math.max(config.pause, error.retryAfter ?? Math.min(backoff(config, slowdowns++), LONGEST_PAUSE));
        const waited = Date.now() - busySince;
        if (waited + pause > config.rateLimitWait) throw busyError(error, waited, config.rateLimitWait);
        await sleep(pause);
      } else {
        if (failures >= config.retries) throw error;
        await sleep(backoff(config, failures++));
      }
    }
  }
}

/** Not a failure: the server works and says when to come again. So it does not count as one of the retries. */
function asksToSlowDown(error: MlflowError): boolean {
  return error.status === 429 || error.retryAfter !== undefined;
}

/** Milliseconds before the next attempt: doubles each time, with jitter. */
function backoff(config: TrackingConfig, attempt: number): number {
  return config.pause * 2 ** attempt * (0.5 + Math.random());
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
      // A followed redirect would turn a POST into a GET of a login page.
      redirect: call.method === 'GET' ? 'follow' : 'manual',
      signal: clock.signal,
    });
    if (!response.ok) throw errorFromAnswer(endpoint, config.uri, response, await response.text());
    return await read(response, () => timer.refresh());
  } catch (error) {
    if (error instanceof SentimentError || diskTrouble(error)) throw error;
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

/**
 * Creates a thing on the server exactly once, over a connection that may break. If it breaks during a creation, the
 * server may or may not have done it, so `find` looks for the thing before the next attempt. `create` must be a call
 * marked `once`; `find` must find what `create` made, and nothing else.
 */
export async function createOnce<T>(
  config: TrackingConfig,
  create: () => Promise<T>,
  find: () => Promise<T | undefined>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await create();
    } catch (error) {
      if (!(error instanceof MlflowError) || error.effect !== 'maybe') throw error;
      const found = await find();
      if (found !== undefined) return found;
      if (attempt >= config.retries) throw error;
      await sleep(backoff(config, attempt));
    }
  }
}

// Reading an answer. MLflow leaves empty fields out, so an absent list is an empty one. By hand and not with zod, because
// the service reads the registry when it starts, and importing zod takes about 50 ms.

/** The parsed JSON of a call, or a part of it. */
export type Answer = { endpoint: string; body: unknown };

/** The text at a path such as "run.info.run_id". Throws MLFLOW_BAD_ANSWER if there is none. */
export function text(answer: Answer, path: string): string {
  const value = at(answer, path);
  if (typeof value === 'string') return value;
  throw new MlflowError('MLFLOW_BAD_ANSWER', `MLflow's answer to ${answer.endpoint} has no text at ${path}`, {
    endpoint: answer.endpoint,
    next: 'check that the server is MLflow 3; its address with /version shows the version',
  });
}

/**
 * The text at a path, which becomes part of a path or an address. Throws MLFLOW_BAD_ANSWER if it is not fit for that: whoever
 * answers in place of MLflow must not choose where we write.
 */
export function fitting(answer: Answer, path: string, isFit: (value: string) => boolean): string {
  const value = text(answer, path);
  if (!isFit(value)) throw unfit(answer, path, value);
  return value;
}

/** 32 hexadecimal digits in MLflow; other servers have ids of their own. */
export function isId(value: string): boolean {
  return /^[\w-]{1,64}$/.test(value);
}

export function unfit({ endpoint }: Answer, path: string, value: string): MlflowError {
  const shown = JSON.stringify(value.slice(0, 100));
  return new MlflowError(
    'MLFLOW_BAD_ANSWER',
    `MLflow's answer to ${endpoint} has ${shown} at ${path}, which cannot be`,
    {
      endpoint,
      next: 'check that the server is MLflow 3, and that nobody changed its database or its answers',
    },
  );
}

/** The text at a path, or empty. */
export function optionalText(answer: Answer, path: string): string {
  const value = at(answer, path);
  return typeof value === 'string' ? value : '';
}

/** A number, 0 if absent. Some versions of MLflow write 64-bit numbers as text. */
export function number(answer: Answer, path: string): number {
  return Number(at(answer, path) ?? 0);
}

/** One answer for each element of the list at the path. */
export function list(answer: Answer, path: string): Answer[] {
  const value = at(answer, path);
  return Array.isArray(value) ? value.map((body: unknown) => ({ endpoint: answer.endpoint, body })) : [];
}

/** The texts in the list at the path. */
export function texts(answer: Answer, path: string): string[] {
  return list(answer, path).flatMap(({ body }) => (typeof body === 'string' ? [body] : []));
}

/** A list of {key, value}, such as tags or params, as a record. */
export function pairs(answer: Answer, path: string): Record<string, string> {
  return Object.fromEntries(list(answer, path).map((pair) => [text(pair, 'key'), optionalText(pair, 'value')]));
}

/** The part of an answer at a path. */
export function part(answer: Answer, path: string): Answer {
  return { endpoint: answer.endpoint, body: at(answer, path) };
}

function at(answer: Answer, path: string): unknown {
  let value = answer.body;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

import { afterEach, describe, expect, test } from 'vitest';
import {
  breakOff,
  hangUp,
  type MisbehavingServer,
  type Reply,
  refusal,
  reply,
  silence,
  startMisbehaving,
} from '../../tests/support/misbehaving.ts';
import { describeError } from '../errors.ts';
import { callApi, text } from './transport.ts';

let server: MisbehavingServer;
afterEach(() => server.stop());

/** Makes a call to a server with these replies and returns its error, also as a person sees it. */
async function failure(replies: Reply[], changes: Partial<MisbehavingServer['config']> = {}) {
  server = await startMisbehaving(replies);
  const error = await callApi({ ...server.config, ...changes }, 'GET', 'runs/get', { run_id: 'a b' }).catch(
    (e: unknown) => e,
  );
  const told = describeError(error)
    .replaceAll(server.config.uri, 'URI')
    .replaceAll(/127.0.0.1:\d+/g, 'HOST');
  return { error, told: told.split('\n') };
}

const page = '<!doctype html>\n<html lang="en"><head><title>Sign in</title></head></html>';

describe('each bad answer becomes one sentence', () => {
  test('a login page where JSON should be', async () => {
    const { told } = await failure([reply(200, page)]);
    expect(told).toEqual([
      `error: URI answered GET /api/2.0/mlflow/runs/get with a web page (200 "Sign in") instead of MLflow's JSON (MLFLOW_WEB_PAGE)`,
      '  next: check whether a proxy or login page answers in place of MLflow, and whether MLFLOW_TRACKING_URI has the full path',
    ]);
    expect(server.requests).toHaveLength(1);
  });

  test('a page that says not found, because the path prefix is wrong', async () => {
    const { told } = await failure([reply(404, '<title>404 Not Found</title>')]);
    expect(told).toEqual([
      `error: URI answered GET /api/2.0/mlflow/runs/get with a web page (404 "404 Not Found") instead of MLflow's JSON (MLFLOW_WEB_PAGE)`,
      '  next: compare MLFLOW_TRACKING_URI with the address of the MLflow page, path prefix included',
    ]);
  });

  test('wrong credentials: plain words with the type text/html', async () => {
    const { told, error } = await failure([reply(401, 'You are not authenticated.')]);
    expect(error).toMatchObject({ status: 401, errorCode: undefined });
    expect(told).toEqual([
      'error: MLflow at URI does not accept the credentials (401): "You are not authenticated." (MLFLOW_UNAUTHORIZED)',
      '  next: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, to valid ones',
    ]);
    expect(server.requests).toHaveLength(1);
  });

  test('no permission, in plain words', async () => {
    const { told } = await failure([reply(403, 'Permission denied')]);
    expect(told[0]).toBe(
      'error: MLflow at URI forbids GET /api/2.0/mlflow/runs/get (403): "Permission denied" (MLFLOW_FORBIDDEN)',
    );
    expect(server.requests).toHaveLength(1);
  });

  test('a host name that the guard against DNS rebinding rejects', async () => {
    const { told } = await failure([reply(403, 'Invalid Host header - possible DNS rebinding attack detected')]);
    expect(told).toEqual([
      'error: MLflow rejects the host name HOST (403): "Invalid Host header - possible DNS rebinding attack detected" (MLFLOW_HOST_REFUSED)',
      '  next: start the server with --allowed-hosts including "HOST"',
    ]);
  });

  test("MLflow's own refusal, with its error_code", async () => {
    const { told, error } = await failure([refusal(404, 'RESOURCE_DOES_NOT_EXIST', 'Run with id=a b not found')]);
    expect(error).toMatchObject({
      status: 404,
      errorCode: 'RESOURCE_DOES_NOT_EXIST',
      endpoint: 'GET /api/2.0/mlflow/runs/get',
    });
    expect(told).toEqual([
      'error: MLflow refused GET /api/2.0/mlflow/runs/get (404 RESOURCE_DOES_NOT_EXIST): "Run with id=a b not found" (MLFLOW_REFUSED)',
    ]);
    expect(server.requests).toEqual([{ line: 'GET /api/2.0/mlflow/runs/get?run_id=a+b', body: '' }]);
  });

  test('a success without JSON', async () => {
    const { told } = await failure([reply(200, 'OK')]);
    expect(told[0]).toBe(
      'error: URI answered GET /api/2.0/mlflow/runs/get with something that is not JSON: "OK" (MLFLOW_BAD_ANSWER)',
    );
  });

  test('JSON without the requested field', async () => {
    server = await startMisbehaving([reply(200, { run: { info: {} } })]);
    const answer = await callApi(server.config, 'GET', 'runs/get', {});
    expect(() => text(answer, 'run.info.run_id')).toThrow(
      "MLflow's answer to GET /api/2.0/mlflow/runs/get has no text at run.info.run_id",
    );
    expect(() => text({ ...answer, body: null }, 'run.info.run_id')).toThrow('has no text at');
    expect(() => text({ ...answer, body: [1] }, 'run')).toThrow('has no text at');
  });

  test('no answer within the timeout', async () => {
    const { told } = await failure([silence], { timeout: 50, retries: 0 });
    expect(told[0]).toBe(
      'error: MLflow at URI did not answer GET /api/2.0/mlflow/runs/get within 0.05 s (MLFLOW_TIMEOUT)',
    );
  });

  test('a connection closed without an answer, and one that breaks off in the middle', async () => {
    for (const broken of [hangUp, breakOff('{"run": {"info"')]) {
      const { told } = await failure([broken], { retries: 0 });
      expect(told[0]).toBe(
        'error: the connection to MLflow at URI broke off during GET /api/2.0/mlflow/runs/get (MLFLOW_UNREACHABLE)',
      );
      await server.stop();
    }
  });

  test('a redirect, which would turn a POST into a GET', async () => {
    server = await startMisbehaving([reply(302, '', { location: 'https://login.example/' })]);
    await expect(callApi(server.config, 'POST', 'runs/create', {})).rejects.toMatchObject({
      code: 'MLFLOW_WEB_PAGE',
      message: `MLflow at ${server.config.uri} redirects POST /api/2.0/mlflow/runs/create to https://login.example/ (302)`,
    });
  });

  test('no server', async () => {
    server = await startMisbehaving([silence]);
    const { config } = server;
    await server.stop();
    await expect(callApi(config, 'GET', 'runs/get', {})).rejects.toMatchObject({
      code: 'MLFLOW_UNREACHABLE',
      message: `nothing listens at ${config.uri}, where MLflow should be`,
    });
  });

  test('a host that does not exist', async () => {
    server = await startMisbehaving([silence]);
    const config = { ...server.config, uri: 'http://mlflow.invalid:5000', retries: 0 };
    await expect(callApi(config, 'GET', 'runs/get', {})).rejects.toMatchObject({
      code: 'MLFLOW_UNREACHABLE',
      message: 'the host name of MLflow, mlflow.invalid, does not resolve',
    });
  });
});

describe('retries', () => {
  const ok = reply(200, { done: true });
  const busy = reply(503, 'busy');
  const run = async (replies: Reply[], options: { once?: boolean } = {}) => {
    server = await startMisbehaving(replies);
    return callApi(server.config, 'POST', 'runs/log-batch', { run_id: 'x' }, options);
  };

  test.each([
    ['a 5xx', busy],
    ["MLflow's own 500", refusal(500, 'INTERNAL_ERROR', 'database is locked')],
    ['a closed connection', hangUp],
    ['an answer that breaks off', breakOff('{')],
    [
      'a collision in the database of MLflow',
      refusal(400, 'BAD_REQUEST', '(sqlite3.IntegrityError) UNIQUE constraint failed: model_version_tags.key'),
    ],
    ['too many requests', reply(429, 'slow down', { 'retry-after': '0' })],
  ])('%s is retried with the same body', async (_name, bad) => {
    expect((await run([bad, bad, ok])).body).toEqual({ done: true });
    expect(server.requests.map(({ body }) => body)).toEqual(Array(3).fill('{"run_id":"x"}'));
  });

  test.each([
    ['a 429 with a time', reply(429, 'slow down', { 'retry-after': '0' })],
    ['a 429 without a time', reply(429, 'slow down')],
    ['a 503 with a time', reply(503, 'restarting', { 'retry-after': '0' })],
    [
      "a 429 in MLflow's words",
      reply(429, { error_code: 'REQUEST_LIMIT_EXCEEDED', message: 'slow down' }, { 'retry-after': '0' }),
    ],
  ])('%s is waited for, more often than failures are retried', async (_name, slow) => {
    expect((await run([slow, slow, slow, slow, slow, ok])).body).toEqual({ done: true });
    expect(server.requests).toHaveLength(6);
  });

  test('a server is waited for as long as it asks', async () => {
    const began = Date.now();
    await run([reply(429, '', { 'retry-after': '1' }), ok]);
    expect(Date.now() - began).toBeGreaterThanOrEqual(990);
  });

  test('a wait over the limit ends at once and names the limit and its setting', async () => {
    const { told } = await failure([reply(429, 'slow down', { 'retry-after': '3600' })], { rateLimitWait: 300_000 });
    expect(told).toEqual([
      'error: MLflow at URI answered GET /api/2.0/mlflow/runs/get with status 429: "slow down"; it asks to wait 3,600 s, and the limit is 300 s, of which 0 s have passed (MLFLOW_BUSY)',
      '  next: run it again later, or raise the limit: MLFLOW_RATE_LIMIT_WAIT, in seconds, is 300',
    ]);
    expect(server.requests).toHaveLength(1);
  });

  test('a server that never stops to ask is given up at the limit', async () => {
    const { told } = await failure([reply(429, 'slow down')], { rateLimitWait: 100 });
    expect(told[0]).toMatch(/it stays busy, and the limit is 1 s, of which 1 s have passed \(MLFLOW_BUSY\)$/);
    expect(server.requests.length).toBeGreaterThan(3);
  });

  test('end after the configured number, with the last error', async () => {
    await expect(run([busy])).rejects.toMatchObject({
      code: 'MLFLOW_HTTP',
      status: 503,
      message: /status 503: "busy"$/,
    });
    expect(server.requests).toHaveLength(3);
  });

  test.each([
    ['a refusal', refusal(400, 'INVALID_PARAMETER_VALUE', 'no')],
    ['an unsupported call', reply(501, 'not here')],
    ['a web page', reply(200, page)],
  ])('%s is not retried', async (_name, bad) => {
    await expect(run([bad, ok])).rejects.toMatchObject({ name: 'MlflowError' });
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    ['a 5xx', busy],
    ['a closed connection', hangUp],
  ])('a creation is not retried after %s, because it may have had an effect', async (_name, bad) => {
    await expect(run([bad, ok], { once: true })).rejects.toMatchObject({ effect: 'maybe' });
    expect(server.requests).toHaveLength(1);
  });

  test('a creation is retried if it certainly had no effect', async () => {
    expect((await run([reply(429, ''), ok], { once: true })).body).toEqual({ done: true });
  });
});

import { expect, test } from 'vitest';
import { trackingConfig } from './config.ts';

const uri = 'https://dagshub.com/owner/repo.mlflow';

test("a user name with a password takes precedence over a token, as in MLflow's own client", () => {
  const both = { MLFLOW_TRACKING_URI: uri, MLFLOW_TRACKING_TOKEN: 't', MLFLOW_TRACKING_USERNAME: 'ann' };
  expect(trackingConfig(both).authorization).toBe('Bearer t');
  expect(trackingConfig({ ...both, MLFLOW_TRACKING_PASSWORD: 'pä:ss' }).authorization).toBe(
    `Basic ${Buffer.from('ann:pä:ss').toString('base64')}`,
  );
  expect(trackingConfig({ MLFLOW_TRACKING_URI: uri }).authorization).toBeUndefined();
});

test('a path prefix is kept, a slash at its end is not, and a password in the address is not shown', () => {
  expect(trackingConfig({ MLFLOW_TRACKING_URI: `${uri}//` }).uri).toBe(uri);
  const secret = trackingConfig({ MLFLOW_TRACKING_URI: 'http://ann:p%40ss@host:5000' });
  expect(secret.uri).toBe('http://host:5000');
  expect(secret.authorization).toBe(`Basic ${Buffer.from('ann:p@ss').toString('base64')}`);
});

test('the longest wait for a server that asks to slow down is five minutes, or as set', () => {
  expect(trackingConfig({ MLFLOW_TRACKING_URI: uri }).rateLimitWait).toBe(300_000);
  const env = { MLFLOW_TRACKING_URI: uri, MLFLOW_RATE_LIMIT_WAIT: '20' };
  expect(trackingConfig(env).rateLimitWait).toBe(20_000);
});

test('credentials lose the line end that a file adds; a token with a space or a line end inside is refused, not shown', () => {
  expect(trackingConfig({ MLFLOW_TRACKING_URI: uri, MLFLOW_TRACKING_TOKEN: 't0ken\n' }).authorization).toBe(
    'Bearer t0ken',
  );
  const env = { MLFLOW_TRACKING_URI: uri, MLFLOW_TRACKING_USERNAME: 'ann\r\n', MLFLOW_TRACKING_PASSWORD: 'a b\n' };
  expect(trackingConfig(env).authorization).toBe(`Basic ${btoa('ann:a b')}`);
  for (const token of ['t0ken t0ken', 't0ken\nt0ken', 't0kén']) {
    const message = 'MLFLOW_TRACKING_TOKEN holds a space, a line end or another character that no token has';
    expect(() => trackingConfig({ MLFLOW_TRACKING_URI: uri, MLFLOW_TRACKING_TOKEN: token })).toThrow(
      expect.objectContaining({ message, exitCode: 2 }),
    );
  }
});

test("timeout and retries come from MLflow's variables", () => {
  const env = { MLFLOW_TRACKING_URI: uri, MLFLOW_HTTP_REQUEST_TIMEOUT: '7', MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0' };
  expect(trackingConfig(env)).toMatchObject({ timeout: 7000, retries: 0 });
});

test.each([
  [{}, 'MLFLOW_TRACKING_URI is not set, so no tracking server is known'],
  [
    { MLFLOW_TRACKING_URI: 'sqlite:///mlflow.db' },
    'MLFLOW_TRACKING_URI is "sqlite:///mlflow.db"; expected an http:// or https:// address',
  ],
  [{ MLFLOW_TRACKING_URI: './mlruns' }, 'MLFLOW_TRACKING_URI is "./mlruns"; expected an http:// or https:// address'],
  [
    { MLFLOW_TRACKING_URI: 'databricks' },
    'MLFLOW_TRACKING_URI is "databricks"; expected an http:// or https:// address',
  ],
  [
    { MLFLOW_TRACKING_URI: uri, MLFLOW_HTTP_REQUEST_TIMEOUT: '1.5' },
    'MLFLOW_HTTP_REQUEST_TIMEOUT is "1.5"; expected a whole number, at least 1',
  ],
])('%j is a wrong call', (env, message) => {
  expect(() => trackingConfig(env)).toThrow(expect.objectContaining({ message, exitCode: 2 }));
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lastLines, redact } from './text.ts';

test.each([
  ['password=hunter2 next', 'password=[redacted] next'],
  ['AWS_SECRET_ACCESS_KEY: wJalrXUtnFEMI/K7MDENG', 'AWS_SECRET_ACCESS_KEY: [redacted]'],
  ['{"apiKey": "abc def", "port": 8080}', '{"apiKey": [redacted], "port": 8080}'],
  ['GET https://bob:s3cret@mlflow.example/api', 'GET https://[redacted]@mlflow.example/api'],
  ['Authorization: Bearer abcdefghijk', 'Authorization: [redacted] [redacted]'],
  ['key AKIAIOSFODNN7EXAMPLE used', 'key [redacted] used'],
  ['token eyJhbGciOi.eyJzdWIiOiIx.SflKxwRJ', 'token [redacted]'],
  ['x-eyJhbGciOiJIUzI1NiJ9', 'x-[redacted]'],
  ['git+ssh://bob:s3cret@git.example/app', 'git+ssh://[redacted]@git.example/app'],
  ['?X-Amz-Signature=0a1b2c&X-Amz-Date=2026', '?X-Amz-Signature=[redacted]&X-Amz-Date=2026'],
  ['-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----', '[redacted]'],
])('%s becomes %s', (text, clean) => {
  expect(redact(text)).toBe(clean);
});

test.each([
  `secret "mlflow" not found`,
  `couldn't find key token in Secret d-envkey/mlflow`,
  'MountVolume.SetUp failed for volume "d" : references non-existent secret key: crt',
  'failed to sync secret cache: timed out waiting for the condition',
  'pulling from host 127.0.0.1:5001 failed with status code [manifests v1]: 401 Unauthorized',
])('the cluster\'s own "%s" is unchanged', (text) => {
  expect(redact(text)).toBe(text);
});

test('a value behind a telling name is never printed', () => {
  const name = fc.constantFrom(
    'password',
    'DB_PASSWORD',
    'api_key',
    'apiKey',
    'client_secret',
    'MLFLOW_TRACKING_TOKEN',
  );
  const value = fc.stringMatching(/^[A-Za-z0-9/+_.-]{8,40}$/);
  fc.assert(
    fc.property(name, fc.constantFrom('=', ': ', '":"'), value, (key, sign, secret) => {
      expect(redact(`before ${key}${sign}${secret} after`)).not.toContain(secret);
    }),
  );
});

test('a log is bounded in lines and in length, and loses its colours', () => {
  const log = Array.from({ length: 50 }, (_, line) => `\u001b[31m${line}\u001b[0m ${'x'.repeat(500)}`).join('\n');
  const lines = lastLines(log);
  expect(lines).toHaveLength(8);
  expect(lines[7]).toMatch(/^49 x+\.\.\.$/);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(203);
});

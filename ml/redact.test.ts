import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeError, SentimentError } from './errors.ts';
import { hide, redact } from './redact.ts';

describe('a secret is taken out of', () => {
  it.each([
    ['an address', 'cannot fetch https://ann:s3cr3t@example.com/a.csv: 404'],
    ['an address whose password holds an @', 'cannot fetch https://ann:s3cr3t@s3cr3t@example.com/a.csv'],
    ['a database address', '"postgresql+psycopg2://mlflow:s3cr3t@db:5432/mlflow" refused'],
    ['an address with a token in place of a user', 'git clone https://s3cr3t@example.com/repo.git'],
    ['an address without a scheme', 'proxy ann:s3cr3t@proxy.local:3128 does not answer'],
    ['a presigned address of S3', 'https://b.s3.amazonaws.com/a.csv?X-Amz-Date=1&X-Amz-Signature=s3cr3t&x=1'],
    ['its credential and its session', 'https://b/a?X-Amz-Credential=s3cr3t%2F20260101&X-Amz-Security-Token=s3cr3t'],
    ['an address of Azure', 'https://a.blob.core.windows.net/c/a.csv?sv=2022&se=2026&sp=r&sig=s3cr3t%3D'],
    ['an address of CloudFront', 'https://d.cloudfront.net/a?Policy=s3cr3t_&Signature=s3cr3t~&Key-Pair-Id=s3cr3t'],
    ['an OAuth redirect', 'redirects to https://login/?next=%2F#access_token=s3cr3t&state=1 (302)'],
    ['a header', 'headers: {"authorization":"Bearer s3cr3t"}'],
    ['a header of another kind', 'Authorization: Basic s3cr3ts3cr3ts3cr3t='],
    ['a value with a scheme', 'Bearer s3cr3ts3cr3ts3cr3t is an invalid header value'],
  ])('%s', (_, text) => {
    const clean = redact(text, {});
    expect(clean).not.toContain('s3cr3t');
    expect(clean).toContain('***');
  });

  it('any text, if it is a credential of the environment, in each form that programs give it', () => {
    const env = {
      MLFLOW_TRACKING_USERNAME: 'ann',
      MLFLOW_TRACKING_PASSWORD: 'pass word/1',
      MLFLOW_TRACKING_TOKEN: 'tok3n-value\n',
      AWS_SECRET_ACCESS_KEY: 'abc/def+ghi',
      DATABASE_URL: 'mysql://root:p%40ssw0rd@db/x',
      SERVICE_API_KEYS: 'first-key,second-key',
      // Whatever its name is, an address may hold secrets; a server's answer may repeat one alone.
      REVIEWS: 'https://b/a?X-Amz-Signature=51gn4tur3&page=1',
      HOME: '/home/ann',
    };
    const basic = Buffer.from('ann:pass word/1').toString('base64');
    for (const secret of [
      'pass word/1',
      'tok3n-value',
      'abc/def+ghi',
      'abc%2Fdef%2Bghi',
      'p%40ssw0rd',
      'p@ssw0rd',
      basic,
      'first-key',
      'second-key',
      '51gn4tur3',
    ]) {
      expect(redact(`the server said "${secret}"`, env)).toBe('the server said "***"');
    }
    expect(redact('/home/ann/a.csv', env)).toBe('/home/ann/a.csv');
  });
});

it.each([
  ['password=hunter2 next', 'password=*** next'],
  ['AWS_SECRET_ACCESS_KEY: wJalrXUtnFEMI/K7MDENG', 'AWS_SECRET_ACCESS_KEY: ***'],
  ['{"apiKey": "abc def", "port": 8080}', '{"apiKey": ***, "port": 8080}'],
  ['GET https://bob:s3cret@mlflow.example/api', 'GET https://***@mlflow.example/api'],
  ['Authorization: Bearer abcdefghijk', 'Authorization: ***'],
  ['key AKIAIOSFODNN7EXAMPLE used', 'key *** used'],
  ['token eyJhbGciOi.eyJzdWIiOiIx.SflKxwRJ', 'token ***'],
  ['x-eyJhbGciOiJIUzI1NiJ9', 'x-***'],
  ['git+ssh://bob:s3cret@git.example/app', 'git+ssh://***@git.example/app'],
  ['?X-Amz-Signature=0a1b2c&X-Amz-Date=2026', '?X-Amz-Signature=***&X-Amz-Date=2026'],
  ['the body was {\\"apiKey\\":\\"abcdef\\"}', 'the body was {\\"apiKey\\":***\\"}'],
  ['-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----', '***'],
])('%s becomes %s', (text, clean) => {
  expect(redact(text, {})).toBe(clean);
});

it.each([
  `secret "mlflow" not found`,
  `couldn't find key token in Secret d-envkey/mlflow`,
  'MountVolume.SetUp failed for volume "d" : references non-existent secret key: crt',
  'failed to sync secret cache: timed out waiting for the condition',
  'pulling from host 127.0.0.1:5001 failed with status code [manifests v1]: 401 Unauthorized',
])('the cluster\'s own "%s" is unchanged', (text) => {
  expect(redact(text, {})).toBe(text);
});

it('a value behind a telling name is never printed', () => {
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

it.each([
  'https://example.com/a.csv?version=3&page=2',
  'mail ann@example.com, or ask at 12:30',
  'column "text:label" of data/a.csv:12 is not valid UTF-8',
  'registry.local:5000/team/app@sha256:0123456789abcdef is not in the registry',
  'Basic understanding is enough; a token is a word',
  'arn:aws:iam::123456789012:role/release',
  'dagger call --tracking-token=env:MLFLOW_TRACKING_TOKEN release --kubeconfig=file:/home/ann/.kube/config',
  'CredentialsProviderError: Could not load credentials from any providers',
])('ordinary text stays as it is: %s', (text) => {
  expect(redact(text, {})).toBe(text);
});

it('a credential that is not in the environment is hidden once it was named', () => {
  hide('m4g1c-w0rd');
  expect(redact('the registry said "m4g1c-w0rd"', {})).toBe('the registry said "***"');
});

it('what is clean stays clean, and no text takes more than linear time', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab:/@?&=#" '), maxLength: 60 }), (text) => {
      const clean = redact(text, {});
      expect(redact(clean, {})).toBe(clean);
    }),
  );
});

it('an error shows no secret, neither in its message nor in its causes or its next step', () => {
  const address = 'https://ann:s3cr3t@example.com/a';
  const error = new SentimentError('X', `cannot fetch ${address}`, {
    next: `try ${address}`,
    cause: new Error('deep', { cause: new Error(`no ${address}`) }),
  });
  expect(error.message + error.next + describeError(error)).not.toContain('s3cr3t');
  expect(describeError(new Error(`plain ${address}`))).toBe('error: plain https://***@example.com/a');
  expect(describeError(address)).toBe('error: https://***@example.com/a');
});

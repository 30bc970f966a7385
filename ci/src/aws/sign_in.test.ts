import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AwsClients } from './clients.ts';
import { awsCredentials, checkAwsSignIn, identityProvider } from './sign_in.ts';
import { type AwsDouble, startAwsDouble } from './testdata/aws_double.ts';

const pair = { accessKeyId: 'a', secretAccessKey: 's' };
const roleArn = 'arn:aws:iam::123456789012:role/release';

test.each([
  [{}],
  [{ ...pair, sessionToken: 't', region: 'eu-central-1' }],
  [{ webIdentityToken: 'jwt', roleArn, region: 'us-gov-west-1' }],
])('accepts %o', (given) => {
  expect(() => checkAwsSignIn(given)).not.toThrow();
});

test.each([
  [{ region: 'frankfurt' }, /"frankfurt", expected a name such as eu-central-1/],
  [{ region: 'eu-central-1a' }, /eu-central-1a/],
  [{ webIdentityToken: 'jwt', roleArn: 'release' }, /"release", expected arn/],
  [{ accessKeyId: 'a' }, /belong together/],
  [{ sessionToken: 't' }, /belong together/],
  [{ webIdentityToken: 'jwt' }, /without the role/],
  [{ roleArn }, /without credentials to assume it/],
  [{ ...pair, webIdentityToken: 'jwt', roleArn }, /both given/],
])('refuses %o', (given, message) => {
  expect(() => checkAwsSignIn(given)).toThrow(message);
});

test('values become credentials; a role given with keys is assumed with them', () => {
  expect(awsCredentials({})).toBeUndefined();
  expect(awsCredentials({ ...pair, sessionToken: 't' })).toEqual({ kind: 'keys', ...pair, sessionToken: 't' });
  expect(awsCredentials({ ...pair, roleArn })).toEqual({ kind: 'role', roleArn, from: { kind: 'keys', ...pair } });
  expect(awsCredentials({ webIdentityToken: 'jwt', roleArn })).toEqual({ kind: 'web-identity', token: 'jwt', roleArn });
  expect(() => awsCredentials({ accessKeyId: 'a' })).toThrow('belong together');
});

test('keys are passed on as they are, whatever the environment holds', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'of the environment');
  const provider = identityProvider({ kind: 'keys', ...pair, sessionToken: 't' }, { region: 'eu-central-1' });
  expect(await provider()).toEqual({ ...pair, sessionToken: 't' });
  vi.unstubAllEnvs();
});

describe('a session of an hour', () => {
  const MINUTE = 60_000;
  let sts: AwsDouble;
  let clients: AwsClients;
  let count: number;
  let isDown: boolean;

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 1) });
    count = 0;
    isDown = false;
    sts = await startAwsDouble(() => {
      if (isDown)
        return { status: 403, body: '<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>' };
      count++;
      const end = new Date(Date.now() + 60 * MINUTE).toISOString();
      const session = `<AccessKeyId>key ${count}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>`;
      return {
        body: `<AssumeRoleResponse><AssumeRoleResult><Credentials>${session}<Expiration>${end}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
      };
    });
    clients = sts.clients.withRole(roleArn);
  });
  afterEach(async () => {
    clients.destroy();
    await sts.stop();
    vi.useRealTimers();
  });

  const key = async () => (await clients.identity()).accessKeyId;
  const pass = (minutes: number) => vi.setSystemTime(Date.now() + minutes * MINUTE);

  test('is used until five minutes before its end, then renewed', async () => {
    expect(await key()).toBe('key 1');
    pass(54);
    expect(await key()).toBe('key 1');
    pass(1.1);
    expect(await key()).toBe('key 2');
    expect(await key()).toBe('key 2');
  });

  test('is shared by those who ask at the same time, in every region', async () => {
    const elsewhere = clients.inRegion('eu-west-1');
    await Promise.all([key(), key(), elsewhere.identity()]);
    expect(count).toBe(1);
    elsewhere.destroy();
  });

  test('that is denied is reported each time and not kept', async () => {
    isDown = true;
    await expect(key()).rejects.toThrow(`the role ${roleArn} cannot be assumed (AWS_DENIED)`);
    isDown = false;
    expect(await key()).toBe('key 1');
  });
});

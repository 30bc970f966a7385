import { expect, test } from 'vitest';
import { awsCredentials, awsSignIn } from './aws.ts';

const none = { hasAccessKeyId: false, hasSecretAccessKey: false, hasSessionToken: false, hasWebIdentityToken: false };
const keys = { ...none, hasAccessKeyId: true, hasSecretAccessKey: true };
const roleArn = 'arn:aws:iam::123456789012:role/release';

test('nothing, keys or a web identity', () => {
  expect(awsSignIn(none)).toBe('none');
  expect(awsSignIn({ ...keys, hasSessionToken: true, region: 'eu-central-1' })).toBe('keys');
  expect(awsSignIn({ ...none, hasWebIdentityToken: true, roleArn, region: 'us-gov-west-1' })).toBe('web-identity');
});

test.each([
  [{ ...none, region: 'frankfurt' }, /"frankfurt", expected a name such as eu-central-1/],
  [{ ...none, region: 'eu-central-1a' }, /eu-central-1a/],
  [{ ...none, hasWebIdentityToken: true, roleArn: 'release' }, /"release", expected arn/],
  [{ ...none, hasAccessKeyId: true }, /belong together/],
  [{ ...none, hasSessionToken: true }, /belong together/],
  [{ ...none, hasWebIdentityToken: true }, /without the role/],
  [{ ...none, roleArn }, /nothing was given to take the role/],
  [{ ...keys, hasWebIdentityToken: true, roleArn }, /both given/],
])('refuses %o', (given, message) => {
  expect(() => awsSignIn(given)).toThrow(message);
});

test('of the values come credentials; a role beside keys is taken on top of them', () => {
  const pair = { accessKeyId: 'a', secretAccessKey: 's' };
  expect(awsCredentials({})).toBeUndefined();
  expect(awsCredentials({ ...pair, sessionToken: 't' })).toEqual({ kind: 'keys', ...pair, sessionToken: 't' });
  expect(awsCredentials({ ...pair, roleArn })).toEqual({ kind: 'role', roleArn, from: { kind: 'keys', ...pair } });
  expect(awsCredentials({ webIdentityToken: 'jwt', roleArn })).toEqual({ kind: 'web-identity', token: 'jwt', roleArn });
  expect(() => awsCredentials({ accessKeyId: 'a' })).toThrow('belong together');
});

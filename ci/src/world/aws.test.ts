import { expect, test } from 'vitest';
import { awsSignIn } from './aws.ts';

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
  [{ ...none, hasWebIdentityToken: true }, /belong together/],
  [{ ...none, roleArn }, /belong together/],
  [{ ...keys, hasWebIdentityToken: true, roleArn }, /both given/],
])('refuses %o', (given, message) => {
  expect(() => awsSignIn(given)).toThrow(message);
});

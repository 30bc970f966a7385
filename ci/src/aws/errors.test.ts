import { expect, test } from 'vitest';
import { awsError, awsProblem } from './errors.ts';

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

test.each([
  [
    'ExpiredTokenException',
    'The security token included in the request is expired',
    'AWS_CREDENTIALS',
    /sign in again/,
  ],
  ['InvalidClientTokenId', 'The security token included in the request is invalid', 'AWS_CREDENTIALS', /clock/],
  [
    'InvalidSignatureException',
    'Signature expired: 20261201T040000Z is now earlier than 20261201T045500Z',
    'AWS_CREDENTIALS',
    /clock/,
  ],
  [
    'CredentialsProviderError',
    'The SSO session associated with this profile has expired',
    'AWS_CREDENTIALS',
    /aws sso login/,
  ],
  [
    'CredentialsProviderError',
    'Could not load credentials from any providers',
    'AWS_CREDENTIALS',
    /give a valid key pair/,
  ],
  ['AccessDeniedException', 'not authorized to perform: ecr:CreateRepository', 'AWS_DENIED', /allow the action/],
  ['ThrottlingException', 'Rate exceeded', 'AWS_THROTTLED', /in a minute/],
  ['TimeoutError', 'no answer', 'AWS_UNREACHABLE', /network/],
  ['ValidationException', 'no', 'AWS', /message of AWS/],
])('%s has its own next step', (name, message, code, next) => {
  const found = awsProblem(named(name, message));
  expect(found).toMatchObject({ code, problem: `${name}: ${message}` });
  expect(found.next).toMatch(next);
});

test('an unknown region is an unknown host name', () => {
  const error = Object.assign(new Error('getaddrinfo ENOTFOUND sts.eu-nowhere-1.amazonaws.com'), { code: 'ENOTFOUND' });
  expect(awsProblem(error)).toMatchObject({ code: 'AWS_UNREACHABLE', next: expect.stringContaining('region exists') });
});

test("an error says what failed and gives AWS's message, and is not wrapped twice", () => {
  const error = awsError('the role cannot be taken', named('AccessDenied', 'not yours'));
  expect(error.message).toContain('the role cannot be taken (AWS_DENIED)\n  | AccessDenied: not yours\n  next: ');
  expect(awsError('something else', error)).toBe(error);
  expect(awsProblem(error).problem).toBe('AccessDenied: not yours');
});

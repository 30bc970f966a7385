/** Explains an error of AWS so that a person can act on it. */
import { PipelineError } from '../errors.ts';

export type AwsProblem = {
  code: 'AWS_CREDENTIALS' | 'AWS_DENIED' | 'AWS_UNREACHABLE' | 'AWS_THROTTLED' | 'AWS';
  /** AWS's name for the error, then its message. */
  problem: string;
  next: string;
};

/** The services' error names for invalid credentials. */
const BAD_CREDENTIALS = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'ExpiredTokenProviderError',
  'IncompleteSignature',
  'InvalidClientTokenId',
  'InvalidIdentityToken',
  'InvalidIdentityTokenException',
  'InvalidSignatureException',
  'MissingAuthenticationToken',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);

/** The SDK's own names, when no source of credentials has any. */
const PROVIDERS = new Set(['CredentialsProviderError', 'TokenProviderError', 'ProviderError']);

const DENIED = new Set(['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation', 'UnauthorizedAccess']);
const THROTTLED = new Set(['Throttling', 'ThrottlingException', 'TooManyRequestsException', 'RequestLimitExceeded']);

export function awsProblem(error: unknown): AwsProblem {
  if (error instanceof PipelineError) {
    if (error.code.startsWith('AWS') && error.cause !== undefined) return awsProblem(error.cause);
    return { code: 'AWS', problem: error.headline, next: error.next ?? 'see above' };
  }
  const name = errorName(error);
  const problem = words(error, name);
  const isClock = name === 'RequestTimeTooSkewed' || /Signature (expired|not yet current)/.test(problem);
  if (isClock) {
    const next = "set this machine's clock: AWS does not accept the time in the signature";
    return { code: 'AWS_CREDENTIALS', problem, next };
  }
  if (/\bsso\b/i.test(problem) && PROVIDERS.has(name))
    return { code: 'AWS_CREDENTIALS', problem, next: 'sign in again: aws sso login, with --profile where one is used' };
  if (BAD_CREDENTIALS.has(name) || PROVIDERS.has(name)) {
    const next = /expired/i.test(`${name} ${problem}`)
      ? 'the session has ended: sign in again and give the new keys, session token included'
      : 'give a valid key pair with its session token, and check that the clock is right';
    return { code: 'AWS_CREDENTIALS', problem, next };
  }
  if (DENIED.has(name)) {
    return {
      code: 'AWS_DENIED',
      problem,
      next: 'allow the action that it names in the policy of this user or role',
    };
  }
  if (THROTTLED.has(name)) return { code: 'AWS_THROTTLED', problem, next: 'try again in a minute' };
  if (isUnreachable(error)) {
    return {
      code: 'AWS_UNREACHABLE',
      problem,
      next: 'check that the region exists and that the network allows outgoing connections',
    };
  }
  return { code: 'AWS', problem, next: 'see the message of AWS above' };
}

/** `headline` says what failed. The cause is kept. */
export function awsError(headline: string, error: unknown, next?: string): PipelineError {
  if (error instanceof PipelineError) return error;
  const found = awsProblem(error);
  return new PipelineError(found.code, headline, {
    evidence: [found.problem],
    next: next ?? found.next,
    cause: error,
  });
}

/** AWS's or Node's name for an error: `RepositoryNotFoundException`, `ECONNREFUSED`. */
export function errorName(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string' && error.name === 'Error') return error.code;
  return error.name;
}

function words(error: unknown, name: string): string {
  if (!(error instanceof Error)) return String(error);
  // For an unreadable answer the SDK's message has several lines of advice to its developers.
  const message = error.message.split('\n')[0].trim();
  return message === '' || message === name ? name : `${name}: ${message}`;
}

const NETWORK = /^(ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|TimeoutError)$/;

function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return NETWORK.test(code) || NETWORK.test(error.name);
}

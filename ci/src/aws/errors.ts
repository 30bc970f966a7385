/** What went wrong when AWS was asked, in words a person can act on. */
import { PipelineError } from '../errors.ts';

export type AwsProblem = {
  code: 'AWS_CREDENTIALS' | 'AWS_DENIED' | 'AWS_UNREACHABLE' | 'AWS_THROTTLED' | 'AWS';
  /** AWS's own words, after its name for the error. */
  problem: string;
  next: string;
};

/** Names by which the services call credentials that they do not accept. */
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

const DENIED = new Set(['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation', 'UnauthorizedAccess']);
const THROTTLED = new Set(['Throttling', 'ThrottlingException', 'TooManyRequestsException', 'RequestLimitExceeded']);

export function awsProblem(error: unknown): AwsProblem {
  if (error instanceof PipelineError) {
    if (error.code.startsWith('AWS') && error.cause !== undefined) return awsProblem(error.cause);
    return { code: 'AWS', problem: error.headline, next: error.next ?? 'see above' };
  }
  const name = errorName(error);
  const problem = words(error, name);
  if (BAD_CREDENTIALS.has(name)) {
    const next = /expired/i.test(`${name} ${problem}`)
      ? 'the session has ended: sign in again and give the new keys, session token included'
      : 'give a valid key pair (and its session token), and see whether the clock is right';
    return { code: 'AWS_CREDENTIALS', problem, next };
  }
  if (DENIED.has(name)) {
    return {
      code: 'AWS_DENIED',
      problem,
      next: 'allow the action that it names in the policy of the one who signs in',
    };
  }
  if (THROTTLED.has(name)) return { code: 'AWS_THROTTLED', problem, next: 'try again in a minute' };
  if (isUnreachable(error)) {
    return {
      code: 'AWS_UNREACHABLE',
      problem,
      next: 'see whether the region exists and whether the network lets us out',
    };
  }
  return { code: 'AWS', problem, next: 'see what AWS says above' };
}

/** `headline` says what was tried. The cause is kept. */
export function awsError(headline: string, error: unknown, next?: string): PipelineError {
  if (error instanceof PipelineError) return error;
  const found = awsProblem(error);
  return new PipelineError(found.code, headline, {
    evidence: [found.problem],
    next: next ?? found.next,
    cause: error,
  });
}

/** The name by which AWS or Node calls an error: `RepositoryNotFoundException`, `ECONNREFUSED`. */
export function errorName(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string' && error.name === 'Error') return error.code;
  return error.name;
}

function words(error: unknown, name: string): string {
  if (!(error instanceof Error)) return String(error);
  // The SDK's text for an answer that it cannot read is an advice to its developers on several lines.
  const message = error.message.split('\n')[0].trim();
  return message === '' || message === name ? name : `${name}: ${message}`;
}

const NETWORK = /^(ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|TimeoutError)$/;

function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return NETWORK.test(code) || NETWORK.test(error.name);
}

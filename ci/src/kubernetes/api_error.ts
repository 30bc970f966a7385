/**
 * What a failed call to the API server means, and whether to retry it. Only the Status object's own sentence is shown: the
 * client's message holds the whole body and all headers.
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '#kubernetes';
import { PipelineError } from '../errors.ts';
import { withTimeout } from '../timeout.ts';
import { kubernetes } from './client.ts';

// For a call that gets no answer at all: undici itself would wait 300 s.
const callTimeoutMs = 10_000;

// The API server of a managed cluster may be away for a minute while it is replaced.
const patientSeconds = 120;

/** A Status: the HTTP code, Kubernetes' word for the reason, and the sentence. */
export type ApiError = { code: number; reason: string; message: string };

export type ClusterProblem = {
  code: 'CLUSTER_401' | 'CLUSTER_403' | 'CLUSTER_SIGN_IN' | 'CLUSTER_UNREACHABLE' | 'CLUSTER';
  problem: string;
  next: string;
};

/** Undefined for an error that is not an answer of the API server: a lost connection, a bug. */
export function apiError(error: unknown): ApiError | undefined {
  const code = httpStatus(error);
  if (code === undefined) return undefined;
  const body = error instanceof kubernetes().ApiException ? error.body : undefined;
  const { reason, message } = parsedBody(body);
  return {
    code,
    reason: typeof reason === 'string' ? reason : '',
    message: typeof message === 'string' ? message : (plainText(body) ?? `the API server answered ${code}`),
  };
}

/** One line about any error: the API server's own sentence if there is one. */
export function describeError(error: unknown): string {
  const api = apiError(error);
  if (api) return api.message;
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`;
}

export function isNotFound(error: unknown): boolean {
  return apiError(error)?.code === 404;
}

/** The answer, or undefined instead of a 404. */
export async function ifFound<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export function isConflict(error: unknown): boolean {
  return apiError(error)?.code === 409;
}

export function isForbidden(error: unknown): boolean {
  return apiError(error)?.code === 403;
}

/** A refusal by RBAC. Quotas and webhooks refuse with 403 too. */
export function isDeniedByRbac(error: unknown): boolean {
  return isForbidden(error) && /User "(?:[^"\\]|\\.)*" cannot /.test(apiError(error)?.message ?? '');
}

/** What a pod answered through the API server's proxy, to a request that failed; undefined if the API server itself answered. */
export function podAnswer(error: unknown): { status: number; body: string } | undefined {
  if (!(error instanceof kubernetes().ApiException) || parsedBody(error.body).kind === 'Status') return undefined;
  return { status: error.code, body: typeof error.body === 'string' ? error.body : JSON.stringify(error.body) };
}

/**
 * The problem and the next step. A 401 and a 403 need different repairs: the first rejects the credentials, the second
 * accepts them and denies the action. https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html
 */
export function clusterProblem(error: unknown): ClusterProblem {
  if (error instanceof PipelineError) {
    if (error.code.startsWith('CLUSTER') && error.cause !== undefined) return clusterProblem(error.cause);
    return { code: 'CLUSTER', problem: error.headline, next: error.next ?? 'see above' };
  }
  const api = apiError(error);
  if (api?.code === 401) {
    return {
      code: 'CLUSTER_401',
      problem: '401: the API server does not accept our credentials',
      next: 'add an access entry for the role or user that signs in (eksctl create accessentry), or check that the cluster name, the account, the token and the clock are right',
    };
  }
  if (api?.code === 403) {
    return {
      code: 'CLUSTER_403',
      problem: `403: signed in, but not allowed: ${api.message}`,
      next: 'associate an access policy with the access entry, or bind a Role to its group',
    };
  }
  if (api) return { code: 'CLUSTER', problem: `${api.code}: ${api.message}`, next: 'do what the message says' };
  const problem = rootMessage(error);
  const signIn = signInAdvice(problem);
  if (signIn) return { code: 'CLUSTER_SIGN_IN', problem: problem.trim().split('\n').at(-1) ?? '', next: signIn };
  const isTls = /certificate|self.signed|unable to verify/i.test(problem);
  return {
    code: 'CLUSTER_UNREACHABLE',
    problem,
    next: /expired|not yet valid/i.test(problem)
      ? "compare this machine's clock with the certificate's dates; if the clock is right, the certificate must be renewed"
      : isTls
        ? "the certificate is not from the cluster's certificate authority: fetch that from EKS again, or look for a proxy that intercepts TLS"
        : 'check that the endpoint is public, or that this machine is inside its network',
  };
}

/** What the kubeconfig's program, or the search for AWS credentials, says when there is no token. */
const signIns: [RegExp, string][] = [
  [
    /\bSSO\b|sso login|sso session/i,
    'the SSO session has ended: aws sso login (with --profile where the kubeconfig names one)',
  ],
  [
    /spawn (\S+) ENOENT/,
    'the program that the kubeconfig signs in with is not installed here, or not on the PATH: install it, or use a kubeconfig with a token',
  ],
  [/ExpiredToken|token .{0,40}expired|session .{0,40}expired/i, 'the credentials have expired: sign in again'],
  [
    /unable to locate credentials|could not load credentials|NoCredentials|profile .{0,100} could not be found|config profile/i,
    'there are no AWS credentials here: aws configure sso, or set AWS_PROFILE or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN',
  ],
  [
    /Signature (expired|not yet current)|RequestTimeTooSkewed/,
    "this machine's clock is wrong: AWS does not accept the time in the signature",
  ],
];

function signInAdvice(problem: string): string | undefined {
  return signIns.find(([words]) => words.test(problem))?.[1];
}

/** Names the server and keeps the cause. A PipelineError stays as it is. */
export function clusterError(kubeConfig: KubeConfig, error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  const server = kubeConfig.getCurrentCluster()?.server ?? 'the cluster';
  const { code, problem, next } = clusterProblem(error);
  return new PipelineError(code, `a request to ${server} failed`, { evidence: [problem], next, cause: error });
}

/**
 * Retries for `seconds` after no answer, 429 or 5xx. Only for calls that may run twice: reads, server-side applies, and
 * updates under a resource version.
 */
export async function withRetries<T>(call: () => Promise<T>, seconds = patientSeconds): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (let waitMs = 100; ; waitMs = Math.min(2 * waitMs, 2000)) {
    try {
      return await withTimeout(call(), callTimeoutMs);
    } catch (error) {
      if (!isTemporary(error) || Date.now() + waitMs > end) throw error;
      await sleep(waitMs);
    }
  }
}

/** No answer, or one that the server may not give the next time. */
export function isTemporary(error: unknown): boolean {
  const api = apiError(error);
  // The server has no better status for an object that does not fit its schema.
  if (api) return api.code === 429 || (api.code >= 500 && !/field not declared in schema/.test(api.message));
  // undici reports every transport fault as "TypeError: fetch failed" with the system's error as its cause.
  return error instanceof Error && (error.name === 'TimeoutError' || error.cause !== undefined);
}

/** The client's watch has its status in another field than its other calls. */
function httpStatus(error: unknown): number | undefined {
  if (error instanceof kubernetes().ApiException) return error.code;
  const isWatch = error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number';
  return isWatch ? Number(error.statusCode) : undefined;
}

/** KubernetesObjectApi leaves the body a string; the typed clients parse it for the codes they know. */
function parsedBody(body: unknown): { kind?: unknown; reason?: unknown; message?: unknown } {
  if (typeof body === 'object' && body !== null) return body;
  try {
    const value: unknown = JSON.parse(String(body));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** The answer of a load balancer or a proxy in between, unless it is a page of HTML. */
function plainText(body: unknown): string | undefined {
  const [line = ''] = typeof body === 'string' ? body.trim().split('\n') : [];
  return line === '' || line.startsWith('<') ? undefined : line.slice(0, 300);
}

/** fetch says "fetch failed"; what failed is in the cause. */
function rootMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? rootMessage(error.cause) : error.message;
}

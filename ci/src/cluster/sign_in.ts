/**
 * Does the cluster let us in, and as whom? A 401 and a 403 have different mends: the first did not believe who we are,
 * the second knows and says no.
 * https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html
 */
import type { KubeConfig } from '#kubernetes';
import { PipelineError } from '../errors.ts';
import { kubernetes } from '../kubernetes.ts';

export type SignedIn = { username: string; groups: string[] };

export type ClusterProblem = {
  code: 'CLUSTER_401' | 'CLUSTER_403' | 'CLUSTER_UNREACHABLE' | 'CLUSTER';
  problem: string;
  next: string;
};

/** The API server's own view of us. Throws CLUSTER_401, CLUSTER_403, CLUSTER_UNREACHABLE or CLUSTER. */
export async function signedIn(kubeConfig: KubeConfig): Promise<SignedIn> {
  const api = kubeConfig.makeApiClient(kubernetes().AuthenticationV1Api);
  try {
    const { status } = await api.createSelfSubjectReview({
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    });
    return { username: status?.userInfo?.username ?? '', groups: status?.userInfo?.groups ?? [] };
  } catch (error) {
    throw clusterError(kubeConfig, error);
  }
}

export function clusterError(kubeConfig: KubeConfig, error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  const server = kubeConfig.getCurrentCluster()?.server ?? 'the cluster';
  const { code, problem, next } = clusterProblem(error);
  return new PipelineError(code, `${server} does not do what it was asked`, {
    evidence: [problem],
    next,
    cause: error,
  });
}

/** What a failed call to the API server means. */
export function clusterProblem(error: unknown): ClusterProblem {
  if (error instanceof PipelineError) {
    if (error.code.startsWith('CLUSTER') && error.cause !== undefined) return clusterProblem(error.cause);
    return { code: 'CLUSTER', problem: error.headline, next: error.next ?? 'see above' };
  }
  const status = httpStatus(error);
  if (status === 401) {
    return {
      code: 'CLUSTER_401',
      problem: '401: it does not believe who we are',
      next: 'add an access entry for the role or user that signs in (eksctl create accessentry), or see whether the cluster name, the account and the clock are right',
    };
  }
  if (status === 403) {
    return {
      code: 'CLUSTER_403',
      problem: `403: we are signed in, and have no right: ${apiMessage(error)}`,
      next: 'associate an access policy with the access entry, or bind the Role in manifests to its group',
    };
  }
  if (status !== undefined) {
    return { code: 'CLUSTER', problem: `${status}: ${apiMessage(error)}`, next: 'see what it says' };
  }
  const words = rootMessage(error);
  const isTls = /certificate|self.signed|unable to verify/i.test(words);
  return {
    code: 'CLUSTER_UNREACHABLE',
    problem: words,
    next: isTls
      ? "the certificate authority is not the cluster's: take it from EKS again, or see whether something stands between"
      : 'see whether the endpoint is public, or whether we are inside its network',
  };
}

/** Of an answer of the API server; undefined when there was none. */
export function httpStatus(error: unknown): number | undefined {
  if (error instanceof kubernetes().ApiException) return error.code;
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined;
}

/** The sentence in a Status object; ApiException's own message holds headers besides. */
function apiMessage(error: unknown): string {
  const body: unknown = error instanceof kubernetes().ApiException ? error.body : undefined;
  const status: unknown = typeof body === 'string' ? parsed(body) : body;
  if (typeof status === 'object' && status !== null && 'message' in status) return String(status.message);
  return typeof body === 'string' && body !== '' ? body.slice(0, 300) : 'it gives no reason';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** fetch says "fetch failed"; what failed is in the cause. */
function rootMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? rootMessage(error.cause) : error.message;
}

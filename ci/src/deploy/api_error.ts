/** What the API server answered, made readable: the client's own message holds the whole body and all headers. */
import { kubernetes } from '../kubernetes.ts';

/** A Status's code and message. https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
export type ApiError = { code: number; reason: string; message: string };

/** Undefined for what did not come from the API server: a lost connection, a bug. */
export function apiError(error: unknown): ApiError | undefined {
  if (!(error instanceof kubernetes().ApiException)) return undefined;
  const body = parsedBody(error.body);
  const reason = typeof body?.reason === 'string' ? body.reason : '';
  const message = typeof body?.message === 'string' ? body.message : `the API server answered ${error.code}`;
  return { code: error.code, reason, message };
}

/** One line about any error, the API server's own sentence where there is one. */
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

export function isConflict(error: unknown): boolean {
  return apiError(error)?.code === 409;
}

export function isForbidden(error: unknown): boolean {
  return apiError(error)?.code === 403;
}

/** RBAC's refusal, as opposed to a quota's or a webhook's, which come as 403 too. */
export function isDeniedByRbac(error: unknown): boolean {
  return isForbidden(error) && /User ".*" cannot /.test(apiError(error)?.message ?? '');
}

/** KubernetesObjectApi leaves the body a string; the typed clients parse it for the codes that they know. */
function parsedBody(body: unknown): { reason?: unknown; message?: unknown } | undefined {
  if (typeof body === 'object' && body !== null) return body;
  if (typeof body !== 'string') return undefined;
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

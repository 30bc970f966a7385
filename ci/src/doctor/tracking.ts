/** Whether the tracking server answers, is MLflow, and accepts the credentials. */
import type { TrackingSignIn } from '../tracking.ts';
import type { Finding } from './finding.ts';

/** Milliseconds for one answer. */
const TIMEOUT = 10_000;

/**
 * Asks for the model registry, because /health answers without credentials. `uri` has no slash at its end. Never throws: a
 * failure is the finding.
 */
export async function examineTracking({ uri, ...signIn }: TrackingSignIn<string>): Promise<Finding> {
  const what = `tracking server ${uri}`;
  try {
    const response = await fetch(`${uri}/api/2.0/mlflow/registered-models/search?max_results=1`, {
      headers: authorization(signIn),
      signal: AbortSignal.timeout(TIMEOUT),
    });
    if (response.ok && isRegistry(await response.text())) return { what };
    if (response.ok)
      return { what, problem: 'the answer does not come from MLflow', next: 'check the path of the address' };
    const problem = `it answers ${response.status} ${response.statusText}`.trim();
    if (response.status === 401)
      return {
        what,
        problem,
        next: 'check the credentials: --tracking-token, or --tracking-username and --tracking-password',
      };
    if (response.status === 403)
      return {
        what,
        problem,
        next: "the user lacks permissions, or the server's --allowed-hosts lacks this host name",
      };
    return { what, problem, next: 'see the log of the server' };
  } catch (error) {
    return { what, problem: reason(error), next: 'check the host name and port, and that the server runs' };
  }
}

function authorization({ username, password, token }: TrackingSignIn<string>): Record<string, string> {
  if (username && password) {
    return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  }
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** An MLflow without models answers with an empty object. */
function isRegistry(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** fetch only says "fetch failed"; the reason is in its cause. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT / 1000} s`;
  return error.cause instanceof Error ? error.cause.message : error.message;
}

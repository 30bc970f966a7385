/** Is there an MLflow at the address, and does it let us in? /health answers anybody, so the registry is asked too. */
import type { Finding } from './finding.ts';

export type SignIn = { username?: string; password?: string; token?: string };

const PATIENCE = 10_000;

/** `uri` without a slash at its end. Never throws: what goes wrong is the finding. */
export async function examineTracking(uri: string, signIn: SignIn): Promise<Finding> {
  const what = `tracking server ${uri}`;
  try {
    const response = await fetch(`${uri}/api/2.0/mlflow/registered-models/search?max_results=1`, {
      headers: authorization(signIn),
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (response.ok && isRegistry(await response.text())) return { what };
    if (response.ok)
      return { what, problem: 'something answers there, but not MLflow', next: 'see whether the path is right' };
    const problem = `it answers ${response.status} ${response.statusText}`.trim();
    if (response.status === 401)
      return {
        what,
        problem,
        next: 'it wants other credentials: --tracking-token, or --tracking-username and --tracking-password',
      };
    if (response.status === 403)
      return {
        what,
        problem,
        next: 'the user has no rights there, or the server does not expect this host name: its --allowed-hosts',
      };
    return { what, problem, next: 'see its own log' };
  } catch (error) {
    return { what, problem: reason(error), next: 'see whether the name and port are right, and whether it runs' };
  }
}

function authorization({ username, password, token }: SignIn): Record<string, string> {
  if (username && password) {
    return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  }
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** An MLflow without models answers an empty object. */
function isRegistry(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** fetch says "fetch failed"; what failed is in the cause. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${PATIENCE / 1000} s`;
  return error.cause instanceof Error ? error.cause.message : error.message;
}

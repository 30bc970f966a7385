/**
 * Any kind of object, sent and received as it is written. The client's own calls send only the fields that its model knows,
 * so a misspelt field would vanish before the server could name it.
 */
import type { HttpMethod, KubeConfig, KubernetesObject } from '#kubernetes';
import { withTimeout } from '../timeout.ts';
import { ifFound } from './api_error.ts';
import { kubernetes } from './client.ts';

/** Has a name, kind and version. */
export type Manifest = KubernetesObject & { apiVersion: string; kind: string; metadata: { name: string } };

export type Operation = { op: 'add' | 'remove' | 'replace' | 'test'; path: string; value?: unknown };

export type Objects = {
  /** Undefined if it does not exist. */
  read: (object: Manifest) => Promise<Manifest | undefined>;
  /** Server-side apply that wins conflicts. Returns the object as the server has it now, or would have it. */
  apply: (object: Manifest, options: { fieldManager: string; dryRun?: boolean }) => Promise<Manifest>;
  /** JSON Patch (RFC 6902). */
  patch: (object: Manifest, operations: Operation[], fieldManager: string) => Promise<Manifest>;
  /** Its dependents go too. Nothing happens if it does not exist. */
  remove: (object: Manifest) => Promise<void>;
  /** Also true for a kind that the cluster does not have. */
  isNamespaced: (object: Pick<Manifest, 'apiVersion' | 'kind'>) => Promise<boolean>;
};

type Resource = { name: string; namespaced: boolean; kind: string };

/** Each call throws an ApiException for an answer that is an error, and what fetch throws without an answer. */
export function objectsOf(kubeConfig: KubeConfig): Objects {
  const known = new Map<string, Promise<Resource[]>>();

  /** https://kubernetes.io/docs/reference/using-api/api-concepts/#discovery */
  function resources(apiVersion: string): Promise<Resource[]> {
    const found = known.get(apiVersion) ?? list(apiVersion);
    known.set(apiVersion, found);
    found.catch(() => known.delete(apiVersion));
    return found;
  }

  async function list(apiVersion: string): Promise<Resource[]> {
    const answer = (await call(kubeConfig, { method: 'GET', path: root(apiVersion) })) as { resources?: Resource[] };
    return (answer.resources ?? []).filter(({ name }) => !name.includes('/'));
  }

  async function resourceOf({
    apiVersion,
    kind,
  }: Pick<Manifest, 'apiVersion' | 'kind'>): Promise<Resource | undefined> {
    return (await resources(apiVersion)).find((each) => each.kind === kind);
  }

  async function pathOf({ apiVersion, kind, metadata }: Manifest): Promise<string> {
    const resource = await resourceOf({ apiVersion, kind });
    if (!resource)
      throw new (kubernetes().ApiException)(404, '', `the cluster has no kind ${kind} in ${apiVersion}`, {});
    const namespace = resource.namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : '';
    return `${root(apiVersion)}${namespace}/${resource.name}/${encodeURIComponent(metadata.name)}`;
  }

  return {
    read: async (object) =>
      (await ifFound(call(kubeConfig, { method: 'GET', path: await pathOf(object) }))) as Manifest,
    apply: async (object, { fieldManager, dryRun }) =>
      (await call(kubeConfig, {
        method: 'PATCH',
        path: await pathOf(object),
        query: { fieldManager, force: 'true', ...(dryRun && { dryRun: 'All' }) },
        contentType: 'application/apply-patch+yaml',
        body: object,
      })) as Manifest,
    patch: async (object, operations, fieldManager) =>
      (await call(kubeConfig, {
        method: 'PATCH',
        path: await pathOf(object),
        query: { fieldManager },
        contentType: 'application/json-patch+json',
        body: operations,
      })) as Manifest,
    remove: async (object) => {
      const query = { propagationPolicy: 'Background' };
      await ifFound(call(kubeConfig, { method: 'DELETE', path: await pathOf(object), query }));
    },
    isNamespaced: async (object) => (await ifFound(resourceOf(object)))?.namespaced ?? true,
  };
}

export type ApiRequest = {
  method: HttpMethod;
  path: string;
  query?: Record<string, string>;
  contentType?: string;
  body?: unknown;
};

/** The answer as JSON. Throws an ApiException for any status that is not 2xx. */
async function call(kubeConfig: KubeConfig, request: ApiRequest): Promise<unknown> {
  const { status, body } = await ask(kubeConfig, request);
  if (status < 200 || status > 299) throw new (kubernetes().ApiException)(status, '', body, {});
  return JSON.parse(body);
}

/** Status and body as they are, also of what the API server passes on from a pod or a Service. */
export async function ask(kubeConfig: KubeConfig, request: ApiRequest): Promise<{ status: number; body: string }> {
  const { RequestContext, IsomorphicFetchHttpLibrary } = kubernetes();
  const { method, path, query = {}, contentType, body } = request;
  const server = kubeConfig.getCurrentCluster()?.server.replace(/\/$/, '') ?? '';
  const context = new RequestContext(`${server}${path}`, method);
  for (const [name, value] of Object.entries(query)) context.setQueryParam(name, value);
  context.setHeaderParam('Accept', 'application/json, */*;q=0.8');
  if (contentType) context.setHeaderParam('Content-Type', contentType);
  if (body !== undefined) context.setBody(JSON.stringify(body));
  await kubeConfig.applySecurityAuthentication(context);
  const answer = await new IsomorphicFetchHttpLibrary().send(context).toPromise();
  // A server that sends its head and then hangs would hold us up for minutes.
  return { status: answer.httpStatusCode, body: await withTimeout(answer.body.text(), 10_000) };
}

function root(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

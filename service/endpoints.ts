/** The closed sets of labels: whatever a client sends, there are no others. */
export const ENDPOINTS = ['/', '/predict', '/metrics', '/healthz', '/readyz', '/version', '/openapi.json'] as const;
export type Path = (typeof ENDPOINTS)[number];
/** `other` is every address that is none of the service's. */
export type Endpoint = Path | 'other';

export const METHODS = ['GET', 'HEAD', 'POST', 'OPTIONS'] as const;
export type Method = (typeof METHODS)[number] | 'other';

const endpoints = new Map<string, Path>(ENDPOINTS.map((path) => [path, path]));
const methods = new Map<string, Method>(METHODS.map((method) => [method, method]));

/** `url` as it stands in the request line: a path, perhaps with a query. */
export function endpointOf(url: string): Endpoint {
  const query = url.indexOf('?');
  return endpoints.get(query < 0 ? url : url.slice(0, query)) ?? 'other';
}

export function methodOf(method: string): Method {
  return methods.get(method) ?? 'other';
}

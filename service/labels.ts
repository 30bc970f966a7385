/**
 * What metrics and log lines say about a request. Whatever a client sends, the values are of closed sets (endpoint,
 * method), an id of our own, or hexadecimal digits (the caller's trace).
 */
import { randomBytes } from 'node:crypto';

export const ENDPOINTS = [
  '/',
  '/predict',
  '/feedback',
  '/model',
  '/docs',
  '/metrics',
  '/healthz',
  '/readyz',
  '/version',
  '/openapi.json',
] as const;
export type Path = (typeof ENDPOINTS)[number];
/** `/v2` is every path of the inference protocol, `other` any unknown one. */
export type Endpoint = Path | '/v2' | 'other';

export const METHODS = ['GET', 'HEAD', 'POST', 'OPTIONS'] as const;
export type Method = (typeof METHODS)[number] | 'other';

const endpoints = new Map<string, Path>(ENDPOINTS.map((path) => [path, path]));
const methods = new Map<string, Method>(METHODS.map((method) => [method, method]));

/** `url` is as in the request line: a path, with or without a query. */
export function endpointOf(url: string): Endpoint {
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  return endpoints.get(path) ?? (path.startsWith('/docs/') ? '/docs' : /^\/v2(\/|$)/.test(path) ? '/v2' : 'other');
}

export function methodOf(method: string): Method {
  return methods.get(method) ?? 'other';
}

/** Named as in OpenTelemetry's logs. */
export type TraceContext = { trace_id: string; span_id: string };

// Version 00 has exactly these four fields; a later version may add more at the end. All zeros and version ff are invalid.
const TRACEPARENT =
  /^(?:00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}|(?!00|ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?)$/;
const ZEROS = /^0+$/;
const LONGEST = 512;

/**
 * Parses the `traceparent` header of a request. Undefined when it is missing or invalid, as the standard demands.
 * https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function traceOf(traceparent: string | string[] | undefined): TraceContext | undefined {
  if (typeof traceparent !== 'string' || traceparent.length > LONGEST) return undefined;
  const match = TRACEPARENT.exec(traceparent);
  if (!match) return undefined;
  const trace_id = match[1] ?? match[3];
  const span_id = match[2] ?? match[4];
  return ZEROS.test(trace_id) || ZEROS.test(span_id) ? undefined : { trace_id, span_id };
}

// Random per process, not per request: random bytes cost more than all other bookkeeping of a request.
const PROCESS = randomBytes(6).toString('hex');
let requests = 0;

/** Unique across processes, such as `3f9c0e5a7d21-1`. */
export function nextRequestId(): string {
  requests++;
  return `${PROCESS}-${requests}`;
}

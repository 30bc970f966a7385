/** Which request a log line speaks of: an id of our own, and the caller's place in a trace when it tells one. */
import { randomBytes } from 'node:crypto';

/** Names as OpenTelemetry's logs have them. */
export type TraceContext = { trace_id: string; span_id: string };

// 00 has exactly these four fields; a later version may have more behind them. All zeros and version ff are invalid.
const TRACEPARENT =
  /^(?:00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}|(?!00|ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?)$/;
const ZEROS = /^0+$/;
const LONGEST = 512;

/**
 * The `traceparent` header of a request, taken over; undefined when it is missing or not valid, as the standard asks.
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

// Random once for each process, because random bytes for each request cost more than all the rest of its bookkeeping.
const PROCESS = randomBytes(6).toString('hex');
let requests = 0;

/** Unique among all processes: `3f9c0e5a7d21-1`. */
export function nextRequestId(): string {
  requests++;
  return `${PROCESS}-${requests}`;
}

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { LogLevel } from './config.ts';
import { Log, type RequestLine } from './log.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function record(level: LogLevel): { log: Log; writes: string[] } {
  const writes: string[] = [];
  return { log: new Log(level, (lines) => writes.push(lines)), writes };
}

const line = (fields: Partial<RequestLine> = {}): RequestLine => ({
  method: 'GET',
  endpoint: '/',
  status: 200,
  microseconds: 5,
  request_id: 'f00-1',
  trace: undefined,
  ...fields,
});

it('writes request lines together, after a tenth of a second', () => {
  const { log, writes } = record('info');
  log.request(line());
  log.request(line({ method: 'POST', endpoint: '/predict', status: 422 }));
  expect(writes).toEqual([]);
  vi.advanceTimersByTime(100);
  expect(writes).toHaveLength(1);
  const [first, second] = writes[0]
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text));
  expect(first).toMatchObject({ msg: 'request', method: 'GET', endpoint: '/', status: 200, microseconds: 5 });
  expect(first.request_id).toBe('f00-1');
  expect(second).toMatchObject({ status: 422 });
});

it.each([undefined, { trace_id: 'a1', span_id: 'b2' }])(
  'writes a request line like any other line, with the trace %j',
  (trace) => {
    const { log, writes } = record('info');
    const { trace: _, ...fields } = line();
    log.request(line({ trace }));
    log.info('request', { ...fields, ...trace });
    const [fast, plain] = writes.join('').trimEnd().split('\n');
    expect(fast).toBe(plain);
  },
);

it('writes a few lines of requests that are refused, and how many more there were', () => {
  const { log, writes } = record('info');
  for (let turn = 0; turn < 2; turn++) {
    let made = 0;
    for (let i = 0; i < 1000; i++) {
      log.refused(() => line({ status: 503, request_id: `f00-${++made}` }));
    }
    log.request(line());
    vi.advanceTimersByTime(100);
    expect(made).toBe(10);
    const lines = writes
      .splice(0)
      .join('')
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text));
    expect(lines.map(({ msg, status }) => `${msg} ${status}`)).toEqual([
      ...Array(10).fill('request 503'),
      'request 200',
      'refused undefined',
    ]);
    expect(lines.at(-1)).toEqual({ level: 'info', time: expect.any(Number), msg: 'refused', requests: 990 });
  }
  const silent = record('warn');
  silent.log.refused(() => line());
  vi.advanceTimersByTime(100);
  expect(silent.writes).toEqual([]);
});

it('writes every other line at once, after the waiting ones', () => {
  const { log, writes } = record('info');
  log.request(line());
  log.error('request failed', { stack: 'Error: ü\n  at x' });
  expect(writes.join('')).toMatch(
    /"msg":"request".*\n{"level":"error","time":\d+,"msg":"request failed","stack":"Error: ü\\n {2}at x"}\n$/s,
  );
});

it('writes no secret', () => {
  const { log, writes } = record('info');
  log.warn('cannot reach https://ann:s3cr3t@example.com/model.bin?X-Amz-Signature=s3cr3t');
  expect(JSON.parse(writes.join('')).msg).toBe('cannot reach https://***@example.com/model.bin?X-Amz-Signature=***');
});

it('loses no line, however many or long they are', () => {
  const { log, writes } = record('info');
  for (let i = 0; i < 5000; i++) log.request(line({ microseconds: i }));
  log.warn('x'.repeat(200_000));
  log.flush();
  const lines = writes
    .join('')
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text));
  expect(lines).toHaveLength(5001);
  expect(lines[4999].microseconds).toBe(4999);
  expect(lines[5000].msg).toHaveLength(200_000);
});

it('at level warn logs no requests, at silent nothing at all', () => {
  for (const [level, count] of [
    ['warn', 2],
    ['silent', 0],
  ] as const) {
    const { log, writes } = record(level);
    log.request(line());
    log.info('ready');
    log.warn('the registry is away');
    log.error('request failed');
    log.flush();
    expect(writes).toHaveLength(count);
  }
});

it('names trace and span of the caller as OpenTelemetry does', () => {
  const { log, writes } = record('info');
  log.request(line({ trace: { trace_id: 'a1', span_id: 'b2' } }));
  log.flush();
  expect(JSON.parse(writes[0])).toMatchObject({ trace_id: 'a1', span_id: 'b2' });
});

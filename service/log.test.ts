import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { LogLevel } from './config.ts';
import { Log } from './log.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function record(level: LogLevel): { log: Log; writes: string[] } {
  const writes: string[] = [];
  return { log: new Log(level, (lines) => writes.push(lines)), writes };
}

it('writes requests together, after a tenth of a second', () => {
  const { log, writes } = record('info');
  log.request('GET', '/', 200, 5);
  log.request('POST', '/predict', 422, 7);
  expect(writes).toEqual([]);
  vi.advanceTimersByTime(100);
  expect(writes).toHaveLength(1);
  const [first, second] = writes[0]
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(first).toMatchObject({ msg: 'request', method: 'GET', endpoint: '/', status: 200, microseconds: 5 });
  expect(second).toMatchObject({ status: 422 });
});

it('writes everything else at once, after what came before', () => {
  const { log, writes } = record('info');
  log.request('GET', '/', 200, 5);
  log.error('request failed', { stack: 'Error: ü\n  at x' });
  expect(writes[0]).toMatch(
    /"msg":"request".*\n.*"level":"error","msg":"request failed","stack":"Error: ü\\n {2}at x"}\n$/s,
  );
});

it('loses no line however many or long they are', () => {
  const { log, writes } = record('info');
  for (let i = 0; i < 5000; i++) log.request('GET', '/', 200, i);
  log.warn('x'.repeat(200_000));
  log.flush();
  const lines = writes
    .join('')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toHaveLength(5001);
  expect(lines[4999].microseconds).toBe(4999);
  expect(lines[5000].msg).toHaveLength(200_000);
});

it('at level warn says nothing of requests, at silent nothing at all', () => {
  for (const [level, count] of [
    ['warn', 2],
    ['silent', 0],
  ] as const) {
    const { log, writes } = record(level);
    log.request('GET', '/', 200, 5);
    log.info('ready');
    log.warn('the registry is away');
    log.error('request failed');
    log.flush();
    expect(writes).toHaveLength(count);
  }
});

/**
 * One JSON line per event, on stdout, in the format of pino. Lines never contain the text of a request, nor a URL, which
 * could contain it, nor secrets.
 *
 * Lines of requests are made and written together, a tenth of a second after the first of them: during a request, making
 * a line costs five times what it costs in one tight loop, and one write per line costs as much as Koa itself.
 */
import { redact } from '../ml/redact.ts';
import type { LogLevel } from './config.ts';
import type { Endpoint, Method, TraceContext } from './labels.ts';

const FLUSH_MS = 100;
/** Lines: about 50 kB, which a pipe accepts at once. */
const CAPACITY = 256;

/** Lines of refused requests that are written together: a line takes an eighth of the time of a refusal. */
const REFUSED_LINES = 10;

/** Bytes that a slow reader of stdout may leave in memory. */
const MOST_UNREAD = 1024 * 1024;

export type LogFields = Record<string, string | number | boolean | undefined>;

export type RequestLine = {
  method: Method;
  endpoint: Endpoint;
  status: number;
  microseconds: number;
  /** From labels.ts, like the trace: letters, digits and dashes only. */
  request_id: string;
  trace: TraceContext | undefined;
};

export class Log {
  readonly #level: LogLevel;
  readonly #write: (lines: string) => unknown;
  /** Called with the number of lines that were dropped because nobody reads them. */
  onDropped: (lines: number) => void = () => {};
  readonly #waiting: RequestLine[] = [];
  readonly #times: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Since lines were written. */
  #refused = 0;

  constructor(level: LogLevel, write: (lines: string) => unknown = writeStdout) {
    this.#level = level;
    this.#write = write;
  }

  info(msg: string, fields: LogFields = {}): void {
    if (this.#level === 'info') this.#event('info', msg, fields);
  }

  warn(msg: string, fields: LogFields = {}): void {
    if (this.#level !== 'silent') this.#event('warn', msg, fields);
  }

  error(msg: string, fields: LogFields = {}): void {
    if (this.#level !== 'silent') this.#event('error', msg, fields);
  }

  request(line: RequestLine): void {
    if (this.#level !== 'info') return;
    this.#waiting.push(line);
    this.#times.push(Date.now());
    if (this.#waiting.length === CAPACITY) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  /** A request that was refused before it was read: of many, a few have a line, and one line counts the others. */
  refused(line: () => RequestLine): void {
    if (this.#level === 'info' && ++this.#refused <= REFUSED_LINES) this.request(line());
  }

  /** Writes the lines that are waiting. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    let lines = '';
    this.#waiting.forEach((line, i) => {
      lines += requestLine(line, this.#times[i]);
    });
    const others = this.#refused - REFUSED_LINES;
    this.#refused = 0;
    if (others > 0) lines += `{"level":"info","time":${Date.now()},"msg":"refused","requests":${others}}\n`;
    const count = this.#waiting.length;
    this.#waiting.length = 0;
    this.#times.length = 0;
    if (this.#write(lines) === false) this.onDropped(count);
  }

  #event(level: string, msg: string, fields: LogFields): void {
    this.flush();
    const line = `${redact(JSON.stringify({ level, time: Date.now(), msg, ...fields }))}\n`;
    if (this.#write(line) === false) this.onDropped(1);
  }
}

/**
 * Equal to what `info` writes, in a fifth of the time: the only line that every request pays for. All its values come
 * from closed sets or are hexadecimal digits, so that nothing needs escaping.
 */
function requestLine({ method, endpoint, status, microseconds, request_id, trace }: RequestLine, time: number): string {
  const caller = trace ? `,"trace_id":"${trace.trace_id}","span_id":"${trace.span_id}"` : '';
  return `{"level":"info","time":${time},"msg":"request","method":"${method}","endpoint":"${endpoint}","status":${status},"microseconds":${microseconds},"request_id":"${request_id}"${caller}}\n`;
}

/** A log that cannot be written, on a full disk or behind a closed pipe, does not end the service. */
process.stdout.on('error', () => {});

/** Returns whether they are taken; they are dropped while a reader is this far behind. */
function writeStdout(lines: string): boolean {
  if (process.stdout.writableLength > MOST_UNREAD) return false;
  process.stdout.write(lines);
  return true;
}

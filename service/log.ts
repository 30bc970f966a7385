/**
 * One JSON line an event, on stdout, made by pino. Never the text of a request, nor an address that could hold it.
 *
 * Lines are written together, a tenth of a second after the first of them: a write for every request would cost as much
 * as Koa itself does.
 */
import { type Logger, pino } from 'pino';
import type { LogLevel } from './config.ts';
import type { Endpoint, Method } from './endpoints.ts';
import type { TraceContext } from './trace.ts';

const FLUSH_MS = 100;
// Bytes. Strings kept until the next write would outlive their request, which costs the garbage collector more.
const ROOM = 65_536;

export type LogFields = Record<string, string | number | boolean | undefined>;

export type RequestLine = {
  method: Method;
  endpoint: Endpoint;
  status: number;
  microseconds: number;
  /** Of trace.ts, as the trace is: letters, digits and dashes. */
  request_id: string;
  trace: TraceContext | undefined;
};

export class Log {
  readonly #pino: Logger;
  readonly #ofRequests: boolean;
  readonly #write: (lines: string) => void;
  readonly #lines = Buffer.allocUnsafe(ROOM);
  #used = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(level: LogLevel, write: (lines: string) => void = writeStdout) {
    this.#write = write;
    this.#pino = pino(
      {
        level,
        base: null,
        timestamp: () => `,"time":${Date.now()}`,
        formatters: { level: (label) => ({ level: label }) },
      },
      { write: (line) => this.#append(line) },
    );
    this.#ofRequests = this.#pino.isLevelEnabled('info');
  }

  info(msg: string, fields: LogFields = {}): void {
    this.#pino.info({ msg, ...fields });
    this.flush();
  }

  warn(msg: string, fields: LogFields = {}): void {
    this.#pino.warn({ msg, ...fields });
    this.flush();
  }

  error(msg: string, fields: LogFields = {}): void {
    this.#pino.error({ msg, ...fields });
    this.flush();
  }

  /**
   * As pino would write it, character by character, in a fifth of its time: the one line that every request pays for. Its words
   * are those of closed sets and hexadecimal digits, so that nothing in them is to be escaped.
   */
  request({ method, endpoint, status, microseconds, request_id, trace }: RequestLine): void {
    if (!this.#ofRequests) return;
    const caller = trace ? `,"trace_id":"${trace.trace_id}","span_id":"${trace.span_id}"` : '';
    this.#append(
      `{"level":"info","time":${Date.now()},"msg":"request","method":"${method}","endpoint":"${endpoint}","status":${status},"microseconds":${microseconds},"request_id":"${request_id}"${caller}}\n`,
    );
  }

  /** Writes what is waiting. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#used > 0) this.#write(this.#lines.toString('utf8', 0, this.#used));
    this.#used = 0;
  }

  #append(line: string): void {
    if (3 * line.length > ROOM - this.#used) this.flush();
    if (3 * line.length > ROOM) {
      this.#write(line);
      return;
    }
    this.#used += this.#lines.write(line, this.#used);
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }
}

function writeStdout(lines: string): void {
  process.stdout.write(lines);
}

/**
 * One JSON line an event, on stdout. Never the text of a request, nor an address that could hold it.
 *
 * Lines are written together, a tenth of a second after the first of them: a write for every request would cost as much
 * as Koa itself does.
 */
import type { LogLevel } from './config.ts';

const FLUSH_MS = 100;
// Bytes. Strings kept until the next write would outlive their request, which costs the garbage collector more.
const ROOM = 65_536;

export type LogFields = Record<string, string | number | boolean | undefined>;

export class Log {
  readonly #level: LogLevel;
  readonly #write: (lines: string) => void;
  readonly #lines = Buffer.allocUnsafe(ROOM);
  #used = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(level: LogLevel, write: (lines: string) => void = writeStdout) {
    this.#level = level;
    this.#write = write;
  }

  info(message: string, fields: LogFields = {}): void {
    if (this.#level === 'info') this.#add('info', message, fields);
  }

  warn(message: string, fields: LogFields = {}): void {
    if (this.#level !== 'silent') this.#add('warn', message, fields);
  }

  error(message: string, fields: LogFields = {}): void {
    if (this.#level !== 'silent') this.#add('error', message, fields);
  }

  /** A request, from values that need no escaping: `method` and `endpoint` come from closed sets, the time is whole. */
  request(method: string, endpoint: string, status: number, microseconds: number): void {
    if (this.#level !== 'info') return;
    this.#append(
      `{"time":${Date.now()},"level":"info","msg":"request","method":"${method}","endpoint":"${endpoint}",` +
        `"status":${status},"microseconds":${microseconds}}\n`,
    );
  }

  /** Writes what is waiting. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#used > 0) this.#write(this.#lines.toString('utf8', 0, this.#used));
    this.#used = 0;
  }

  #add(level: string, msg: string, fields: LogFields): void {
    this.#append(`${JSON.stringify({ time: Date.now(), level, msg, ...fields })}\n`);
    this.flush();
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

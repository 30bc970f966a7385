/**
 * One JSON line an event, on stdout. Never the text of a request, nor an address that could hold it.
 *
 * Lines are written together, a tenth of a second after the first of them: a write for every request would cost as much
 * as Koa itself does.
 */
import type { LogLevel } from './config.ts';

const FLUSH_MS = 100;
const FLUSH_CHARACTERS = 65_536;

export type LogFields = Record<string, string | number | boolean | undefined>;

export class Log {
  readonly #level: LogLevel;
  readonly #write: (lines: string) => void;
  #lines = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(level: LogLevel, write: (lines: string) => void = writeStdout) {
    this.#level = level;
    this.#write = write;
  }

  /** Whether `info` writes anything: lets a caller skip making the line. */
  get verbose(): boolean {
    return this.#level === 'info';
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

  /** A request, from values that need no escaping: `method` and `endpoint` come from closed sets. */
  request(method: string, endpoint: string, status: number, ms: number): void {
    if (this.#level !== 'info') return;
    this.#append(
      `{"time":${Date.now()},"level":"info","msg":"request","method":"${method}","endpoint":"${endpoint}",` +
        `"status":${status},"ms":${ms.toFixed(3)}}\n`,
    );
  }

  /** Writes what is waiting. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#lines;
    this.#lines = '';
    if (lines !== '') this.#write(lines);
  }

  #add(level: string, msg: string, fields: LogFields): void {
    this.#append(`${JSON.stringify({ time: Date.now(), level, msg, ...fields })}\n`);
    this.flush();
  }

  #append(line: string): void {
    this.#lines += line;
    if (this.#lines.length > FLUSH_CHARACTERS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }
}

function writeStdout(lines: string): void {
  process.stdout.write(lines);
}

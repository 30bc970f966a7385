/**
 * Lines that are on the disk before they are acknowledged: append-only files in a folder.
 *
 * Lines that arrive while others are being written share the next write and the next sync, so that many clients cost one
 * sync. A file belongs to one process, and its name says which: `DAY_HOST_PID_START_NUMBER.jsonl`. Two processes, on one
 * machine or on many that share the folder, never write to the same file.
 *
 * A process that is killed may leave a last line without an end, which nobody was told is stored. The next start on the
 * same machine cuts it off.
 */
import { type FileHandle, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** Bytes that may wait for the disk. */
const MOST_WAITING = 4 * 1024 * 1024;
/** The folder is measured anew after this time, because others may write to it or clear it. */
const MEASURE_MS = 60_000;
const CHUNK = 64 * 1024;

export type JournalOptions = {
  folder: string;
  /** Most bytes of all files in the folder together. */
  maxBytes: number;
  /** A file gets no further lines from this size on, or on another day. */
  fileBytes?: number;
  /** Called with the path of each file that gets no further lines. */
  onSealed?: (path: string) => void;
};

/** `full`: the folder has its most bytes. `busy`: the disk is too slow. `failed`: it refused the line; `cause` says why. */
export class JournalError extends Error {
  readonly reason: 'full' | 'busy' | 'failed';

  constructor(reason: JournalError['reason'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'JournalError';
    this.reason = reason;
  }
}

type Waiting = { line: Buffer; resolve: () => void; reject: (error: JournalError) => void };
type OpenFile = { name: string; handle: FileHandle; bytes: number; day: string };

export class Journal {
  readonly #options: Required<JournalOptions>;
  readonly #owner = `${hostname().replace(/[^A-Za-z0-9.-]/g, '-')}_${process.pid}_${Date.now()}`;
  #files = 0;
  #file: OpenFile | undefined;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #bytes = 0;
  #measured = 0;
  /** Resolves when the folder is free for the next write or seal; never rejects. */
  #turn: Promise<void> = Promise.resolve();

  private constructor(options: JournalOptions) {
    this.#options = { fileBytes: Number.POSITIVE_INFINITY, onSealed: () => {}, ...options };
  }

  /** Creates the folder if it is missing. Rejects with the error of the file system if it cannot be written to. */
  static async open(options: JournalOptions): Promise<Journal> {
    await mkdir(options.folder, { recursive: true });
    const journal = new Journal(options);
    // Whether it is writable shows only when something is written.
    await journal.#fileOf(today());
    await journal.#measure();
    return journal;
  }

  /** Bytes of all files in the folder, as last measured. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Resolves when the line, which must end in a line break, is on the disk. Rejects with JournalError, and then the line is
   * not stored.
   */
  async append(text: string): Promise<void> {
    const line = Buffer.from(text);
    await this.checkRoom(line.length);
    if (this.#waitingBytes + line.length > MOST_WAITING) throw new JournalError('busy', 'the disk is too slow');
    return new Promise((resolve, reject) => {
      this.#waitingBytes += line.length;
      // The first of a batch takes the turn; those that come before it is its turn go with it.
      if (this.#waiting.push({ line, resolve, reject }) === 1) this.#inTurn(() => this.#writeWaiting());
    });
  }

  /** Rejects with JournalError if `more` bytes do not fit into the folder. */
  async checkRoom(more = 0): Promise<void> {
    const { maxBytes, folder } = this.#options;
    const isFull = () => this.#bytes + this.#waitingBytes + more > maxBytes;
    if (Date.now() - this.#measured > (isFull() ? 1000 : MEASURE_MS)) await this.#measure();
    if (isFull()) throw new JournalError('full', `${folder} has reached its limit of ${maxBytes} bytes`);
  }

  /** Waits for the lines under way and closes the file, which gets no further lines. */
  seal(): Promise<void> {
    return this.#inTurn(() => this.#endFile());
  }

  /** Call this when a file was deleted. */
  removed(bytes: number): void {
    this.#bytes -= bytes;
  }

  /**
   * Cuts off the unfinished last lines of files that ended processes of this machine left, and deletes empty ones. Returns
   * the paths of the others, oldest first.
   */
  async repair(): Promise<string[]> {
    const [host] = this.#owner.split('_');
    const paths: string[] = [];
    for (const name of (await readdir(this.#options.folder)).sort()) {
      const [, theirHost, pid, start, rest] = name.split('_');
      const isOfThisMachine = theirHost === host && rest?.endsWith('.jsonl') === true;
      if (!isOfThisMachine || this.#owner === `${theirHost}_${pid}_${start}` || isAlive(Number(pid))) continue;
      const path = join(this.#options.folder, name);
      if ((await cutUnfinishedLine(path)) > 0) paths.push(path);
      else await rm(path, { force: true });
    }
    return paths;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  /** Never rejects. */
  async #writeWaiting(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    const bytes = batch.reduce((sum, { line }) => sum + line.length, 0);
    try {
      const file = await this.#fileOf(today());
      await file.handle.appendFile(Buffer.concat(batch.map(({ line }) => line)));
      await file.handle.datasync();
      file.bytes += bytes;
      this.#bytes += bytes;
      for (const { resolve } of batch) resolve();
    } catch (cause) {
      await this.#abandonFile();
      const error = new JournalError('failed', `cannot write to ${this.#options.folder}`, cause);
      for (const { reject } of batch) reject(error);
    }
    this.#waitingBytes -= bytes;
  }

  /** The file that takes the next lines. */
  async #fileOf(day: string): Promise<OpenFile> {
    const current = this.#file;
    if (current && current.day === day && current.bytes < this.#options.fileBytes) return current;
    await this.#endFile();
    const name = `${day}_${this.#owner}_${this.#files++}.jsonl`;
    const handle = await open(join(this.#options.folder, name), 'ax');
    this.#file = { name, handle, bytes: 0, day };
    // Otherwise the file could be lost with its name when the machine loses power.
    await syncFolder(this.#options.folder);
    return this.#file;
  }

  async #endFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (!file) return;
    const path = join(this.#options.folder, file.name);
    await file.handle.close();
    if (file.bytes === 0) await rm(path, { force: true });
    else this.#options.onSealed(path);
  }

  /** After a failed write or sync nobody knows what is on the disk: the file is cut to what is, and another one begun. */
  async #abandonFile(): Promise<void> {
    const file = this.#file;
    await file?.handle.truncate(file.bytes).catch(() => {});
    await this.#endFile().catch(() => {});
  }

  async #measure(): Promise<void> {
    this.#measured = Date.now();
    const names = (await readdir(this.#options.folder)).filter((name) => name.endsWith('.jsonl'));
    const sizes = names.map((name) => stat(join(this.#options.folder, name)).catch(() => ({ size: 0 })));
    this.#bytes = (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
  }
}

/** UTC. */
function today(): string {
  return new Date().toISOString().slice(0, 10);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

/** Whether a process other than this one has this number. A container's first process always has the number 1. */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Truncates a file after its last line break. Returns its size. */
async function cutUnfinishedLine(path: string): Promise<number> {
  const handle = await open(path, 'r+');
  try {
    const { size } = await handle.stat();
    const chunk = Buffer.alloc(CHUNK);
    for (let end = size; end > 0; ) {
      const start = Math.max(0, end - CHUNK);
      const { bytesRead } = await handle.read(chunk, 0, end - start, start);
      const last = chunk.subarray(0, bytesRead).lastIndexOf('\n');
      if (last < 0) {
        end = start;
        continue;
      }
      const whole = start + last + 1;
      if (whole < size) await handle.truncate(whole);
      return whole;
    }
    return 0;
  } finally {
    await handle.close();
  }
}

import { redact } from './redact.ts';

/**
 * The one error class of this project. Programs print it as a sentence that a person can act on, never as a stack
 * trace, and without secrets.
 *
 * `code` is stable and for machines, `message` says what was expected and what was found, `next` says what to do. Exit
 * codes of every program: 0 done, 1 failed, 2 wrong usage, 3 refused by a gate (a normal ending), 4 done, but bad rows
 * were left out (`sentiment predict --keep-going`).
 */
export class SentimentError extends Error {
  readonly code: string;
  readonly next: string | undefined;
  readonly exitCode: number;

  constructor(
    code: string,
    message: string,
    options: { next?: string | undefined; cause?: unknown; exitCode?: number } = {},
  ) {
    super(redact(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SentimentError';
    this.code = code;
    this.next = options.next && redact(options.next);
    this.exitCode = options.exitCode ?? 1;
  }
}

/** For wrong arguments or settings. Exit code 2. */
export function usageError(code: string, message: string, next?: string): SentimentError {
  return new SentimentError(code, message, { next, exitCode: 2 });
}

type Trouble = { problem: string; next: string };

const RIGHTS = 'check the owner and the rights of the file and of its folder';

/** What the system's errors about files mean, and what to do. errno(3) */
const TROUBLES: Record<string, Trouble> = {
  ENOSPC: { problem: 'the disk is full', next: 'free some space on that disk, then run the same command again' },
  EDQUOT: { problem: 'your share of the disk is used up', next: 'free some space, then run the same command again' },
  EROFS: { problem: 'the file system is read-only', next: 'make it writable, or work in a folder that is' },
  EACCES: { problem: 'permission is denied', next: RIGHTS },
  EPERM: { problem: 'the system does not permit it', next: RIGHTS },
  EIO: { problem: 'the disk reports a fault', next: 'check the disk, then run the same command again' },
  ENOTDIR: { problem: 'a file is where a folder should be', next: 'move that file away, or choose another path' },
  EEXIST: { problem: 'a file is where a folder should be', next: 'move that file away, or choose another path' },
  EISDIR: { problem: 'it is a folder', next: 'move that folder away, or choose another path' },
  EMFILE: { problem: 'too many files are open', next: 'raise the limit: ulimit -n 4096' },
};

/** The meaning of a system error, such as a full disk; undefined for every other error. */
export function diskTrouble(error: unknown): Trouble | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known = Object.hasOwn(TROUBLES, code) ? TROUBLES[code] : undefined;
  return known && { ...known, problem: `${known.problem} (${code})` };
}

/** A system error about the file as DISK_WRITE; every other error as it is. */
export function cannotWrite(path: string, error: unknown): unknown {
  const trouble = error instanceof SentimentError ? undefined : diskTrouble(error);
  if (!trouble) return error;
  return new SentimentError('DISK_WRITE', `cannot write ${path}: ${trouble.problem}`, { next: trouble.next });
}

/** A system error about a file, in words. */
function named(error: unknown): unknown {
  const trouble = diskTrouble(error);
  if (!trouble || !(error instanceof Error && 'path' in error)) return error;
  return new SentimentError('FILE_UNUSABLE', `cannot use ${error.path}: ${trouble.problem}`, { next: trouble.next });
}

/** The lines that a person sees: a headline with the code, the messages of the causes in quotes, the next step. */
export function describeError(thrown: unknown): string {
  const error = named(thrown);
  if (!(error instanceof Error)) return redact(`error: ${String(error)}`);
  const code = error instanceof SentimentError ? ` (${error.code})` : '';
  const lines = [`error: ${error.message}${code}`];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    if (!error.message.includes(cause.message)) lines.push(`  cause: "${cause.message}"`);
  }
  if (error instanceof SentimentError && error.next) lines.push(`  next: ${error.next}`);
  return redact(lines.join('\n'));
}

/** Runs a program's main function. Prints what it throws to stderr as a sentence and sets the exit code. */
export async function runMain(main: () => Promise<void> | void): Promise<void> {
  // Whoever listens already goes on without it, as the service does without a log.
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', outputFailed);
  // Nothing is left to say it on.
  process.stderr.on('error', () => {});
  try {
    await main();
  } catch (error) {
    if (failedOutput) return;
    process.stderr.write(`${describeError(error)}\n`);
    if (process.env.DEBUG && error instanceof Error) process.stderr.write(redact(`${error.stack}\n`));
    process.exitCode = error instanceof SentimentError ? error.exitCode : 1;
  }
}

let failedOutput = false;

/**
 * Ends the program when its standard output cannot be written: with a sentence, or silently if the reader has gone (`| head`),
 * with the exit code that shells give for that, 141. A program that has something to undo does that first, as on SIGTERM.
 */
export function outputFailed(error: NodeJS.ErrnoException): void {
  if (failedOutput) return;
  failedOutput = true;
  const isClosed = error.code === 'EPIPE';
  process.exitCode = isClosed ? 141 : 1;
  if (!isClosed) process.stderr.write(`${describeError(cannotWrite('standard output', error))}\n`);
  if (process.listenerCount('SIGTERM') > 0) process.emit('SIGTERM', 'SIGTERM');
  else process.exit();
}

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

/** The lines that a person sees: a headline with the code, the messages of the causes in quotes, the next step. */
export function describeError(error: unknown): string {
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
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`);
    if (process.env.DEBUG && error instanceof Error) process.stderr.write(redact(`${error.stack}\n`));
    process.exitCode = error instanceof SentimentError ? error.exitCode : 1;
  }
}

/** What a command writes: its output file, checked before the work begins, and lines that are safe for a terminal. */
import { accessSync, closeSync, constants, openSync, realpathSync, rmSync, type Stats, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { dirname, resolve } from 'node:path';
import { SentimentError, usageError } from '../ml/errors.ts';

/**
 * Checks that `out` can be written and returns the path behind any links. `inputs` are files that may not be overwritten.
 * Throws OUT_IS_INPUT (2), OUT_NOT_FILE (2) or OUT_UNWRITABLE (1).
 */
export function checkOutput(out: string, inputs: readonly string[]): string {
  const there = statOf(out);
  if (there) {
    for (const input of inputs) {
      const read = statOf(input);
      if (read?.ino === there.ino && read.dev === there.dev) {
        throw usageError('OUT_IS_INPUT', `--out ${out} is also an input`, 'name another file');
      }
    }
    if (!there.isFile()) {
      throw usageError(
        'OUT_NOT_FILE',
        `--out ${out} is ${there.isDirectory() ? 'a folder' : 'not a regular file'}`,
        'name a file',
      );
    }
  }
  const folder = dirname(resolve(out));
  if (!statOf(folder)?.isDirectory()) {
    throw new SentimentError('OUT_UNWRITABLE', `cannot write ${out}: the folder ${folder} does not exist`, {
      next: 'create the folder, or name a file elsewhere',
    });
  }
  try {
    if (there) accessSync(out, constants.W_OK);
    probe(`${out}.${process.pid}.tmp`);
  } catch (cause) {
    throw new SentimentError('OUT_UNWRITABLE', `cannot write ${out}`, {
      cause,
      next: 'name a file that you may write',
    });
  }
  return there ? realpathSync(out) : out;
}

/** Creates the file, because checking permissions would not reveal a read-only or full disk. */
function probe(path: string): void {
  closeSync(openSync(path, 'w'));
  rmSync(path);
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

/**
 * Does the work. If it fails, or SIGINT (Ctrl-C) or SIGTERM arrives meanwhile, cleans up first. After a signal the
 * process ends with the exit code that shells expect for it (128 + its number).
 */
export async function cleaningUp<T>(work: () => Promise<T>, cleanUp: () => Promise<void>): Promise<T> {
  const stop = (signal: 'SIGINT' | 'SIGTERM') => {
    const leave = () => process.exit(128 + osConstants.signals[signal]);
    cleanUp().then(leave, leave);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    return await work();
  } catch (error) {
    await cleanUp();
    throw error;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

/**
 * The text as one line that cannot control a terminal: control characters, line ends and tabs become spaces.
 * That includes C1 controls (U+0080 to U+009F), which some terminals obey too.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}

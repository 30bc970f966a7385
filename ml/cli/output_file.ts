/**
 * Where a command writes, checked before any work is done: that the place can be written, and that it is not one of
 * the inputs.
 */
import { accessSync, closeSync, constants, openSync, realpathSync, rmSync, type Stats, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { SentimentError, usageError } from '../errors.ts';

/**
 * The path to write to, behind any links. `inputs` are files that may not be overwritten.
 * Throws OUT_IS_INPUT (2), OUT_NOT_FILE (2) or OUT_UNWRITABLE (1).
 */
export function checkOutput(out: string, inputs: readonly string[]): string {
  const there = statOf(out);
  if (there) {
    for (const input of inputs) {
      const read = statOf(input);
      if (read?.ino === there.ino && read.dev === there.dev) {
        throw usageError('OUT_IS_INPUT', `--out ${out} is the file that is read`, 'name another file');
      }
    }
    if (!there.isFile()) {
      throw usageError(
        'OUT_NOT_FILE',
        `--out ${out} is ${there.isDirectory() ? 'a folder' : 'no file'}`,
        'name a file',
      );
    }
  }
  const folder = dirname(resolve(out));
  if (!statOf(folder)?.isDirectory()) {
    throw new SentimentError('OUT_UNWRITABLE', `cannot write ${out}: there is no folder ${folder}`, {
      next: 'make the folder, or name a file elsewhere',
    });
  }
  try {
    if (there) accessSync(out, constants.W_OK);
    probe(`${out}.${process.pid}.tmp`);
  } catch (cause) {
    throw new SentimentError('OUT_UNWRITABLE', `cannot write ${out}`, { cause, next: 'name a file you may write' });
  }
  return there ? realpathSync(out) : out;
}

/** Asking for rights would not tell of a read-only or a full disk. */
function probe(path: string): void {
  closeSync(openSync(path, 'w'));
  rmSync(path);
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

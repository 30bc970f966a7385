/**
 * Files that are complete or absent: each is written under a temporary name in the same folder, synced to the disk and
 * renamed. A reader never sees half of one, and a failed write leaves the old file in place.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SentimentError } from './errors.ts';

/**
 * Gives `write` the descriptor of an empty file, which replaces `path` when `write` returns, and returns its result.
 * Creates the folder if necessary.
 */
export function writeAtomically<T>(path: string, write: (file: number) => T): T {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = temporaryName(path);
  try {
    const file = openSync(temporary, 'w');
    let result: T;
    try {
      result = write(file);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    return result;
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Creates the folder if necessary. */
export function writeText(path: string, text: string): void {
  writeAtomically(path, (file) => writeFileSync(file, text));
}

/** Indented JSON with fractions rounded to six significant digits, so that reports make readable diffs. */
export function writeJson(path: string, value: unknown): void {
  writeText(path, `${JSON.stringify(value, rounded, 2)}\n`);
}

/** A JSON array with one row a line, rounded like `writeJson`. */
export function writeRows(path: string, rows: readonly unknown[]): void {
  writeText(path, `[\n${rows.map((row) => JSON.stringify(row, rounded)).join(',\n')}\n]\n`);
}

/** One JSON object a line, rounded like `writeJson`. */
export function writeLines(path: string, rows: readonly unknown[]): void {
  writeText(path, rows.map((row) => `${JSON.stringify(row, rounded)}\n`).join(''));
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}

export type PartialFile = {
  /** Temporary path to write to. */
  path: string;
  /** Syncs what was written and renames it. */
  commit(): Promise<void>;
  /** Deletes what was written. Does nothing after `commit`. */
  discard(): Promise<void>;
};

/** For content that arrives over time. The folder must exist. */
export function openPartial(path: string): PartialFile {
  const temporary = temporaryName(path);
  return {
    path: temporary,
    async commit() {
      const file = await open(temporary, 'r+');
      await file.sync().finally(() => file.close());
      await rename(temporary, path);
    },
    discard: () => rm(temporary, { force: true }),
  };
}

/** Gives `write` a temporary path, which replaces `path` when `write` resolves. Creates the folder if necessary. */
export async function writeAtomicallyAsync<T>(path: string, write: (temporary: string) => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const partial = openPartial(path);
  try {
    const result = await write(partial.path);
    await partial.commit();
    return result;
  } finally {
    await partial.discard();
  }
}

/** Gives `work` an empty folder in the system's temporary folder and deletes it afterwards. */
export async function inTemporaryFolder<T>(prefix: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), prefix));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** DISK_WRITE for an error of the system while `path` is written, which others may have sent; undefined for any other error. */
export function writeFailure(path: string, error: unknown): SentimentError | undefined {
  if (!(error instanceof Error && 'syscall' in error && 'code' in error)) return undefined;
  if (!['open', 'write', 'fsync', 'rename', 'close', 'mkdir'].includes(String(error.syscall))) return undefined;
  const isFull = error.code === 'ENOSPC' || error.code === 'EDQUOT';
  return new SentimentError('DISK_WRITE', `${isFull ? 'the disk is full: ' : ''}cannot write ${path}`, {
    cause: error,
    next: isFull
      ? `free some space in ${dirname(path)}, then run it again`
      : `check that this user may write to ${dirname(path)}, and that the disk is sound`,
  });
}

function temporaryName(path: string): string {
  return `${path}.${randomUUID()}.tmp`;
}

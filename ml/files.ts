/**
 * Files that are complete or absent: each is written under a temporary name in the same folder, synced to the disk and
 * renamed. A reader never sees half of one, and a failed write leaves the old file in place.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, open, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cannotWrite } from './errors.ts';

/**
 * Gives `write` the descriptor of an empty file, which replaces `path` when `write` returns, and returns its result.
 * Creates the folder if necessary. Throws DISK_WRITE for a full or read-only disk and their like.
 */
export function writeAtomically<T>(path: string, write: (file: number) => T): T {
  makeFolder(dirname(path));
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
    throw isAbout(temporary, error) ? cannotWrite(path, error) : error;
  }
}

/** Errors of writing name no file; one about another file has another reason. */
function isAbout(temporary: string, error: unknown): boolean {
  return !(error instanceof Error && 'path' in error) || error.path === temporary;
}

/** Creates the folder and those above it if necessary. Throws DISK_WRITE. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    // On a read-only file system the recursive call says that the folder does not exist.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') makeOneFolder(path);
    else throw cannotWrite(path, error);
  }
}

function makeOneFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    throw cannotWrite(path, error);
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

/** Gives `write` a temporary path, which replaces `path` when `write` resolves. Otherwise as writeAtomically. */
export async function writeAtomicallyAsync<T>(path: string, write: (temporary: string) => Promise<T>): Promise<T> {
  makeFolder(dirname(path));
  const partial = openPartial(path);
  try {
    const result = await write(partial.path);
    await partial.commit();
    return result;
  } catch (error) {
    throw isAbout(partial.path, error) ? cannotWrite(path, error) : error;
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

function temporaryName(path: string): string {
  return `${path}.${randomUUID()}.tmp`;
}

/** What a DVC that was killed leaves behind, and what the next run does about it. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { writeAtomically } from '../../ml/files.ts';
import { commandOf } from './processes.ts';

/** Removes and mends what a killed run has left. Returns what a person should know of it, a sentence each. */
export function clearLeftovers(root: string): string[] {
  dropStaleLocks(root);
  return mendLockFile(root)
    ? ['dvc.lock was half written when a run was killed: the one from before that run is back']
    : [];
}

/**
 * Removes DVC's list of the files in use if no DVC that runs is on it. DVC takes any process of that number for alive: one that was
 * killed and that nobody has waited for, as in a container without an init, or another program by now.
 */
function dropStaleLocks(root: string): void {
  const file = resolve(root, '.dvc/tmp/rwlock');
  const text = contentOf(file);
  if (text === undefined) return;
  const isHeld = [...text.matchAll(/"pid": (\d+)/g)].some(([, pid]) => /dvc/i.test(commandOf(Number(pid)) ?? ''));
  if (!isHeld) rmSync(file, { force: true });
}

/**
 * Copies dvc.lock for the time that DVC runs, which writes it in place. The function returned removes the copy, so a copy that is
 * there when a run begins is of a run that was killed. Throws DISK_WRITE.
 */
export function keepLockFile(root: string): () => void {
  const { lock, copy } = lockFiles(root);
  const text = contentOf(lock);
  if (text === undefined) return () => {};
  writeAtomically(copy, (file) => writeFileSync(file, text));
  return () => rmSync(copy, { force: true });
}

/** What the killed run had finished is in DVC's cache of runs, so the older dvc.lock costs nothing. */
function mendLockFile(root: string): boolean {
  const { lock, copy } = lockFiles(root);
  const [text, kept] = [contentOf(lock), contentOf(copy)];
  if (kept === undefined) return false;
  const isHalf = text === undefined || !isWhole(text);
  if (isHalf) writeAtomically(lock, (file) => writeFileSync(file, kept));
  rmSync(copy, { force: true });
  return isHalf;
}

function lockFiles(root: string) {
  return { lock: resolve(root, 'dvc.lock'), copy: resolve(root, '.dvc/tmp/dvc.lock') };
}

/** Whether DVC would take it: cut at the end of a line, a key without its value or a stage without its command gives it away. */
function isWhole(text: string): boolean {
  if (!text.endsWith('\n') || text.endsWith(':\n')) return false;
  try {
    const { schema, stages } = parse(text);
    return (
      typeof schema === 'string' && Object.values<{ cmd?: unknown }>(stages).every(({ cmd }) => typeof cmd === 'string')
    );
  } catch {
    return false;
  }
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

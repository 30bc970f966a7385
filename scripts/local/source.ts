/**
 * Notices that a data file has changed under the same name. params.yaml may name a table anywhere on the machine, which
 * DVC cannot watch, because it may as well be an address; so the file's size and time are remembered from run to run.
 */
import { createHash } from 'node:crypto';
import { type BigIntStats, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeText } from '../../ml/files.ts';
import { paths } from '../../ml/stages/paths.ts';

export type SourceState = {
  /** False when data_ingestion has to run whatever DVC thinks. */
  known: boolean;
  /** Call it once the file has been ingested. */
  remember(): void;
};

/** `source` as in params.yaml. Sources that are no local path are known: their name stands for their content. */
export function sourceState(root: string, source: string): SourceState {
  const signature = signatureOf(resolve(root, source));
  if (signature === undefined) return { known: true, remember() {} };
  const memory = resolve(root, paths.local, 'source');
  const line = `${source} ${signature}`;
  return {
    known: read(memory) === line,
    remember() {
      writeText(memory, line);
    },
  };
}

/** Of a folder, all of its files count. */
function signatureOf(path: string): string | undefined {
  const facts = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!facts?.isDirectory()) return facts && factLine(facts);
  const hash = createHash('sha256');
  for (const name of readdirSync(path, { recursive: true, encoding: 'utf8' }).sort()) {
    hash.update(`${name}\0${factLine(statSync(join(path, name), { bigint: true }))}\0`);
  }
  return hash.digest('hex');
}

function factLine({ ino, size, mtimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mtimeNs}`;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

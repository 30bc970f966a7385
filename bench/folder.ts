/** Where the bench keeps corpora, models, its Python environment and its reports. Never committed. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { paths } from '../ml/stages/paths.ts';

export const root = resolve(import.meta.dirname, '..');
export const peersFolder = join(import.meta.dirname, 'peers');

const folder = join(root, paths.local, 'bench');

/** Path of a file of the bench's own. */
export function benchFile(name: string): string {
  mkdirSync(folder, { recursive: true });
  return join(folder, name);
}

/**
 * Programs that the bench measures, each in its own process, so that none profits from what another has warmed up. They
 * end with the bench. Also: where the bench keeps its files.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { SentimentError } from '../ml/errors.ts';
import { paths } from '../ml/stages/paths.ts';
import { type Group, startGroup } from '../scripts/local/programs.ts';

export const root = resolve(import.meta.dirname, '..');
export const peersFolder = join(import.meta.dirname, 'peers');

/** Corpora, models, the Python environment and reports; never committed. */
const folder = join(root, paths.local, 'bench');

/** Path of a file in the bench's folder. */
export function benchFile(name: string): string {
  mkdirSync(folder, { recursive: true });
  return join(folder, name);
}

export type Variables = Record<string, string>;

/** Runs a program to its end and parses its line of JSON. Throws BENCH_CHILD with the end of its stderr. */
export async function runJson<T>(command: string[], variables: Variables = {}): Promise<T> {
  const group = await start(command, variables, 'pipe');
  const [out, err, code] = await Promise.all([text(group.child.stdout!), text(group.child.stderr!), group.ended]);
  if (code !== 0) {
    const cause = new Error(err.trim().split('\n').slice(-3).join('\n'));
    throw new SentimentError('BENCH_CHILD', `${command.slice(0, 2).join(' ')} ended with exit code ${code}`, { cause });
  }
  return JSON.parse(out) as T;
}

/** Starts a program. The caller must read its stderr; stdout is discarded unless it is `pipe`. */
export function start(command: string[], variables: Variables, stdout: 'pipe' | 'ignore' = 'ignore'): Promise<Group> {
  const [program, ...args] = command;
  return startGroup(program, args, { cwd: root, env: environment(variables), stdio: ['ignore', stdout, 'pipe'] });
}

/** One thread for every program. BLAS libraries detect the processor themselves, whatever the user has set. */
function environment(variables: Variables): Record<string, string | undefined> {
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...env } = process.env;
  const one = { OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1', BLIS_NUM_THREADS: '1' };
  return { ...env, ...one, ...variables };
}

/**
 * Programs that the bench measures, each a process of its own, so that none profits from what another has warmed up.
 * They end with the bench, however it ends.
 */
import { text } from 'node:stream/consumers';
import { SentimentError } from '../ml/errors.ts';
import { type Group, startGroup } from '../scripts/local/programs.ts';
import { root } from './folder.ts';

export type Variables = Record<string, string>;

/** Runs a program to its end and reads its one line of JSON. Throws BENCH_CHILD with what it said on stderr. */
export async function runJson<T>(command: string[], variables: Variables = {}): Promise<T> {
  const group = await start(command, variables, 'pipe');
  const [out, err, code] = await Promise.all([text(group.child.stdout!), text(group.child.stderr!), group.ended]);
  if (code !== 0) {
    const cause = new Error(err.trim().split('\n').slice(-3).join('\n'));
    throw new SentimentError('BENCH_CHILD', `${command.slice(0, 2).join(' ')} ended with exit code ${code}`, { cause });
  }
  return JSON.parse(out) as T;
}

/** Starts a program. What it says on stderr has to be read; stdout is thrown away unless it is `pipe`. */
export function start(command: string[], variables: Variables, stdout: 'pipe' | 'ignore' = 'ignore'): Promise<Group> {
  const [program, ...args] = command;
  return startGroup(program, args, { cwd: root, env: environment(variables), stdio: ['ignore', stdout, 'pipe'] });
}

/** One thread for everybody. A BLAS library picks its code for the processor itself, whatever the user has set. */
function environment(variables: Variables): Record<string, string | undefined> {
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...env } = process.env;
  const one = { OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1', BLIS_NUM_THREADS: '1' };
  return { ...env, ...one, ...variables };
}

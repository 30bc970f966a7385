/** Runs one program to its end, line by line, in a group that ends when the work is cancelled. */
import { createInterface } from 'node:readline';
import type { Environment } from './environment.ts';
import { startGroup } from './group.ts';

export type Call = {
  command: string[];
  root: string;
  env: Environment;
  /** Aborted by Ctrl-C and by whatever else makes the rest pointless. */
  cancelled: AbortSignal;
  onLine(line: string): void;
};

/** The program's exit code. Standard error comes in line with standard output. Throws the signal's reason when cancelled. */
export async function runProgram(call: Call): Promise<number> {
  call.cancelled.throwIfAborted();
  // The shell joins both outputs in one pipe, so that lines come in the order they were written.
  const group = await startGroup('sh', ['-c', 'exec "$@" 2>&1', 'sh', ...call.command], {
    cwd: call.root,
    env: call.env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // SIGINT lets DVC give back its locks.
  const stop = () => void group.stop('SIGINT', 3000);
  call.cancelled.addEventListener('abort', stop, { once: true });
  const lines = createInterface({ input: group.child.stdout! });
  for await (const line of lines) call.onLine(line);
  const code = await group.ended;
  call.cancelled.removeEventListener('abort', stop);
  await group.stop('SIGINT', 3000);
  call.cancelled.throwIfAborted();
  return code;
}

/**
 * Programs started in process groups of their own. A terminal's Ctrl-C then reaches only this process, which ends the
 * others in order, each with all that it has started itself. Whatever still lives when this process exits is killed.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { SentimentError } from '../../ml/errors.ts';

export type Group = {
  child: ChildProcess;
  pid: number;
  /** Settles when the program has ended: its exit code, or 128 when a signal ended it. */
  ended: Promise<number>;
  /** Ends the program and all that it has started: asks with the signal, and kills after `grace` milliseconds. */
  stop(signal?: NodeJS.Signals, grace?: number): Promise<void>;
};

const living = new Set<number>();
process.on('exit', () => {
  for (const pid of living) signalGroup(pid, 'SIGKILL');
});

/** Throws PROGRAM_MISSING when there is no such program. */
export async function startGroup(command: string, args: string[], options: SpawnOptions): Promise<Group> {
  const child = spawn(command, args, { ...options, detached: true });
  try {
    await once(child, 'spawn');
  } catch (cause) {
    const next = 'run it through make (`make help`), which sets up what is missing';
    throw new SentimentError('PROGRAM_MISSING', `"${command}" could not be started`, { cause, next });
  }
  const pid = child.pid!;
  living.add(pid);
  const ended = new Promise<number>((resolve) => {
    child.once('exit', (code) => resolve(code ?? 128));
  });
  const stop = async (signal: NodeJS.Signals = 'SIGTERM', grace = 10_000) => {
    await stopGroup(pid, signal, grace);
    living.delete(pid);
  };
  return { child, pid, ended, stop };
}

/** Ends every process of a group, also one that an earlier run of this program has left behind. */
export async function stopGroup(pid: number, signal: NodeJS.Signals, grace: number): Promise<void> {
  if (!signalGroup(pid, signal) || (await goneWithin(pid, grace))) return;
  signalGroup(pid, 'SIGKILL');
  await goneWithin(pid, 1000);
}

export function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function goneWithin(pid: number, milliseconds: number): Promise<boolean> {
  for (const deadline = Date.now() + milliseconds; Date.now() < deadline; await sleep(20)) {
    if (!signalGroup(pid, 0)) return true;
  }
  return false;
}

/** False when the group has no process any more. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

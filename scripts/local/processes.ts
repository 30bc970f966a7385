/**
 * Processes by number and start time, because the number alone may belong to another program by now; process groups; and
 * the groups of runs that were killed, which the next run stops.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeText } from '../../ml/files.ts';
import { paths } from '../../ml/stages/paths.ts';

/** `start` is opaque: clock ticks since the machine started, or a date where there is no /proc. */
export type Identity = { pid: number; start: string };

/** undefined if there is no such process. */
export function identityOf(pid: number): Identity | undefined {
  try {
    const start = existsSync('/proc/self/stat')
      ? startTicks(pid)
      : execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return start ? { pid, start } : undefined;
  } catch {
    return undefined;
  }
}

/** Field 22 of proc_pid_stat(5); undefined for a process that has ended and was not waited for. */
function startTicks(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' ? undefined : fields[18];
}

/** The command line; undefined if no such process runs. */
export function commandOf(pid: number): string | undefined {
  if (!identityOf(pid)) return undefined;
  try {
    return existsSync('/proc/self/stat')
      ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      : execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return undefined;
  }
}

export function isRunning({ pid, start }: Identity): boolean {
  const now = identityOf(pid);
  return now !== undefined && now.start === start;
}

/** This process. */
export function ownIdentity(): Identity {
  return identityOf(process.pid)!;
}

/** Stops every process of a group, including one that an earlier run left behind. */
export async function stopGroup(pid: number, signal: NodeJS.Signals, grace: number): Promise<void> {
  if (!signalGroup(pid, signal) || (await goneWithin(pid, grace))) return;
  signalGroup(pid, 'SIGKILL');
  await goneWithin(pid, 1000);
}

async function goneWithin(pid: number, milliseconds: number): Promise<boolean> {
  for (const deadline = Date.now() + milliseconds; Date.now() < deadline; await sleep(20)) {
    if (!signalGroup(pid, 0)) return true;
  }
  return false;
}

/** Returns false when the group has no process left. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

type Started = { group: Identity; owner: Identity };

/** Notes the leader of a process group that ends with this process. Returns the function to call once it has ended. */
export function noteGroup(root: string, pid: number): () => void {
  const group = identityOf(pid);
  if (!group) return () => {};
  const file = join(folderOf(root), `${pid}.json`);
  writeText(file, JSON.stringify({ group, owner: ownIdentity() } satisfies Started));
  return () => rmSync(file, { force: true });
}

/** Stops the groups that killed runs left behind. Returns how many. */
export async function stopOrphans(root: string): Promise<number> {
  let count = 0;
  for (const file of globSync('*.json', { cwd: folderOf(root) }).map((name) => join(folderOf(root), name))) {
    const { group, owner } = readStarted(file) ?? {};
    if (owner && isRunning(owner)) continue;
    if (group && isRunning(group)) {
      // On SIGINT, DVC releases its locks.
      await stopGroup(group.pid, 'SIGINT', 10_000);
      count++;
    }
    rmSync(file, { force: true });
  }
  return count;
}

function readStarted(file: string): Started | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function folderOf(root: string): string {
  return resolve(root, paths.local, 'programs');
}

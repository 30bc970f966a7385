/** Starts programs in tests, waits for what they print, and makes sure that they leave no process behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { PATIENCE } from './patience.ts';

export type Finished = { code: number | null; stdout: string; stderr: string };

export type Running = {
  child: ChildProcess;
  pid: number;
  /** What it has printed so far, both outputs in the order they came. */
  output(): string;
  /** Waits until the output holds the text; fails with the output when the program ends or the time is up first. */
  prints(text: string | RegExp, milliseconds?: number): Promise<void>;
  ended: Promise<Finished>;
  /** Asks the program to end, so that it can end what it has started itself, and kills its group after 60 seconds. */
  stop(): Promise<void>;
};

export type StartOptions = { cwd: string; env?: NodeJS.ProcessEnv };

export function start(command: string, args: string[], options: StartOptions): Running {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let stdout = '';
  let stderr = '';
  let both = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    both += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    both += text;
  });
  const ended = once(child, 'close').then(([code]): Finished => ({ code, stdout, stderr }));
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${command} could not be started`);
  let over = false;
  ended.then(() => {
    over = true;
  });
  return {
    child,
    pid,
    output: () => both,
    ended,
    async prints(text, milliseconds = PATIENCE) {
      const found = () => (typeof text === 'string' ? both.includes(text) : text.test(both));
      for (const deadline = Date.now() + milliseconds; !found(); await sleep(20)) {
        if (over && !found()) throw new Error(`the program ended without printing ${text}:\n${both}`);
        if (Date.now() > deadline) throw new Error(`no ${text} in ${milliseconds} ms:\n${both}`);
      }
    },
    async stop() {
      signalGroup(pid, 'SIGTERM');
      await Promise.race([ended, sleep(60_000, undefined, { ref: false })]);
      signalGroup(pid, 'SIGKILL');
    },
  };
}

/** Runs a program to its end. */
export async function run(command: string, args: string[], options: StartOptions): Promise<Finished> {
  return start(command, args, options).ended;
}

/** The same; an exit code other than 0 fails the test with the output. */
export async function runOk(command: string, args: string[], options: StartOptions): Promise<string> {
  const running = start(command, args, options);
  const { code, stdout } = await running.ended;
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${running.output()}`);
  return stdout;
}

/** Command lines of all processes on this machine that mention the text; undefined where there is no /proc to look at. */
export function processesNaming(text: string): string[] | undefined {
  if (!existsSync('/proc/self/cmdline')) return undefined;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .map(commandLine)
    .filter((line) => line.includes(text));
}

/** Process ids of all descendants of the process; empty where there is no /proc. */
export function descendantsOf(pid: number): number[] {
  if (!existsSync('/proc/self/stat')) return [];
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: parentOf(name) }));
  const found = [pid];
  for (const ancestor of found) {
    found.push(...parents.filter((each) => each.parent === ancestor).map((each) => each.pid));
  }
  return found.slice(1);
}

/** Zombies do not count: they hold no resources. */
export function isRunning(pid: number): boolean {
  const state = stat(String(pid))?.[0];
  return state !== undefined && state !== 'Z';
}

function parentOf(name: string): number {
  return Number(stat(name)?.[1]);
}

/** State and parent of a process: the fields after its name, which may hold spaces and brackets. proc(5) */
function stat(name: string): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${name}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function commandLine(name: string): string {
  try {
    return readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended already.
  }
}

/**
 * Programs that these scripts start: with the project's own programs first on the PATH, and each in a process group of
 * its own. A terminal's Ctrl-C then reaches only this process, which stops the others in order, each with all its
 * children. Whatever still runs when this process exits is killed. At the end: the ports that they listen on.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { delimiter, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { SentimentError, usageError } from '../../ml/errors.ts';
import { paths } from '../../ml/stages/paths.ts';
import { noteGroup, signalGroup, stopGroup } from './processes.ts';

export type Environment = Record<string, string | undefined>;

/** The environment of every program. `root` is the repository's folder. The user's own settings win. */
export function programEnvironment(root: string, env: Environment = process.env): Environment {
  const own = ['.tools/bin', 'node_modules/.bin', '.venv/bin'].map((folder) => resolve(root, folder));
  const dvc = resolve(root, paths.local, 'dvc');
  return {
    // Only this repository's DVC configuration counts, not the machine's.
    DVC_NO_ANALYTICS: '1',
    DVC_GLOBAL_CONFIG_DIR: resolve(dvc, 'global'),
    DVC_SYSTEM_CONFIG_DIR: resolve(dvc, 'system'),
    DVC_SITE_CACHE_DIR: resolve(dvc, 'site'),
    // Node trusts the system's certificate store, as pip and curl do, so a company's CA works.
    NODE_USE_SYSTEM_CA: '1',
    // A container may run under a user id without a name; DVC asks for one and fails.
    USER: 'user',
    ...env,
    PATH: [...own, env.PATH ?? ''].join(delimiter),
    // MLflow starts twice as fast when Python may cache compiled modules.
    PYTHONDONTWRITEBYTECODE: '',
    PYTHONUNBUFFERED: '1',
  };
}

export type Group = {
  child: ChildProcess;
  pid: number;
  /** Resolves when the program has ended: to its exit code, or to 128 if a signal ended it. */
  ended: Promise<number>;
  /** Stops the program and its children: sends the signal, and SIGKILL after `grace` milliseconds. */
  stop(signal?: NodeJS.Signals, grace?: number): Promise<void>;
};

const living = new Set<number>();
process.on('exit', () => {
  for (const pid of living) signalGroup(pid, 'SIGKILL');
});

/** Throws PROGRAM_MISSING. */
export async function startGroup(command: string, args: string[], options: SpawnOptions): Promise<Group> {
  const child = spawn(command, args, { ...options, detached: true });
  try {
    await once(child, 'spawn');
  } catch (cause) {
    const next = 'run it through make (`make help`), which installs what is missing';
    throw new SentimentError('PROGRAM_MISSING', `cannot start "${command}"`, { cause, next });
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

export type Call = {
  command: string[];
  root: string;
  env: Environment;
  /** Aborted by Ctrl-C, or when another failure makes the work pointless. */
  cancelled: AbortSignal;
  onLine(line: string): void;
};

/** Runs one program to its end and returns its exit code. stderr is merged into stdout. Throws the signal's reason when cancelled. */
export async function runProgram(call: Call): Promise<number> {
  call.cancelled.throwIfAborted();
  // The shell sends both outputs to one pipe, so that lines arrive in the order they were written.
  const group = await startGroup('sh', ['-c', 'exec "$@" 2>&1', 'sh', ...call.command], {
    cwd: call.root,
    env: call.env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const forget = noteGroup(call.root, group.pid);
  // On SIGINT, DVC releases its locks.
  const stop = () => void group.stop('SIGINT', 3000);
  call.cancelled.addEventListener('abort', stop, { once: true });
  const lines = createInterface({ input: group.child.stdout! });
  for await (const line of lines) call.onLine(line);
  const code = await group.ended;
  call.cancelled.removeEventListener('abort', stop);
  await group.stop('SIGINT', 3000);
  forget();
  call.cancelled.throwIfAborted();
  return code;
}

/**
 * `cancelled` is aborted by `cancel` or by the first SIGINT, SIGTERM or SIGHUP, with the error STOPPED (exit code 130) as
 * its reason. A second signal ends this process at once.
 */
export function cancelOnSignals(): { cancelled: AbortSignal; cancel(): void } {
  const controller = new AbortController();
  const cancel = () => controller.abort(new SentimentError('STOPPED', 'stopped before the end', { exitCode: 130 }));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => (controller.signal.aborted ? process.exit(130) : cancel()));
  }
  return { cancelled: controller.signal, cancel };
}

/** Resolves when the signal is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Whether a server can listen there now. */
export async function portIsFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/** The first free port of `count` ports from `first` on. */
export async function firstFreePort(first: number, host: string, count = 20): Promise<number | undefined> {
  for (let port = first; port < first + count; port++) {
    if (await portIsFree(port, host)) return port;
  }
  return undefined;
}

/** `name` is the variable that sets the port. */
export function portBusy(name: string, port: number): SentimentError {
  const next = `stop the program that uses it, or choose another port: ${name}=${port + 1}`;
  return usageError('PORT_BUSY', `port ${port} is in use`, next);
}

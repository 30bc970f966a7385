/**
 * The tracking server of a run: the user's own, or a local one, which starts when it is first needed. The local server
 * keeps SQLite and a folder of artifacts under .local/mlflow and listens on a loopback address.
 *
 * A folder has one server at a time. The process that starts it stops it; a second `make pipeline` beside a running
 * `make run` shares it; a server whose starter was killed is taken over. MLflow makes its tables over some seconds and
 * cannot use a database in which a kill left half of them, so a database that no server has yet answered from is made anew.
 * https://mlflow.org/docs/latest/self-hosting/architecture/tracking-server/
 */
import { execFileSync } from 'node:child_process';
import { existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SentimentError } from '../../ml/errors.ts';
import { makeFolder, writeText } from '../../ml/files.ts';
import { paths } from '../../ml/stages/paths.ts';
import { trackingConfig } from '../../ml/tracking/config.ts';
import { type Identity, isRunning, ownIdentity, stopGroup } from './processes.ts';
import { type Environment, firstFreePort, startGroup } from './programs.ts';

export type TrackingSettings = {
  /** Port of the local MLflow; unless it was set, the first free one from here on. */
  mlflowPort: number;
  exactMlflowPort: boolean;
  /** The tracking server to use instead of a local one. */
  trackingUri: string | undefined;
};

export type Tracking = {
  /** False for the user's own server. */
  local: boolean;
  /** Starts the local server if it is not running yet; returns before it answers. */
  start(): Promise<TrackingServer>;
  /** The server, if it was started. */
  started(): TrackingServer | undefined;
};

export function trackingServer(root: string, env: Environment, settings: TrackingSettings): Tracking {
  let server: TrackingServer | undefined;
  return {
    local: settings.trackingUri === undefined,
    async start() {
      server ??= settings.trackingUri ? remote(settings.trackingUri, env) : await startLocalMlflow(options());
      return server;
    },
    started: () => server,
  };

  function options() {
    return { root, env, port: settings.mlflowPort, exactPort: settings.exactMlflowPort };
  }
}

function remote(uri: string, env: Environment): TrackingServer {
  return {
    uri,
    address: trackingConfig(env).uri,
    owned: false,
    ready: Promise.resolve(),
    failure: new Promise(() => {}),
    stop: async () => {},
  };
}

export type TrackingServer = {
  /** In the form of MLFLOW_TRACKING_URI. */
  uri: string;
  /** For printing: without credentials. */
  address: string;
  /** True if this process has to stop the server. */
  owned: boolean;
  /** Resolves when the server answers. The first start after an install can take a minute. */
  ready: Promise<void>;
  /** Rejects with MLFLOW_DIED if the server exits by itself; otherwise never settles. */
  failure: Promise<never>;
  stop(): Promise<void>;
};

export type LocalMlflowOptions = {
  root: string;
  env: Environment;
  /** The port to use, or the first port to try. */
  port: number;
  /** Whether no other port may be used. */
  exactPort: boolean;
};

type ServerFile = { pid: number; owner: Identity; uri: string; ending?: boolean };

export const MLFLOW_HOST = '127.0.0.1';
const PATIENCE = 180_000;

export function databaseFile(root: string): string {
  return resolve(root, paths.mlflow, 'mlflow.db');
}

export async function startLocalMlflow(options: LocalMlflowOptions): Promise<TrackingServer> {
  const home = resolve(options.root, paths.mlflow);
  makeFolder(home);
  const running = await untilSettled(home);
  if (running) return joinServer(home, running);
  const port = options.exactPort ? options.port : await firstFreePort(options.port, MLFLOW_HOST);
  if (port === undefined) {
    const message = `no free port for MLflow from ${options.port} on`;
    throw new SentimentError('PORT_BUSY', message, { next: 'choose another: MLFLOW_PORT=5050' });
  }
  beginDatabase(home);
  const log = join(home, 'server.log');
  const output = openSync(log, 'w');
  const server = await startGroup('mlflow', serverArguments(home, port), {
    cwd: home,
    env: { ...options.env, ...serverEnvironment },
    stdio: ['ignore', output, output],
  });
  const uri = `http://${MLFLOW_HOST}:${port}`;
  writeServerFile(home, { pid: server.pid, owner: ownIdentity(), uri });
  const gone = new AbortController();
  const failure = server.ended.then((code): Promise<never> => {
    if (gone.signal.aborted) return new Promise(() => {});
    gone.abort();
    throw died(log, code);
  });
  failure.catch(() => {});
  const ready = Promise.race([untilHealthy(uri, gone.signal).then(() => completeDatabase(home)), failure]);
  ready.catch(() => {});
  return {
    uri,
    address: uri,
    owned: true,
    ready,
    failure,
    async stop() {
      gone.abort();
      writeServerFile(home, { pid: server.pid, owner: ownIdentity(), uri, ending: true });
      await server.stop();
      rmSync(join(home, 'server.json'), { force: true });
    },
  };
}

/** Joins a server that another process started. It is stopped here only if that process is gone. */
function joinServer(home: string, server: ServerFile): TrackingServer {
  const owned = !isRunning(server.owner);
  if (owned) writeServerFile(home, { ...server, owner: ownIdentity() });
  const gone = new AbortController();
  const ready = untilHealthy(server.uri, gone.signal).then(() => completeDatabase(home));
  ready.catch(() => {});
  return {
    uri: server.uri,
    address: server.uri,
    owned,
    ready,
    failure: new Promise(() => {}),
    async stop() {
      gone.abort();
      if (owned) await endServer(home, { ...server, owner: ownIdentity() });
    },
  };
}

/** The running server, if any. Waits for one that is being stopped, because it still holds the database. */
async function untilSettled(home: string): Promise<ServerFile | undefined> {
  for (;;) {
    const running = runningServer(home);
    if (!running?.ending) return running;
    if (!isRunning(running.owner)) await endServer(home, running);
    await sleep(50);
  }
}

async function endServer(home: string, server: ServerFile): Promise<void> {
  writeServerFile(home, { ...server, ending: true });
  await stopGroup(server.pid, 'SIGTERM', 10_000);
  rmSync(join(home, 'server.json'), { force: true });
}

/** Its presence says that the database is not complete. */
const unfinished = (home: string) => join(home, 'database.unfinished');

/** Call this while no server runs. */
function beginDatabase(home: string): void {
  const database = join(home, 'mlflow.db');
  if (existsSync(unfinished(home))) {
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${database}${suffix}`, { force: true });
  }
  if (!existsSync(database)) writeText(unfinished(home), '');
}

function completeDatabase(home: string): void {
  rmSync(unfinished(home), { force: true });
}

export function mlflowIsRunning(root: string): boolean {
  return runningServer(resolve(root, paths.mlflow)) !== undefined;
}

/** The server that serves this folder's database, if one is running. */
function runningServer(home: string): ServerFile | undefined {
  try {
    const server: ServerFile = JSON.parse(readFileSync(join(home, 'server.json'), 'utf8'));
    // By now the process id may belong to another program.
    return commandLine(server.pid).includes(databaseUri(home)) ? server : undefined;
  } catch {
    return undefined;
  }
}

/** Throws when there is no such process. */
function commandLine(pid: number): string {
  if (existsSync('/proc/self/cmdline')) return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
}

function writeServerFile(home: string, server: ServerFile): void {
  writeText(join(home, 'server.json'), JSON.stringify(server));
}

function databaseUri(home: string): string {
  return `sqlite:///${join(home, 'mlflow.db')}`;
}

function serverArguments(home: string, port: number): string[] {
  return [
    'server',
    ...['--backend-store-uri', databaseUri(home)],
    ...['--artifacts-destination', join(home, 'artifacts')],
    ...['--host', MLFLOW_HOST, '--port', String(port), '--workers', '1'],
  ];
}

const serverEnvironment = {
  MLFLOW_DISABLE_TELEMETRY: 'true',
  // Without this MLflow starts eight more processes.
  MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
};

/** Never settles once the server is gone: `failure` reports that. */
async function untilHealthy(uri: string, gone: AbortSignal): Promise<void> {
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await sleep(50)) {
    if (gone.aborted) return new Promise(() => {});
    const response = await fetch(`${uri}/health`).catch(() => undefined);
    if (response?.ok) return;
  }
  const next = `see ${join(paths.mlflow, 'server.log')}`;
  throw new SentimentError('MLFLOW_SILENT', `MLflow did not answer at ${uri} within ${PATIENCE / 1000} s`, { next });
}

function died(log: string, code: number): SentimentError {
  const lines = readFileSync(log, 'utf8').trim().split('\n').slice(-8);
  const words = lines.map((line) => `\n    ${line}`).join('');
  const next = `see ${join(paths.mlflow, 'server.log')}; if the database is from another MLflow version, move it away: mv ${paths.mlflow} ${paths.mlflow}.old`;
  return new SentimentError('MLFLOW_DIED', `the local MLflow exited by itself (exit code ${code}):${words}`, { next });
}

/**
 * A real MLflow server on a free loopback port, with its database and artifacts in a folder of its own.
 *
 * A start takes about 12 CPU-seconds, and a minute when it is the first after an installation, which compiles MLflow.
 * So most tests share one: sharedMlflow() in shared.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './listen.ts';
import { programPath } from './need.ts';
import { PATIENCE } from './patience.ts';

export type MlflowServer = {
  uri: string;
  /** What a client needs in its environment: the address, and with `auth` the administrator's name and password. */
  env: Record<string, string>;
  stop(): Promise<void>;
};

export type MlflowOptions = {
  /** Ask for a user name and password (MLflow's basic-auth app). */
  auth?: boolean;
  /** Host names the server answers to, as its --allowed-hosts; by default localhost and private addresses. */
  allowedHosts?: string;
};

/** Starts a server and returns when it answers. The caller must stop it. */
export async function startMlflow(options: MlflowOptions = {}): Promise<MlflowServer> {
  const home = await mkdtemp(join(tmpdir(), 'mlflow-'));
  const port = await freePort();
  const uri = `http://127.0.0.1:${port}`;
  const password = randomUUID();
  const log = await open(join(home, 'log'), 'w');
  if (options.auth) await writeFile(join(home, 'auth.ini'), authSettings(home, password));
  const server = spawn(programPath('mlflow') ?? 'mlflow', serverArguments(home, port, options), {
    cwd: home,
    // A group of its own, so that its workers end with it.
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: { ...process.env, ...serverEnvironment(home, options) },
  });
  const kill = () => killGroup(server);
  process.once('exit', kill);
  const stop = async () => {
    kill();
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
    process.removeListener('exit', kill);
    await log.close();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await untilHealthy(server, uri);
  } catch (error) {
    const words = await readFile(join(home, 'log'), 'utf8');
    await stop();
    throw new Error(`MLflow did not start: ${String(error)}\n${words.slice(-2000)}`);
  }
  const credentials = { MLFLOW_TRACKING_USERNAME: 'admin', MLFLOW_TRACKING_PASSWORD: password };
  return { uri, env: { MLFLOW_TRACKING_URI: uri, ...(options.auth && credentials) }, stop };
}

function serverArguments(home: string, port: number, options: MlflowOptions): string[] {
  return [
    'server',
    ...(options.auth ? ['--app-name', 'basic-auth'] : []),
    ...(options.allowedHosts ? ['--allowed-hosts', options.allowedHosts] : []),
    ...['--backend-store-uri', `sqlite:///${join(home, 'mlflow.db')}`],
    ...['--artifacts-destination', join(home, 'artifacts')],
    ...['--host', '127.0.0.1', '--port', String(port), '--workers', '1'],
  ];
}

function serverEnvironment(home: string, options: MlflowOptions): Record<string, string> {
  return {
    MLFLOW_DISABLE_TELEMETRY: 'true',
    // Without this it starts eight more processes.
    MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
    ...(options.auth && {
      MLFLOW_AUTH_CONFIG_PATH: join(home, 'auth.ini'),
      MLFLOW_FLASK_SERVER_SECRET_KEY: randomUUID(),
    }),
  };
}

function authSettings(home: string, password: string): string {
  return [
    '[mlflow]',
    'default_permission = READ',
    `database_uri = sqlite:///${join(home, 'auth.db')}`,
    'admin_username = admin',
    `admin_password = ${password}`,
    'authorization_function = mlflow.server.auth:authenticate_request_basic_auth',
    // Else each request hashes the password anew, for a fifth of a second.
    'auth_cache_ttl_seconds = 60',
  ].join('\n');
}

async function untilHealthy(server: ChildProcess, uri: string): Promise<void> {
  let failure: Error | undefined;
  server.once('error', (error) => {
    failure = error;
  });
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await sleep(100)) {
    if (failure) throw failure;
    if (server.exitCode !== null || server.signalCode !== null) throw new Error('it ended by itself');
    const response = await fetch(`${uri}/health`).catch(() => undefined);
    if (response?.ok) return;
  }
  throw new Error(`no answer within ${PATIENCE / 1000} s`);
}

function killGroup(server: ChildProcess): void {
  if (server.pid === undefined) return;
  try {
    process.kill(-server.pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

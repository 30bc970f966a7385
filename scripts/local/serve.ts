/** The service in the foreground, until Ctrl-C or its own end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError, SentimentError } from '../../ml/errors.ts';
import { untilAborted } from './cancel.ts';
import type { Environment } from './environment.ts';
import { startGroup } from './group.ts';
import type { TrackingServer } from './mlflow.ts';
import type { Production } from './production.ts';
import type { Settings } from './settings.ts';

export type ServeOptions = {
  root: string;
  env: Environment;
  settings: Settings;
  production: Production;
  mlflow: TrackingServer;
  cancelled: AbortSignal;
  /** Where what a person should read goes. */
  print(text: string): void;
};

/** Returns after Ctrl-C. Throws SERVICE_ENDED with the service's exit code when it ends by itself. */
export async function serve(options: ServeOptions): Promise<void> {
  const { root, settings, production, mlflow, cancelled, print } = options;
  const env = {
    // A line a request would bury the addresses.
    LOG_LEVEL: 'warn',
    ...options.env,
    MODEL_URI: production.path,
    MODEL_NAME: production.name,
    MODEL_VERSION: production.version,
    MLFLOW_TRACKING_URI: mlflow.uri,
  };
  const service = await startGroup('node', ['service/main.ts'], {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const over = new AbortController();
  const ended = service.ended.then((exitCode): never => {
    over.abort();
    throw new SentimentError('SERVICE_ENDED', `the service ended by itself (exit code ${exitCode})`, { exitCode: 1 });
  });
  ended.catch(() => {});
  let mlflowReady = false;
  mlflow.ready.then(
    () => {
      mlflowReady = true;
    },
    () => {},
  );
  const page = `http://${visibleHost(settings.host)}:${settings.port}/`;
  const stopped = untilAborted(cancelled);
  try {
    await Promise.race([ended, stopped, untilReady(`${page}readyz`, over.signal)]);
    if (!cancelled.aborted) print(addresses(page, production, mlflow.address, mlflowReady));
    tellAboutMlflow(mlflow, !mlflowReady, over.signal, print);
    await Promise.race([ended, stopped]);
  } finally {
    over.abort();
    await service.stop('SIGTERM', settings.serviceGrace);
  }
}

function addresses(page: string, { name, version }: Production, mlflow: string, mlflowReady: boolean): string {
  return `
  page      ${page}
  metrics   ${page}metrics
  MLflow    ${mlflow}/${mlflowReady ? '' : '   (starting)'}

  ${name} version ${version} answers. Ctrl-C ends everything.
`;
}

/** MLflow may start later and end earlier than the service, which goes on without it. */
function tellAboutMlflow(
  mlflow: TrackingServer,
  waiting: boolean,
  over: AbortSignal,
  print: (text: string) => void,
): void {
  const tell = (text: string) => over.aborted || print(`${text}\n`);
  if (waiting) mlflow.ready.then(() => tell(`  MLflow is ready at ${mlflow.address}/`)).catch(() => {});
  mlflow.failure.catch((error: unknown) => tell(`${describeError(error)}\n  the service goes on without it`));
}

async function untilReady(address: string, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const response = await fetch(address, { headers: { connection: 'close' } }).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.ok) return;
    await sleep(25);
  }
}

/** An address to open: a server that listens everywhere is here too. */
function visibleHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

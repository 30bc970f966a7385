/** Runs the service in the foreground until Ctrl-C or until it exits. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError, SentimentError } from '../../ml/errors.ts';
import { paths } from '../../ml/stages/paths.ts';
import { runsPage } from '../../ml/tracking/pages.ts';
import type { TrackingServer } from './mlflow.ts';
import { noteGroup } from './processes.ts';
import { type Environment, startGroup, untilAborted } from './programs.ts';
import type { Progress } from './progress.ts';
import type { Production } from './receipt.ts';
import type { Settings } from './settings.ts';

export type ServeOptions = {
  root: string;
  env: Environment;
  settings: Settings;
  production: Production;
  mlflow: TrackingServer;
  progress: Progress;
  cancelled: AbortSignal;
  /** Prints what a person should read. */
  print(text: string): void;
};

/** Returns after Ctrl-C. Throws SERVICE_ENDED with the service's exit code when it exits by itself. */
export async function serve(options: ServeOptions): Promise<void> {
  const { root, settings, production, mlflow, progress, cancelled, print } = options;
  const env = {
    // A log line per request would bury the addresses.
    LOG_LEVEL: 'warn',
    ...options.env,
    MODEL_URI: production.path,
    MODEL_NAME: production.name,
    MODEL_VERSION: production.version,
    MLFLOW_TRACKING_URI: mlflow.uri,
  };
  progress.wait('service');
  const service = await startGroup('node', ['service/main.ts'], {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const forget = noteGroup(root, service.pid);
  const over = new AbortController();
  const ended = service.ended.then((exitCode): never => {
    over.abort();
    throw new SentimentError('SERVICE_ENDED', `the service exited by itself (exit code ${exitCode})`, { exitCode: 1 });
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
    progress.done();
    if (!cancelled.aborted) print(addresses(page, production, mlflowPage(root, mlflow.address), mlflowReady));
    tellAboutMlflow(root, mlflow, !mlflowReady, over.signal, print);
    await Promise.race([ended, stopped]);
  } finally {
    progress.done();
    over.abort();
    await service.stop('SIGTERM', settings.serviceGrace);
    forget();
  }
}

function addresses(page: string, { name, version }: Production, mlflow: string, mlflowReady: boolean): string {
  return `
  page      ${page}
  metrics   ${page}metrics
  MLflow    ${mlflow}${mlflowReady ? '' : '   (starting)'}

  Serving ${name} version ${version}. Ctrl-C stops everything.
`;
}

/** The page with the runs of the experiment that the pipeline registered in last. */
function mlflowPage(root: string, address: string): string {
  let experimentId: string | undefined;
  try {
    ({ experimentId } = JSON.parse(readFileSync(join(root, paths.registered), 'utf8')));
  } catch {
    // Not there, or not ours: the page with all experiments does too.
  }
  return runsPage(address, experimentId);
}

/** MLflow may start later or exit earlier than the service, which keeps running without it. */
function tellAboutMlflow(
  root: string,
  mlflow: TrackingServer,
  waiting: boolean,
  over: AbortSignal,
  print: (text: string) => void,
): void {
  const tell = (text: string) => over.aborted || print(`${text}\n`);
  if (waiting)
    mlflow.ready.then(() => tell(`  MLflow is ready at ${mlflowPage(root, mlflow.address)}`)).catch(() => {});
  mlflow.failure.catch((error: unknown) => tell(`${describeError(error)}\n  the service keeps running without it`));
}

async function untilReady(address: string, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const response = await fetch(address, { headers: { connection: 'close' } }).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.ok) return;
    await sleep(25);
  }
}

/** A host name to open in a browser: a server that listens on all addresses also listens on loopback. */
function visibleHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

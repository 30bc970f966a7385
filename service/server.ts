/**
 * The running service: listens, loads the model, and stops without dropping a request.
 *
 * It listens before it loads the model, so that a busy port is reported at once and /healthz answers while a model is
 * fetched.
 *
 * Stopping (`close`): for `drainSeconds`, /readyz answers 503 and every answer carries `Connection: close`, so that a load
 * balancer notices and busy connections end by themselves. Then the listening socket and idle connections are closed.
 * Requests in progress may finish until `graceSeconds` after the start of all this.
 */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { constants } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { SentimentError } from '../ml/errors.ts';
import { Access } from './access.ts';
import { Admission } from './admission.ts';
import { createApp } from './app.ts';
import type { ServiceConfig } from './config.ts';
import { Feedback } from './feedback/feedback.ts';
import { Log } from './log.ts';
import { Metrics } from './metrics.ts';
import { Predictor } from './predict.ts';
import { answerProtocolErrors } from './protocol_errors.ts';
import { predictJson } from './routes/predict.ts';
import { loadServedModel, type ServedModel } from './served_model.ts';
import type { Service, ServiceState } from './service.ts';
import { shedding } from './shed.ts';

/** Connections that the kernel holds until they are accepted; Linux allows 4096. A probe that finds no room comes a second late. */
const BACKLOG = 4096;
/** For a reader of the log to take the last lines. */
const LAST_LINES_MS = 1000;
/** Also if requests took all the grace. */
const LEAST_UPLOAD_SECONDS = 2;

export type RunningService = {
  /** http:// URL without a trailing slash. */
  address: string;
  served: ServedModel;
  /** Stops the service; resolves to whether every request in progress was answered. May be called twice. */
  close(): Promise<boolean>;
};

/**
 * Resolves when the service is ready. Throws PORT_BUSY, PORT_FORBIDDEN, HOST, and what loadServedModel throws; it then frees
 * the port.
 */
export async function startServer(config: ServiceConfig, log = new Log(config.logLevel)): Promise<RunningService> {
  const state: ServiceState = { phase: 'loading', predictor: undefined };
  const { replica, gitCommit, modelNote } = config;
  const metrics = new Metrics({ ofProcess: true, replica, gitCommit, modelNote });
  log.onDropped = (lines) => metrics.droppedLines(lines);
  const feedback = await Feedback.open(config, process.env, log);
  if (feedback) metrics.collecting(feedback);
  const admission = new Admission(config, (reason) => metrics.refused(reason));
  const access = new Access(config, metrics);
  if (access.needsKey) metrics.knowKeys(access.keyNames);
  const service = { config, state, metrics, log, admission, access, feedback };
  const server = createHttpServer(service);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const address = await listen(server, config.host, config.port, 'PORT');
  log.info('listening', { address });
  const scraped = config.metricsPort > 0 ? metricsServer(metrics) : undefined;
  const freePorts = () => {
    server.close();
    server.closeAllConnections();
    scraped?.close();
  };

  let closing: Promise<boolean> | undefined;
  const close = () => {
    // Prometheus sees the last requests too.
    closing ??= drain(server, sockets, state, config, log, feedback).finally(() => scraped?.close());
    return closing;
  };
  try {
    if (scraped)
      log.info('metrics', { address: await listen(scraped, config.host, config.metricsPort, 'METRICS_PORT') });
    const served = await loadServedModel(config, (sentence) => log.warn(sentence));
    metrics.serving(served);
    state.predictor = new Predictor(served, config, (prediction) => metrics.prediction(prediction));
    state.phase = 'ready';
    if (served.warning !== undefined) log.warn(served.warning);
    const { name, version, source } = served;
    log.info('ready', { address, model: name, version, source });
    return { address, served, close };
  } catch (error) {
    freePorts();
    await feedback?.close(0);
    log.flush();
    throw error;
  }
}

/**
 * Serves until SIGTERM or SIGINT (Ctrl-C), then stops gracefully; a second signal ends the process at once. main.ts and
 * `sentiment serve` share this. Calls `onReady` once the service is ready. Throws what startServer throws.
 */
export async function runService(config: ServiceConfig, onReady?: (service: RunningService) => void): Promise<void> {
  // The reader of the log may close the pipe before the service stops.
  process.stdout.on('error', () => {});
  let service: RunningService | undefined;
  let stopping = false;
  const stopped = new Promise<void>((resolve) => {
    const stop = (signal: 'SIGTERM' | 'SIGINT') => {
      if (stopping) process.exit(128 + constants.signals[signal]);
      stopping = true;
      // Without a model there is no request worth waiting for.
      if (!service) process.exit(0);
      service.close().then((finished) => {
        if (!finished) process.exitCode = 1;
        resolve();
      });
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
  const log = new Log(config.logLevel);
  // The last lines say why the process ended, so they are written however it ends (except by SIGKILL).
  process.on('exit', () => log.flush());
  service = await startServer(config, log);
  onReady?.(service);
  await stopped;
  // Nobody may be reading the log any more; what is written to a pipe would wait for a reader for ever.
  setTimeout(() => process.exit(), LAST_LINES_MS).unref();
}

/** With the time limits of the settings. */
export function createHttpServer(service: Service): Server {
  const { keepAliveSeconds, requestSeconds } = service.config;
  const server = createServer(
    {
      keepAliveTimeout: keepAliveSeconds * 1000,
      requestTimeout: requestSeconds * 1000,
      headersTimeout: requestSeconds * 1000,
      // How late these two may be; Node's default is half a minute.
      connectionsCheckingInterval: 1000,
    },
    withoutPrefix(service.config.pathPrefix, shedding(service, predictJson(service, createApp(service).callback()))),
  );
  server.on('connection', () => service.admission.accepted());
  answerProtocolErrors(server, service);
  return server;
}

/** /metrics alone, for METRICS_PORT. Every answer closes its connection. */
function metricsServer(metrics: Metrics): Server {
  return createServer((request, response) => {
    const isKnown = request.url === '/metrics' && ['GET', 'HEAD'].includes(request.method ?? '');
    const text = isKnown ? metrics.text() : Promise.resolve('only GET /metrics is here\n');
    text.then(
      (body) => {
        const type = isKnown ? metrics.contentType : 'text/plain; charset=utf-8';
        response.writeHead(isKnown ? 200 : 404, { 'Content-Type': type, Connection: 'close' }).end(body);
      },
      () => response.destroy(),
    );
  });
}

/** Cuts the prefix off the paths of requests that have it. The page needs a slash after the prefix for its links. */
function withoutPrefix(prefix: string, listener: RequestListener): RequestListener {
  if (prefix === '') return listener;
  return (request, response) => {
    const { url = '' } = request;
    const rest = url.startsWith(prefix) ? url.slice(prefix.length) : url;
    if (rest !== url && (rest === '' || rest[0] === '?')) {
      response.writeHead(308, { Location: `${prefix}/${rest}` }).end();
      return;
    }
    if (rest[0] === '/') request.url = rest;
    listener(request, response);
  };
}

async function listen(server: Server, host: string, port: number, setting: string): Promise<string> {
  server.listen(port, host, BACKLOG);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw cannotListen(cause, host, port, setting);
  }
  const bound = server.address();
  if (typeof bound !== 'object' || bound === null) throw new TypeError('a TCP server has an address and a port');
  return `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
}

function cannotListen(cause: unknown, host: string, port: number, setting: string): SentimentError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : '';
  if (code === 'EADDRINUSE') {
    return new SentimentError('PORT_BUSY', `port ${port} on ${host} is in use by another program`, {
      next: `stop that program, or set ${setting} to a free port, such as ${setting}=${port + 1}`,
    });
  }
  if (code === 'EACCES') {
    return new SentimentError('PORT_FORBIDDEN', `this user may not open port ${port}`, {
      next: `set ${setting} to 1024 or more`,
    });
  }
  return new SentimentError('HOST', `cannot listen on ${host}`, {
    next: 'set HOST to an address of this machine, such as 127.0.0.1, or to 0.0.0.0 for all of them',
    cause,
  });
}

async function drain(
  server: Server,
  sockets: ReadonlySet<Socket>,
  state: ServiceState,
  config: ServiceConfig,
  log: Log,
  feedback: Feedback | undefined,
): Promise<boolean> {
  const started = performance.now();
  state.phase = 'draining';
  log.info('draining', { connections: sockets.size });
  await wait(config.drainSeconds * 1000);

  const closed = new Promise<boolean>((resolve) => server.close(() => resolve(true)));
  // server.close() closes idle connections, but would wait for one that never sent a request.
  for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();

  const left = Math.max(0, config.graceSeconds * 1000 - (performance.now() - started));
  const giveUp = new AbortController();
  const finished = await Promise.race([closed, wait(left, false, { signal: giveUp.signal })]);
  giveUp.abort();
  if (!finished) {
    log.warn('the grace period is over: closing open connections', { connections: sockets.size });
    server.closeAllConnections();
    await closed;
  }
  if (feedback) await closeFeedback(feedback, config.graceSeconds - (performance.now() - started) / 1000, log);
  log.info('stopped', { seconds: Number(((performance.now() - started) / 1000).toFixed(3)) });
  log.flush();
  return finished;
}

/** Uploads what waits. A file that remains is in the folder, and the next start uploads it. */
async function closeFeedback(feedback: Feedback, seconds: number, log: Log): Promise<void> {
  const files = await feedback.close(1000 * Math.max(LEAST_UPLOAD_SECONDS, seconds));
  if (files > 0) log.warn('feedback is left in its folder for the next start to upload', { files });
}

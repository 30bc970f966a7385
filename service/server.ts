/**
 * The running service: listens, brings the model, and leaves without dropping a request.
 *
 * The port is taken first, so that a busy one is told at once and /healthz answers while a model is fetched.
 *
 * Leaving (`close`): /readyz says no and every answer carries `Connection: close`, for `drainSeconds`, in which a load
 * balancer notices and busy connections end by themselves; then the door and what stands idle is closed; then
 * requests under way may finish, until `graceSeconds` after the start of it all.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { SentimentError } from '../ml/errors.ts';
import { createApp } from './app.ts';
import type { ServiceConfig } from './config.ts';
import { Log } from './log.ts';
import { Metrics } from './metrics.ts';
import { Predictor } from './predict.ts';
import { bringModel, type ServedModel } from './served_model.ts';
import type { ServiceState } from './state.ts';

export type RunningService = {
  /** http:// address without a slash at the end. */
  address: string;
  served: ServedModel;
  /** Resolves to whether every request under way was answered. May be called twice. */
  close(): Promise<boolean>;
};

/**
 * Resolves when the service is ready. Throws PORT_BUSY, HOST, and what bringing the model throws; the port is free
 * again then.
 */
export async function startServer(config: ServiceConfig, log = new Log(config.logLevel)): Promise<RunningService> {
  const state: ServiceState = { phase: 'loading', predictor: undefined };
  const metrics = new Metrics({ ofProcess: true, replica: config.replica, gitCommit: config.gitCommit });
  const server = createServer(
    {
      keepAliveTimeout: config.keepAliveSeconds * 1000,
      requestTimeout: config.requestSeconds * 1000,
      headersTimeout: config.requestSeconds * 1000,
    },
    createApp({ config, state, metrics, log }).callback(),
  );
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const address = await listen(server, config);
  log.info('listening', { address });

  let closing: Promise<boolean> | undefined;
  const close = () => {
    closing ??= drain(server, sockets, state, config, log);
    return closing;
  };
  try {
    const served = await bringModel(config);
    metrics.serving(served);
    state.predictor = new Predictor(served, config, (prediction) => metrics.prediction(prediction));
    state.phase = 'ready';
    if (served.warning !== undefined) log.warn(served.warning);
    const { name, version, source } = served;
    log.info('ready', { address, model: name, version, source });
    return { address, served, close };
  } catch (error) {
    server.close();
    server.closeAllConnections();
    log.flush();
    throw error;
  }
}

async function listen(server: Server, { host, port }: ServiceConfig): Promise<string> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw cannotListen(cause, host, port);
  }
  const bound = server.address();
  if (typeof bound !== 'object' || bound === null) throw new TypeError('a TCP server has an address and a port');
  return `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
}

function cannotListen(cause: unknown, host: string, port: number): SentimentError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : '';
  if (code === 'EADDRINUSE') {
    return new SentimentError('PORT_BUSY', `port ${port} on ${host} is in use by another program`, {
      next: `stop that program, or set PORT to a free port, such as PORT=${port + 1}`,
    });
  }
  if (code === 'EACCES') {
    return new SentimentError('PORT_FORBIDDEN', `port ${port} may not be opened by this user`, {
      next: 'set PORT to 1024 or more',
    });
  }
  return new SentimentError('HOST', `cannot listen on ${host}`, {
    next: 'set HOST to an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them',
    cause,
  });
}

async function drain(
  server: Server,
  sockets: ReadonlySet<Socket>,
  state: ServiceState,
  config: ServiceConfig,
  log: Log,
): Promise<boolean> {
  const started = performance.now();
  state.phase = 'draining';
  log.info('draining', { connections: sockets.size });
  await wait(config.drainSeconds * 1000);

  const closed = new Promise<boolean>((resolve) => server.close(() => resolve(true)));
  // server.close() ends what stands idle after a request; a connection that never had one it would wait for.
  for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();

  const left = Math.max(0, config.graceSeconds * 1000 - (performance.now() - started));
  const giveUp = new AbortController();
  const finished = await Promise.race([closed, wait(left, false, { signal: giveUp.signal })]);
  giveUp.abort();
  if (!finished) {
    log.warn('the time of grace is over: open connections are cut', { connections: sockets.size });
    server.closeAllConnections();
    await closed;
  }
  log.info('stopped', { seconds: Number(((performance.now() - started) / 1000).toFixed(3)) });
  log.flush();
  return finished;
}

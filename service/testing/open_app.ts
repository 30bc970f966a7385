/** The application with the word model on a free port of this process, for tests that ask it over HTTP. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createApp } from '../app.ts';
import { readConfig } from '../config.ts';
import { Log } from '../log.ts';
import { Metrics } from '../metrics.ts';
import { Predictor } from '../predict.ts';
import type { ServedModel } from '../served_model.ts';
import type { ServiceState } from '../state.ts';
import { servedWords } from './word_model.ts';

export const LIMITS = { MAX_BODY_BYTES: '2000', MAX_TEXT_LENGTH: '100', MAX_BATCH_SIZE: '3' };

export type OpenApp = {
  address: string;
  state: ServiceState;
  /** All log lines so far. */
  log(): string;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  close(): Promise<void>;
};

export async function openApp(served: ServedModel = servedWords): Promise<OpenApp> {
  let lines = '';
  const log = new Log('info', (more) => {
    lines += more;
  });
  const config = readConfig({ ...LIMITS, GIT_COMMIT: 'fedcba' });
  const metrics = new Metrics({ ofProcess: false, gitCommit: config.gitCommit });
  metrics.serving(served);
  const predictor = new Predictor(served, config, (prediction) => metrics.prediction(prediction));
  const state: ServiceState = { phase: 'ready', predictor };
  const server = createServer(createApp({ config, state, metrics, log }).callback()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (typeof bound !== 'object' || bound === null) throw new Error('no free port');
  const address = `http://127.0.0.1:${bound.port}`;
  return {
    address,
    state,
    log() {
      log.flush();
      return lines;
    },
    post: (path, body, headers = {}) =>
      fetch(address + path, {
        method: 'POST',
        body:
          typeof body === 'string' || body instanceof Uint8Array
            ? new Uint8Array(Buffer.from(body))
            : JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }),
    get: (path, headers = {}) => fetch(address + path, { headers, redirect: 'manual' }),
    async close() {
      server.close();
      server.closeAllConnections();
      log.flush();
      if (server.listening) await once(server, 'close');
    },
  };
}

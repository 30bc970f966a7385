/** The servers that the bench compares: how each is started, when it is ready, what memory it holds. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { SentimentError } from '../ml/errors.ts';
import type { Group } from '../scripts/local/programs.ts';
import { start, type Variables } from './child.ts';
import { peersFolder } from './folder.ts';
import type { BenchModels } from './models.ts';
import type { Peers } from './peers.ts';

export const SERVER_NAMES = ['ours', 'raw node:http', 'Flask, gunicorn 2'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

export type BenchServer = {
  port: number;
  /** From the start of the process to its first answer, in seconds. */
  startSeconds: number;
  /** Resident memory of all its processes. */
  megabytes(): number;
  stop(): Promise<void>;
};

type Call = { command: string[]; variables: Variables };

/** Resolves when it has answered a request. Throws BENCH_SERVER when it ends or stays silent. */
export async function startServer(name: ServerName, models: BenchModels, peers: Peers): Promise<BenchServer> {
  const port = await freePort();
  const { command, variables } = callOf(name, port, models, peers);
  const began = performance.now();
  const group = await start(command, variables);
  const said = collectErrors(group);
  await firstAnswer(name, port, group, said);
  return {
    port,
    startSeconds: (performance.now() - began) / 1000,
    megabytes: () => residentMegabytes(group.pid),
    stop: () => group.stop('SIGTERM', 5000),
  };
}

function callOf(name: ServerName, port: number, models: BenchModels, peers: Peers): Call {
  switch (name) {
    case 'ours':
      return {
        command: ['node', 'service/main.ts'],
        variables: { MODEL_URI: models.standard, PORT: String(port), HOST: '127.0.0.1', DRAIN_SECONDS: '0' },
      };
    case 'raw node:http':
      return {
        command: ['node', 'bench/peers/raw_http.ts'],
        variables: { MODEL_URI: models.standard, PORT: String(port) },
      };
    case 'Flask, gunicorn 2':
      return {
        command: [
          peers.gunicorn,
          '--workers',
          '2',
          '--bind',
          `127.0.0.1:${port}`,
          '--chdir',
          peersFolder,
          'flask_app:app',
        ],
        variables: { PIPELINE: models.sklearnWords },
      };
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new TypeError('a TCP server has a port');
  return address.port;
}

export function collectErrors(group: Group): string[] {
  const said: string[] = [];
  group.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said.push(text);
    if (said.length > 20) said.shift();
  });
  return said;
}

/** Throws BENCH_SERVER when it ends or stays silent. */
export async function firstAnswer(name: string, port: number, group: Group, said: string[]): Promise<void> {
  let ended: number | undefined;
  group.ended.then((code) => {
    ended = code;
  });
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await wait(2)) {
    if (await answers(port)) return;
    if (ended !== undefined) break;
  }
  await group.stop('SIGTERM', 2000);
  throw new SentimentError('BENCH_SERVER', `${name} gave no answer${ended === undefined ? ' within 60 s' : ''}`, {
    cause: new Error(said.join('').trim()),
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { 'Content-Type': 'application/json' };
    const asked = request({ port, host: '127.0.0.1', path: '/predict', method: 'POST', headers, agent: false });
    asked.on('error', () => resolve(false));
    asked.on('response', (response) => {
      response.resume();
      response.on('close', () => resolve(response.statusCode === 200));
    });
    asked.end(JSON.stringify({ text: 'a film to remember' }));
  });
}

function residentMegabytes(processGroup: number): number {
  let kilobytes = 0;
  for (const line of execFileSync('ps', ['-eo', 'pgid=,rss='], { encoding: 'utf8' }).trim().split('\n')) {
    const [group, resident] = line.trim().split(/\s+/).map(Number);
    if (group === processGroup) kilobytes += resident;
  }
  return kilobytes / 1024;
}

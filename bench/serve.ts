/**
 * Serving: POST /predict of the service, of bare node:http with the same model, and of Flask with scikit-learn under
 * gunicorn, in turn. A separate process sends the requests over persistent connections.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { SentimentError } from '../ml/errors.ts';
import type { Group } from '../scripts/local/programs.ts';
import { benchFile, peersFolder, runJson, start, type Variables } from './child.ts';
import type { BenchModels, Corpora } from './inputs.ts';
import type { Peers } from './peers.ts';
import { formatRatio, formatSummary, formatTable, number, ratioOf, summarize } from './statistics.ts';

export const SERVER_NAMES = ['ours', 'raw node:http', 'Flask, gunicorn 2'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

const ROUNDS = 5;
const STARTS = 3;
const CONNECTIONS = '50';
const WARM_UP = '1';
const SECONDS = '3';

type Load = { requestsPerSecond: number; p50: number; p99: number };

export type ServeReport = Record<ServerName, { loads: Load[]; starts: number[]; megabytes: number }>;

export async function benchServing(corpora: Corpora, models: BenchModels, peers: Peers): Promise<ServeReport> {
  await buildBundle();
  const report = Object.fromEntries(
    SERVER_NAMES.map((name) => [name, { loads: [], starts: [], megabytes: 0 }]),
  ) as unknown as ServeReport;

  for (let round = 1; round <= STARTS; round++) {
    process.stderr.write(`start: round ${round} of ${STARTS}\n`);
    for (const name of SERVER_NAMES) {
      const server = await startServer(name, models, peers);
      report[name].starts.push(server.startSeconds);
      await server.stop();
    }
  }

  const servers = new Map<ServerName, BenchServer>();
  try {
    for (const name of SERVER_NAMES) servers.set(name, await startServer(name, models, peers));
    for (let round = 1; round <= ROUNDS; round++) {
      process.stderr.write(`serve: round ${round} of ${ROUNDS}\n`);
      for (const [name, { port }] of servers) {
        const args = [String(port), corpora.snippets.test, CONNECTIONS, WARM_UP, SECONDS];
        report[name].loads.push(await runJson<Load>(['node', 'bench/load.ts', ...args]));
      }
    }
    for (const [name, server] of servers) report[name].megabytes = server.megabytes();
  } finally {
    await Promise.all([...servers.values()].map((server) => server.stop()));
  }
  print(report);
  return report;
}

function print(report: ServeReport): void {
  const speeds = (name: ServerName) => report[name].loads.map((load) => load.requestsPerSecond);
  const rows = [
    ['', 'requests/s', 'p50, ms', 'p99, ms', 'start, s', 'RSS, MB', 'ours is'],
    ...SERVER_NAMES.map((name) => {
      const { loads, starts, megabytes } = report[name];
      return [
        name,
        formatSummary(summarize(speeds(name)), 0),
        number(summarize(loads.map((load) => load.p50)).median, 1),
        number(summarize(loads.map((load) => load.p99)).median, 1),
        formatSummary(summarize(starts), 2),
        number(megabytes),
        name === 'ours' ? '1' : `${formatRatio(ratioOf(speeds('ours'), speeds(name)))} x`,
      ];
    }),
  ];
  process.stdout.write(
    `serve: POST /predict, ${CONNECTIONS} connections, ${ROUNDS} rounds of ${SECONDS} s; start is from process start to first answer\n${formatTable(rows)}\n`,
  );
}

export type BenchServer = {
  port: number;
  /** From the start of the process to its first answer, in seconds. */
  startSeconds: number;
  /** Resident memory of all its processes. */
  megabytes(): number;
  /** Processor time of its first process so far; NaN where the system does not tell (it needs /proc). */
  cpuSeconds(): number;
  stop(): Promise<void>;
};

/** What the image runs. */
const bundle = benchFile('bundle');

/** Throws BENCH_BUNDLE. */
export async function buildBundle(): Promise<void> {
  const group = await start(['node', 'scripts/bundle.ts', bundle], {});
  const said = collectErrors(group);
  const code = await group.ended;
  if (code === 0) return;
  const cause = new Error(said.join('').trim());
  throw new SentimentError('BENCH_BUNDLE', `the bundle of the service cannot be built: exit code ${code}`, { cause });
}

type Call = { command: string[]; variables: Variables };

/** Resolves when the server has answered a request. Throws BENCH_SERVER if it exits or does not answer. */
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
    cpuSeconds: () => processorSeconds(group.pid),
    stop: () => group.stop('SIGTERM', 5000),
  };
}

function callOf(name: ServerName, port: number, models: BenchModels, peers: Peers): Call {
  switch (name) {
    case 'ours':
      return {
        command: ['node', join(bundle, 'main.mjs')],
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

/** Waits for the first answer. Throws BENCH_SERVER if the server exits or does not answer. */
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
  throw new SentimentError('BENCH_SERVER', `${name} did not answer${ended === undefined ? ' within 60 s' : ''}`, {
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

function processorSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    // utime and stime, in hundredths of a second.
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return Number.NaN;
  }
}

function residentMegabytes(processGroup: number): number {
  let kilobytes = 0;
  for (const line of execFileSync('ps', ['-eo', 'pgid=,rss='], { encoding: 'utf8' }).trim().split('\n')) {
    const [group, resident] = line.trim().split(/\s+/).map(Number);
    if (group === processGroup) kilobytes += resident;
  }
  return kilobytes / 1024;
}

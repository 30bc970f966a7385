/**
 * Serving: POST /predict of the service, of bare node:http with the same model, and of Flask with scikit-learn under
 * gunicorn, in turn. A separate process sends the requests over persistent connections. Beside requests per second stands processor
 * time per request, of all processes of a server: other programs on the machine hardly disturb it.
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
import type { Load } from './load.ts';
import type { Peers } from './peers.ts';
import { roundsOf } from './settings.ts';
import { formatRatio, formatSummary, formatTable, number, type Ratio, ratioOf, summarize } from './statistics.ts';

export const SERVER_NAMES = ['ours', 'raw node:http', 'Flask, gunicorn 2'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

const ROUNDS = roundsOf(5);
const STARTS = roundsOf(3);
const CONNECTIONS = '50';
const WARM_UP = '1';
const SECONDS = '3';

/** `cpu` has microseconds of processor time per answer, by round. */
export type ServeReport = Record<ServerName, { loads: Load[]; cpu: number[]; starts: number[]; megabytes: number }>;

export async function benchServing(corpora: Corpora, models: BenchModels, peers: Peers): Promise<ServeReport> {
  await buildBundle();
  const report = Object.fromEntries(
    SERVER_NAMES.map((name) => [name, { loads: [], cpu: [], starts: [], megabytes: 0 }]),
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
    // Round 0 does not count: their compilers are busy.
    for (let round = 0; round <= ROUNDS; round++) {
      process.stderr.write(`serve: round ${round} of ${ROUNDS}\n`);
      for (const [name, { port, cpuSeconds }] of servers) {
        const args = [String(port), corpora.snippets.test, CONNECTIONS, WARM_UP, SECONDS];
        const before = cpuSeconds();
        const load = await runJson<Load>(['node', 'bench/load.ts', ...args]);
        if (round === 0) continue;
        report[name].loads.push(load);
        report[name].cpu.push((1e6 * (cpuSeconds() - before)) / load.answered);
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
    ['', 'requests/s', 'ours is', 'CPU us/request', 'ours is', 'p50, ms', 'p99, ms', 'refused', 'start, s', 'RSS, MB'],
    ...SERVER_NAMES.map((name) => {
      const { loads, cpu, starts, megabytes } = report[name];
      const times = (ratio: Ratio) => (name === 'ours' ? '1' : `${formatRatio(ratio)} x`);
      return [
        name,
        formatSummary(summarize(speeds(name)), 0),
        times(ratioOf(speeds('ours'), speeds(name))),
        formatSummary(summarize(cpu), 1),
        times(ratioOf(cpu, report.ours.cpu)),
        number(summarize(loads.map((load) => load.p50)).median, 1),
        number(summarize(loads.map((load) => load.p99)).median, 1),
        number(loads.reduce((sum, { refused }) => sum + refused, 0)),
        formatSummary(summarize(starts), 2),
        number(megabytes),
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
  /** Processor time of all its processes so far; NaN where the system does not tell (it needs /proc). */
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
    cpuSeconds: () => processesOf(group.pid).reduce((sum, { pid }) => sum + processorSeconds(pid), 0),
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

type Process = { pid: number; kilobytes: number };

function processesOf(processGroup: number): Process[] {
  const lines = execFileSync('ps', ['-eo', 'pgid=,pid=,rss='], { encoding: 'utf8' }).trim().split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([group]) => group === processGroup)
    .map(([, pid, kilobytes]) => ({ pid, kilobytes }));
}

function residentMegabytes(processGroup: number): number {
  return processesOf(processGroup).reduce((sum, { kilobytes }) => sum + kilobytes, 0) / 1024;
}

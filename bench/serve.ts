/**
 * Serving: POST /predict of the service against bare node:http with the same model and against Flask with scikit-learn
 * under gunicorn, in turn, from a process of its own over connections that stay open.
 */
import { runJson } from './child.ts';
import type { Corpora } from './corpora.ts';
import type { BenchModels } from './models.ts';
import type { Peers } from './peers.ts';
import { type BenchServer, SERVER_NAMES, type ServerName, startServer } from './servers.ts';
import { ratioOf, summarize } from './statistics.ts';
import { formatRatio, formatSummary, formatTable, number } from './table.ts';

const ROUNDS = 5;
const STARTS = 3;
const CONNECTIONS = '50';
const WARM_UP = '1';
const SECONDS = '3';

type Load = { requestsPerSecond: number; p50: number; p99: number };

export type ServeReport = Record<ServerName, { loads: Load[]; starts: number[]; megabytes: number }>;

export async function benchServing(corpora: Corpora, models: BenchModels, peers: Peers): Promise<ServeReport> {
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

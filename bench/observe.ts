/**
 * What being observed costs the service: its log of requests and its drift signals, without one, without both. The four take
 * turns in one process every 500 requests, and are compared within a turn, so that what else the machine does falls on
 * all of them.
 *
 *     node bench/observe.ts models/model.bin data/raw/test.jsonl     (or make bench)
 */
import { readFileSync } from 'node:fs';
import { runMain, usageError } from '../ml/errors.ts';
import { runJson, start } from './child.ts';
import { benchFile } from './folder.ts';
import { type Block, turnsOf, VARIANTS } from './observe_blocks.ts';
import { collectErrors, firstAnswer, freePort } from './servers.ts';
import { type Interval, medianInterval, summarize } from './statistics.ts';
import { formatTable, number } from './table.ts';

const CONNECTIONS = '50';
const WARM_UP = '3';
const SECONDS = '240';
/** What compilers do at first is not what a request costs. */
const WARM_UP_TURNS = 10;

/** Ratios are to `neither`; microseconds of processor time for a request. */
type Row = { variant: string; microseconds: number; cpu: Interval; throughput: Interval };
export type ObserveReport = { turns: number; rows: Row[] };

/** `texts` is a file of reviews. */
export async function benchObserving(model: string, texts: string): Promise<ObserveReport> {
  process.stderr.write(`observe: ${SECONDS} s\n`);
  const file = benchFile('observe-blocks.json');
  const port = await freePort();
  const variables = { MODEL_URI: model, PORT: String(port), HOST: '127.0.0.1', DRAIN_SECONDS: '0', OBSERVED: file };
  const service = await start(['node', 'bench/peers/observed_service.ts'], variables, 'pipe');
  try {
    // Whoever writes a log has a reader: a pipe, as in a container.
    service.child.stdout?.resume();
    await firstAnswer('the service', port, service, collectErrors(service));
    await runJson(['node', 'bench/load.ts', String(port), texts, CONNECTIONS, WARM_UP, SECONDS]);
  } finally {
    await service.stop('SIGTERM', 5000);
  }
  const turns = turnsOf(JSON.parse(readFileSync(file, 'utf8'))).slice(WARM_UP_TURNS);
  const report = { turns: turns.length, rows: VARIANTS.map(({ name }, i) => rowOf(name, i, turns)) };
  print(report);
  return report;
}

function rowOf(variant: string, i: number, turns: Block[][]): Row {
  return {
    variant,
    microseconds: 1e6 * summarize(turns.map((turn) => turn[i].cpu)).median,
    cpu: medianInterval(turns.map((turn) => turn[i].cpu / turn[0].cpu)),
    throughput: medianInterval(turns.map((turn) => turn[0].clock / turn[i].clock)),
  };
}

function print({ turns, rows }: ObserveReport): void {
  const told = ({ median, low, high }: Interval) => `${number(median, 3)} (${number(low, 3)} to ${number(high, 3)})`;
  const table = rows.map(({ variant, microseconds, cpu, throughput }) => [
    variant,
    number(microseconds, 1),
    told(cpu),
    told(throughput),
  ]);
  process.stdout.write(
    `observe: POST /predict with log of requests and drift signals; median of ${turns} turns and its 95 % interval, to neither\n${formatTable([['', 'CPU a request, us', 'CPU', 'requests/s'], ...table])}\n`,
  );
}

if (import.meta.main) {
  const [model, texts] = process.argv.slice(2);
  if (!model || !texts) throw usageError('ARGUMENTS', 'expected a model and a file of texts', 'see bench/observe.ts');
  await runMain(async () => void (await benchObserving(model, texts)));
}

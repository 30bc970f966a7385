/**
 * What observability costs the service: its request log and its drift signals, each, both and neither. The four variants
 * alternate every 500 requests in one process and are compared within a turn, so that other load on the machine affects
 * all of them.
 *
 *     node bench/observe.ts models/model.bin data/raw/test.jsonl     (or make bench)
 */
import { readFileSync } from 'node:fs';
import { runMain, usageError } from '../ml/errors.ts';
import { benchFile, runJson, start } from './child.ts';
import { collectErrors, firstAnswer, freePort } from './serve.ts';
import { formatTable, type Interval, medianInterval, number, summarize } from './statistics.ts';

export const VARIANTS = [
  { name: 'neither', log: false, signals: false },
  { name: 'log', log: true, signals: false },
  { name: 'signals', log: false, signals: true },
  { name: 'both', log: true, signals: true },
] as const;

/** `variant` is an index of VARIANTS; seconds per request, of processor time and of wall-clock time. */
export type Block = { variant: number; cpu: number; clock: number };

/** Each turn has all variants and starts with a different one than the last, so that none profits from its position. */
export function variantAt(block: number): number {
  return (block + Math.floor(block / VARIANTS.length)) % VARIANTS.length;
}

/** The complete turns, each with its blocks in the order of VARIANTS. `blocks` starts with the first block. */
export function turnsOf(blocks: readonly Block[]): Block[][] {
  const { length } = VARIANTS;
  return Array.from({ length: Math.floor(blocks.length / length) }, (_, turn) =>
    blocks.slice(turn * length, (turn + 1) * length).sort((a, b) => a.variant - b.variant),
  );
}

const CONNECTIONS = '50';
const WARM_UP = '3';
const SECONDS = '240';
/** At first the compiler is busy, so these turns do not count. */
const WARM_UP_TURNS = 10;

/** Microseconds of processor time per request; ratios are to `neither`. */
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
    // The log goes to a pipe with a reader, as in a container.
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
    `observe: POST /predict with request log and drift signals; median of ${turns} turns and its 95 % interval, relative to neither\n${formatTable([['', 'CPU a request, us', 'CPU', 'requests/s'], ...table])}\n`,
  );
}

if (import.meta.main) {
  const [model, texts] = process.argv.slice(2);
  if (!model || !texts) throw usageError('ARGUMENTS', 'expected a model and a file of texts', 'see bench/observe.ts');
  await runMain(async () => void (await benchObserving(model, texts)));
}

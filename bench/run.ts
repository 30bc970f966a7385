/**
 * Compares speed with peers, side by side in one run: `make bench`, or some parts: `node bench/run.ts train score serve batch observe`.
 *
 * Training and scoring are measured in processor time, which other programs hardly disturb; serving, threads and the start of a
 * program are measured in wall-clock time. BENCH_ROUNDS=1 tries it all in a few minutes. What counts are the ratios to the peers on the same machine. Reports go to .local/bench/*.json.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { runMain, usageError } from '../ml/errors.ts';
import { writeText } from '../ml/files.ts';
import { benchBatches } from './batch.ts';
import { benchFile, root, runJson } from './child.ts';
import { prepareCorpora, trainBenchModels } from './inputs.ts';
import { benchObserving } from './observe.ts';
import { type Peers, preparePeers } from './peers.ts';
import { benchScoring } from './score.ts';
import { benchServing } from './serve.ts';
import { printTargets, type Reports } from './targets.ts';
import { benchTraining } from './train.ts';

const PARTS = ['train', 'score', 'serve', 'batch', 'observe'] as const;

// The exit of this process stops the programs that it started.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.on(signal, () => process.exit(code));

await runMain(async () => {
  const parts = partsToRun(process.argv.slice(2));
  const peers = await preparePeers();
  const corpora = await prepareCorpora();
  const machine = await describeMachine(peers);
  printMachine(machine);
  const reports: Reports = {};
  const keep = <T>(part: string, results: T): T => {
    writeReport(part, { machine, results });
    return results;
  };
  if (parts.has('train')) reports.train = keep('train', await benchTraining(corpora, peers));
  if ([...parts].some((part) => part !== 'train')) {
    const models = await trainBenchModels(corpora.snippets, peers);
    if (parts.has('score')) reports.score = keep('score', await benchScoring(corpora, models, peers));
    if (parts.has('serve')) reports.serve = keep('serve', await benchServing(corpora, models, peers));
    if (parts.has('batch')) reports.batch = keep('batch', await benchBatches(corpora, models, peers));
    if (parts.has('observe')) keep('observe', await benchObserving(models.standard, corpora.snippets.test));
  }
  printTargets(reports);
});

function partsToRun(args: string[]): Set<string> {
  const unknown = args.find((arg) => !PARTS.some((part) => part === arg));
  if (unknown !== undefined) {
    throw usageError(
      'USAGE',
      `unknown part ${JSON.stringify(unknown)}`,
      `name some of ${PARTS.join(', ')}, or none to run all`,
    );
  }
  return new Set(args.length > 0 ? args : PARTS);
}

function writeReport(part: string, report: unknown): void {
  writeText(benchFile(`${part}.json`), `${JSON.stringify(report, null, 2)}\n`);
}

/** What the figures depend on besides the code. */
type Machine = {
  processor: string;
  cores: number;
  gigabytes: number;
  /** Mean number of runnable processes in the last minute. */
  load: number;
  node: string;
  peers: Record<string, string>;
  commit: string;
};

async function describeMachine(peers: Peers): Promise<Machine> {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    gigabytes: Math.round(totalmem() / 2 ** 30),
    load: loadavg()[0],
    node: process.version,
    peers: await runJson<Record<string, string>>([peers.python, 'bench/peers/versions.py']),
    commit: gitCommit(),
  };
}

function printMachine({ processor, cores, gigabytes, load, node, peers, commit }: Machine): void {
  const versions = Object.entries(peers).map(([name, version]) => `${name} ${version}`);
  process.stdout.write(`${processor}, ${cores} cores, ${gigabytes} GiB, load ${load.toFixed(1)}; commit ${commit}
Node ${node}; ${versions.join(', ')}
median (smallest to largest) of alternating rounds; ratios are of medians (smallest to largest of a round)\n\n`);
  if (load > cores / 2) {
    process.stdout.write('Other programs keep this machine busy: expect lower figures and wide ranges.\n\n');
  }
}

function gitCommit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

/** Training: this project's vectoriser and solver against scikit-learn's, alternating, each in one process with one thread. */

import { benchFile, runJson } from './child.ts';
import type { Corpora, Corpus } from './inputs.ts';
import type { Peers } from './peers.ts';
import { roundsOf } from './settings.ts';
import { formatRatio, formatSummary, formatTable, number, type Ratio, ratioOf, summarize } from './statistics.ts';

const ROUNDS = roundsOf(3);
/** A start is short, so it is measured more often. */
const COLD_ROUNDS = roundsOf(7);
const C = '1';
const SOLVERS = ['liblinear', 'lbfgs'] as const;

type Ours = {
  vectoriseSeconds: number;
  fitSeconds: number;
  /** Of both. */
  wallSeconds: number;
  accuracy: number;
  columns: number;
  nonZeros: number;
  rssMegabytes: number;
};
type Theirs = {
  vectoriseSeconds: number;
  solvers: Record<
    (typeof SOLVERS)[number],
    { seconds: number; wallSeconds: number; objective: number; accuracy: number }
  >;
  columns: number;
  nonZeros: number;
  rssMegabytes: number;
};
type Objective = { objective: number; least: number };

export type Comparison = { corpus: string; ours: Ours[]; theirs: Theirs[]; objective: Objective; ratios: Ratio[] };

/**
 * `growth`: time for all long texts divided by the time for a quarter of them; 4 is linear. `clock`: wall clock of liblinear
 * on long texts against ours. `cold`: the same on snippets, from the start of each process to its end. `threads`: wall clock
 * of a training as in params.yaml with one thread against two.
 */
export type TrainReport = { comparisons: Comparison[]; growth: Ratio; clock: Ratio; cold: Ratio; threads: Ratio };

export async function benchTraining(corpora: Corpora, peers: Peers): Promise<TrainReport> {
  const comparisons = [await compare(corpora.snippets, peers), await compare(corpora.long, peers)];
  const clock = await compareClock(corpora.long, peers);
  const cold = await compareCold(corpora.snippets, peers);
  const threads = await compareThreads(corpora.snippets);
  const whole: number[] = [];
  const quarter: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    process.stderr.write(`growth: round ${round} of ${ROUNDS}\n`);
    whole.push(secondsOf(await trainOurs(corpora.long)));
    quarter.push(secondsOf(await trainOurs(corpora.quarter)));
  }
  const growth = ratioOf(whole, quarter);
  process.stdout.write(`ours, with four times the texts: ${formatRatio(growth)} times the time\n\n`);
  return { comparisons, growth, clock, cold, threads };
}

function trainOurs({ train, test, minDf }: Corpus): Promise<Ours> {
  return runJson<Ours>(['node', 'bench/train_ours.ts', train, test, String(minDf), C]);
}

function trainLiblinear({ train, test, minDf }: Corpus, { python }: Peers): Promise<Theirs> {
  return runJson<Theirs>([python, 'bench/peers/train_sklearn.py', train, test, String(minDf), C, '', 'liblinear']);
}

/** Wall clock of vectorising and fitting. */
async function compareClock(corpus: Corpus, peers: Peers): Promise<Ratio> {
  const seconds: Seconds = { ours: [], 'scikit-learn, liblinear': [] };
  for (let round = 1; round <= ROUNDS; round++) {
    process.stderr.write(`wall clock: round ${round} of ${ROUNDS}\n`);
    seconds.ours.push((await trainOurs(corpus)).wallSeconds);
    seconds['scikit-learn, liblinear'].push((await trainLiblinear(corpus, peers)).solvers.liblinear.wallSeconds);
  }
  return printClock(`train on ${corpus.name}, vectorise and fit`, seconds);
}

/** Wall clock of whole processes: start, reading the texts, training, and predicting the test texts. */
async function compareCold(corpus: Corpus, peers: Peers): Promise<Ratio> {
  const seconds: Seconds = { ours: [], 'scikit-learn, liblinear': [] };
  for (let round = 1; round <= COLD_ROUNDS; round++) {
    process.stderr.write(`cold start: round ${round} of ${COLD_ROUNDS}\n`);
    seconds.ours.push(await clockOf(() => trainOurs(corpus)));
    seconds['scikit-learn, liblinear'].push(await clockOf(() => trainLiblinear(corpus, peers)));
  }
  return printClock(`train on ${corpus.name}, the whole process`, seconds);
}

/** Wall clock of vectorising, fitting twelve models, and all else that a training does. */
async function compareThreads(corpus: Corpus): Promise<Ratio> {
  const seconds: Seconds = { 'two threads': [], 'one thread': [] };
  for (let round = 1; round <= ROUNDS; round++) {
    process.stderr.write(`threads: round ${round} of ${ROUNDS}\n`);
    const train = async (threads: string) => {
      const { wallSeconds } = await runJson<Ours>(['node', 'bench/train_standard.ts', corpus.train, threads]);
      return wallSeconds;
    };
    seconds['two threads'].push(await train('2'));
    seconds['one thread'].push(await train('1'));
  }
  return printClock(`train on ${corpus.name} as in params.yaml`, seconds);
}

async function clockOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** Wall clock in seconds, by what ran. */
type Seconds = Record<string, number[]>;

/** Returns the time of the last divided by that of the first. */
function printClock(title: string, seconds: Seconds): Ratio {
  const [first] = Object.values(seconds);
  const rows = Object.entries(seconds).map(([name, own]) => [
    name,
    formatSummary(summarize(own), 2),
    formatRatio(ratioOf(own, first)),
  ]);
  process.stdout.write(`${title}\n${formatTable([['', 'wall clock, s', 'ratio'], ...rows])}\n`);
  return ratioOf(Object.values(seconds).at(-1)!, first);
}

function secondsOf(run: Ours): number {
  return run.vectoriseSeconds + run.fitSeconds;
}

async function compare(corpus: Corpus, peers: Peers): Promise<Comparison> {
  const { name, train, test, minDf } = corpus;
  const args = [train, test, String(minDf), C];
  const matrix = benchFile(`${name}-matrix`);
  const ours: Ours[] = [];
  const theirs: Theirs[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    process.stderr.write(`train on ${name}: round ${round} of ${ROUNDS}\n`);
    ours.push(await trainOurs(corpus));
    theirs.push(await runJson<Theirs>([peers.python, 'bench/peers/train_sklearn.py', ...args, matrix]));
  }
  const objective = await runJson<Objective>(['node', 'bench/objective_ours.ts', matrix, C]);
  const own = ours.map(secondsOf);
  const ratios = SOLVERS.map((solver) =>
    ratioOf(
      theirs.map((run) => run.vectoriseSeconds + run.solvers[solver].seconds),
      own,
    ),
  );
  const comparison = { corpus: name, ours, theirs, objective, ratios };
  print(comparison);
  return comparison;
}

function print({ corpus, ours, theirs, objective, ratios }: Comparison): void {
  const last = theirs[theirs.length - 1];
  const above = (value: number) => ((value - objective.least) / objective.least).toExponential(1);
  const seconds = (values: number[]) => formatSummary(summarize(values), 2);
  const rows = [
    ['', 'vectorise, CPU s', 'fit, CPU s', 'above minimum objective', 'accuracy', 'columns', 'RSS, MB', 'time / ours'],
    [
      'ours',
      seconds(ours.map((run) => run.vectoriseSeconds)),
      seconds(ours.map((run) => run.fitSeconds)),
      above(objective.objective),
      ours[0].accuracy.toFixed(4),
      number(ours[0].columns),
      number(summarize(ours.map((run) => run.rssMegabytes)).median),
      '1',
    ],
    ...SOLVERS.map((solver, i) => [
      `scikit-learn, ${solver}`,
      seconds(theirs.map((run) => run.vectoriseSeconds)),
      seconds(theirs.map((run) => run.solvers[solver].seconds)),
      above(last.solvers[solver].objective),
      last.solvers[solver].accuracy.toFixed(4),
      number(last.columns),
      number(summarize(theirs.map((run) => run.rssMegabytes)).median),
      formatRatio(ratios[i]),
    ]),
  ];
  process.stdout.write(`train on ${corpus}: uni- and bigram TF-IDF, C=${C}, ${ROUNDS} rounds\n${formatTable(rows)}\n`);
}

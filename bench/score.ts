/** Scoring: Model.predict text by text against the scikit-learn pipeline's predict on all texts at once, one thread each. */
import { statSync } from 'node:fs';
import { runJson } from './child.ts';
import type { BenchModels, Corpora } from './inputs.ts';
import type { Peers } from './peers.ts';
import { roundsOf } from './settings.ts';
import { formatRatio, formatSummary, formatTable, number, type Ratio, ratioOf, summarize } from './statistics.ts';

const ROUNDS = roundsOf(3);
const SECONDS = '2';

type Run = { textsPerSecond: number[]; accuracy: number; rssMegabytes: number };

/** Megabytes of the files of both models. */
type Sizes = { ours: number; theirs: number };

export type ScoreReport = { task: string; ours: Run[]; theirs: Run[]; ratio: Ratio; files: Sizes };

export async function benchScoring(corpora: Corpora, models: BenchModels, peers: Peers): Promise<ScoreReport[]> {
  const tasks = [
    { task: 'words, snippets', ours: models.words, theirs: models.sklearnWords, texts: corpora.snippets.test },
    { task: 'words, 230-word reviews', ours: models.words, theirs: models.sklearnWords, texts: corpora.long.test },
    { task: 'words+chars, snippets', ours: models.chars, theirs: models.sklearnAll, texts: corpora.snippets.test },
    // More than its peer does: negation and contrast, polarities, and weights of a blend.
    { task: 'params.yaml, snippets', ours: models.standard, theirs: models.sklearnAll, texts: corpora.snippets.test },
  ];
  const reports: ScoreReport[] = [];
  for (const { task, ours, theirs, texts } of tasks) {
    const own: Run[] = [];
    const other: Run[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      process.stderr.write(`score ${task}: round ${round} of ${ROUNDS}\n`);
      own.push(await runJson<Run>(['node', 'bench/score_ours.ts', ours, texts, SECONDS]));
      other.push(await runJson<Run>([peers.python, 'bench/peers/score_sklearn.py', theirs, texts, SECONDS]));
    }
    const files = { ours: megabytesOf(ours), theirs: megabytesOf(theirs) };
    reports.push({ task, ours: own, theirs: other, ratio: ratioOf(own.map(speed), other.map(speed)), files });
  }
  print(reports);
  return reports;
}

function megabytesOf(path: string): number {
  return statSync(path).size / 1e6;
}

function speed(run: Run): number {
  return summarize(run.textsPerSecond).median;
}

function print(reports: ScoreReport[]): void {
  const speeds = (runs: Run[]) => formatSummary(summarize(runs.map(speed)), 0);
  const memory = (runs: Run[]) => number(summarize(runs.map((run) => run.rssMegabytes)).median);
  const rows = [
    [
      '',
      'ours, texts/CPU s',
      'scikit-learn, texts/CPU s',
      'ratio',
      'accuracy',
      'its accuracy',
      'RSS, MB',
      'its RSS',
      'file, MB',
      'its file',
    ],
    ...reports.map(({ task, ours, theirs, ratio, files }) => [
      task,
      speeds(ours),
      speeds(theirs),
      formatRatio(ratio),
      ours[0].accuracy.toFixed(4),
      theirs[0].accuracy.toFixed(4),
      memory(ours),
      memory(theirs),
      number(files.ours, 1),
      number(files.theirs, 1),
    ]),
  ];
  process.stdout.write(`score: ${ROUNDS} rounds\n${formatTable(rows)}\n`);
}

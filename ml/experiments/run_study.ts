/** A study from experiments.yaml to its reports: cells, folds, runs in MLflow, tests, plots. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Review } from '../corpus/review.ts';
import { SentimentError } from '../errors.ts';
import { classOf } from '../evaluation/scored.ts';
import type { Params } from '../params.ts';
import { writeJson } from '../stages/write_file.ts';
import type { TrackingConfig } from '../tracking/config.ts';
import { digestOf, innerSplits, outerSplits, prepareTexts, type Split, type Texts } from './corpus.ts';
import { cellKey, codeDigest, Journal } from './journal.ts';
import { compareLeaders, comparePairs } from './leaders.ts';
import { type StudyResult, writeReport } from './report.ts';
import { type KeyedCell, runCells } from './run_cells.ts';
import { correctedAccuracy, nestedAccuracy } from './selection.ts';
import { cellsOf, type Experiments } from './study.ts';
import { byAccuracy, type CellResult, summarizeCell } from './table.ts';
import type { Outcome } from './tasks.ts';
import { duration } from './time_left.ts';
import { TrackedStudy } from './tracked.ts';

export type StudyOptions = {
  study: string;
  experiments: Experiments;
  params: Params;
  paramsPath: string;
  reviews: readonly Review[];
  threads: number;
  journal: string;
  reports: string;
  tracking: TrackingConfig | undefined;
  /** Of several machines, this one's number and how many there are: it takes every n-th cell and writes no report. */
  shard: { index: number; count: number } | undefined;
  /** Name of the one cell to run, without report. */
  only: string | undefined;
  /** File for the figures of that cell. */
  out: string | undefined;
  tags: Record<string, string>;
  log(line: string): void;
};

/** Pairs of leaders that are tested. */
const LEADERS = 5;

/** Throws what cells, MLflow and files throw; finished cells are kept all the same. */
export async function runStudy(options: StudyOptions): Promise<void> {
  const { study, experiments, params, log } = options;
  const { seed, folds, studies } = experiments;
  const texts = prepareTexts(options.reviews, params);
  const splits = outerSplits(texts, folds, seed);
  const context = JSON.stringify([digestOf(texts), codeDigest(), folds, seed]);
  const winnerOf = studies[study]?.winner_of;
  const winner = winnerOf && winningCell(join(options.reports, `${winnerOf}.json`), winnerOf, experiments);
  const all = cellsOf(study, experiments, params, winner).map((cell) => ({ cell, key: cellKey(cell, context) }));
  const mine = choose(all, options);
  const journal = new Journal(options.journal);
  const tracked = options.tracking && (await openTracked(options.tracking, all, options));
  if (!tracked) log('MLFLOW_TRACKING_URI is not set: nothing is logged to MLflow');
  const names = splits.map((split) => split.name);
  const restored = (await tracked?.restore(mine, names, journal)) ?? 0;
  if (restored > 0) log(`${restored} cells were finished elsewhere: read back from MLflow`);

  const results = new Map<string, CellResult>();
  let logging: Promise<void> = Promise.resolve();
  const onCell = (keyed: KeyedCell) => {
    const outcomes = new Map(splits.map((split) => [split.name, outcomeOf(journal, keyed.key, split)]));
    const binCount = params.model_evaluation.calibration_bins;
    const result = summarizeCell(keyed.cell, splits, [...outcomes.values()], texts, binCount);
    results.set(keyed.key, result);
    const { accuracy, accuracy_se } = result.row;
    log(`${keyed.cell.name}: accuracy ${accuracy.toFixed(4)} ± ${accuracy_se.toFixed(4)}`);
    if (tracked) logging = logging.then(() => tracked.logCell(keyed, result, outcomes));
    // Reported when it is awaited.
    logging.catch(() => {});
  };
  const onOutcome = progressLine(log);
  try {
    await runCells(mine, splits, { texts, journal, threads: options.threads, onCell, onOutcome });
  } finally {
    await logging;
  }
  const alone = results.get(mine[0]?.key);
  if (options.only !== undefined && options.out !== undefined && alone) writeJson(options.out, alone.row);
  if (options.shard || options.only !== undefined) return;

  const innerFolds = studies[study].inner_folds;
  const cells = all.map(({ cell, key }) => ({ cell, result: results.get(key)! }));
  const chosen =
    innerFolds > 0
      ? await chooseNested(all, cells, splits, texts, innerFolds, { ...options, journal, onOutcome })
      : correctedAccuracy(
          cells.map(({ cell, result }) => ({ name: cell.name, scored: result.scored })),
          experiments.bootstrap_samples,
          seed,
        );
  const tests = { samples: experiments.bootstrap_samples, seed, binCount: params.model_evaluation.calibration_bins };
  const ranked = byAccuracy(cells.map((one) => one.result));
  const current = cells.find(({ cell }) => isCurrent(cell, params))?.result;
  const result: StudyResult = {
    ...{ study, source: params.data_ingestion.source, texts: texts.texts.length, folds, seed, innerFolds },
    ...{ cells, chosen },
    leaders: compareLeaders(ranked, LEADERS, tests),
    againstCurrent: current && current !== ranked[0] ? comparePairs([[ranked[0], current]], tests)[0] : undefined,
  };
  const files = await writeReport(result, options.reports, options.paramsPath);
  log('');
  for (const line of files[`${study}.md`].trimEnd().split('\n')) log(line);
  log(`reports: ${options.reports}/${study}.json, ${Object.keys(files).join(', ')}`);
  if (!tracked) return;
  const best = ranked[0].row;
  const metrics = {
    ...{ best_accuracy: best.accuracy, best_accuracy_se: best.accuracy_se },
    ...{ chosen_accuracy: chosen.accuracy, chosen_accuracy_se: chosen.accuracy_se },
  };
  await tracked.finish(metrics, files);
  log(`compare in MLflow: ${tracked.compareLink(all)}`);
}

async function chooseNested(
  all: readonly KeyedCell[],
  cells: readonly { result: CellResult }[],
  splits: readonly Split[],
  texts: Texts,
  innerFolds: number,
  { journal, threads, experiments, onOutcome, log }: NestedOptions,
) {
  const inner = splits.map((split) => innerSplits(texts, split, innerFolds, experiments.seed));
  log(`choosing within each fold, by ${innerFolds} folds of its training part`);
  await runCells(all, inner.flat(), { texts, journal, threads, onOutcome });
  const folds = inner.map((parts, fold) => ({
    inner: all.map(({ key }) => mean(parts.map((part) => accuracyOn(part, outcomeOf(journal, key, part), texts)))),
    outer: cells.map(({ result }) => result.folds[fold]),
  }));
  const names = all.map(({ cell }) => cell.name);
  return nestedAccuracy(names, folds);
}

type NestedOptions = Pick<StudyOptions, 'threads' | 'experiments' | 'log'> & {
  journal: Journal;
  onOutcome: ReturnType<typeof progressLine>;
};

function openTracked(config: TrackingConfig, all: readonly KeyedCell[], options: StudyOptions): Promise<TrackedStudy> {
  const { study, experiments, params, tags } = options;
  const keys = all.map(({ key }) => key).join(' ');
  return TrackedStudy.open(config, {
    experiment: experiments.experiment,
    name: study,
    fingerprint: createHash('sha256').update(`${study} ${keys}`).digest('hex'),
    params: {
      source: params.data_ingestion.source,
      texts: String(options.reviews.length),
      folds: String(experiments.folds),
      seed: String(experiments.seed),
      cells: String(all.length),
    },
    tags,
  });
}

function choose(all: KeyedCell[], { shard, only }: Pick<StudyOptions, 'shard' | 'only'>): KeyedCell[] {
  if (shard) return all.filter((_, i) => i % shard.count === shard.index);
  if (only === undefined) return all;
  const found = all.filter(({ cell }) => cell.name === only);
  if (found.length > 0) return found;
  throw new SentimentError('CELL_UNKNOWN', `the study has no cell "${only}"`, {
    next: `take one of ${all.map(({ cell }) => cell.name).join(', ')}`,
    exitCode: 2,
  });
}

/** The best logistic regression of a finished study: what it is called there. */
function winningCell(path: string, study: string, { algorithms }: Experiments): string {
  let report: { rows: { cell: string; algorithm: string }[] };
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new SentimentError('STUDY_MISSING', `${path} has the winner to tune, and cannot be read`, {
      cause,
      next: `run make ${study} first`,
    });
  }
  const best = report.rows.find(({ algorithm }) => {
    const chosen = algorithms[algorithm];
    return chosen?.learner === 'linear' && chosen.model_building.classifier !== 'ml_logistic_regression';
  });
  if (best) return best.cell;
  throw new SentimentError('STUDY_MISSING', `${path} has no logistic regression`, { next: `run make ${study} again` });
}

/** Whether a cell is what params.yaml says, calibration aside, which moves no ranking. */
function isCurrent({ feature_engineering, model_building, learner }: KeyedCell['cell'], params: Params): boolean {
  if (learner.learner !== 'linear') return false;
  const { calibration } = model_building;
  const mine = JSON.stringify([feature_engineering, model_building]);
  return mine === JSON.stringify([params.feature_engineering, { ...params.model_building, calibration }]);
}

function progressLine(log: (line: string) => void) {
  return (
    cell: KeyedCell['cell'],
    split: Split,
    { done, total, secondsLeft }: { done: number; total: number; secondsLeft: number | undefined },
  ) => {
    const left = done === total || secondsLeft === undefined ? '' : `, about ${duration(secondsLeft)} left`;
    log(`${String(done).padStart(String(total).length)}/${total} ${cell.name}, fold ${split.name}${left}`);
  };
}

function outcomeOf(journal: Journal, key: string, split: Split): Outcome {
  const outcome = journal.read(key, split.name);
  if (outcome) return outcome;
  throw new SentimentError('JOURNAL_DAMAGED', `the journal has lost cell ${key}, fold ${split.name}`, {
    next: 'run it again: only what is missing is done',
  });
}

function accuracyOn({ held }: Split, { probabilities }: Outcome, { labels }: Pick<Texts, 'labels'>): number {
  return held.reduce((sum, i, k) => sum + (classOf(probabilities[k]) === labels[i] ? 1 : 0), 0) / held.length;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

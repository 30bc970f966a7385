/** Runs a study of experiments.yaml and writes its reports: cells, folds, runs in MLflow, tests, plots. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isLinear } from '../classifiers/registry.ts';
import type { Review } from '../corpus/review.ts';
import { SentimentError } from '../errors.ts';
import { predictedClasses } from '../evaluation/scored.ts';
import { writeJson } from '../files.ts';
import { nameOfSources, type Params } from '../params.ts';
import type { TrackingConfig } from '../tracking/config.ts';
import { cellKey, codeDigest, Journal } from './journal.ts';
import { type StudyResult, writeReport } from './report.ts';
import { duration, type KeyedCell, type Listener, runCells } from './run_cells.ts';
import { compareLeaders, comparePairs, correctedAccuracy, nestedAccuracy } from './selection.ts';
import { digestOf, innerSplits, outerSplits, prepareTexts, type Split, type Texts } from './splits.ts';
import { cellsOf, type Experiments } from './study.ts';
import { byAccuracy, type CellResult, summarizeCell } from './table.ts';
import { TrackedStudy } from './tracked.ts';
import type { Outcome } from './worker.ts';

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
  /** This machine's number and the number of machines: it takes every n-th cell and writes no report. */
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

/** Throws what cells, MLflow and files throw; finished cells are kept in any case. */
export async function runStudy(options: StudyOptions): Promise<void> {
  const { study, experiments, params, log } = options;
  const { seed, folds, studies } = experiments;
  const texts = prepareTexts(options.reviews, params);
  const splits = outerSplits(texts, folds, seed);
  const context = JSON.stringify([digestOf(texts), codeDigest(), folds, seed]);
  const winnerOf = studies[study]?.winner_of;
  const winner = winnerOf && winningCell(join(options.reports, `${winnerOf}.json`), winnerOf, experiments, params);
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
    // The error is reported where `logging` is awaited.
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
    ...{ study, source: nameOfSources(params.data_ingestion), texts: texts.texts.length, folds, seed, innerFolds },
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

type NestedOptions = Pick<StudyOptions, 'threads' | 'experiments' | 'log'> &
  Pick<Listener, 'onOutcome'> & { journal: Journal };

function openTracked(config: TrackingConfig, all: readonly KeyedCell[], options: StudyOptions): Promise<TrackedStudy> {
  const { study, experiments, params, tags } = options;
  const keys = all.map(({ key }) => key).join(' ');
  return TrackedStudy.open(config, {
    experiment: experiments.experiment,
    name: study,
    fingerprint: createHash('sha256').update(`${study} ${keys}`).digest('hex'),
    params: {
      source: nameOfSources(params.data_ingestion),
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
    next: `choose one of ${all.map(({ cell }) => cell.name).join(', ')}`,
    exitCode: 2,
  });
}

/** Name of the best logistic regression in a finished study. */
function winningCell(path: string, study: string, { algorithms }: Experiments, params: Params): string {
  let report: { rows: { cell: string; algorithm: string }[] };
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new SentimentError('STUDY_MISSING', `cannot read ${path}, which has the winner to tune`, {
      cause,
      next: `run make ${study} first`,
    });
  }
  const best = report.rows.find(({ algorithm }) => {
    const chosen = algorithms[algorithm];
    const { classifier } = { ...params.model_building, ...chosen?.model_building, ...chosen };
    return chosen !== undefined && classifier === 'logistic_regression';
  });
  if (best) return best.cell;
  throw new SentimentError('STUDY_MISSING', `${path} has no logistic regression`, { next: `run make ${study} again` });
}

/** Whether a cell has the settings of params.yaml, apart from calibration, which changes no ranking. */
function isCurrent({ feature_engineering, model_building, learner }: KeyedCell['cell'], params: Params): boolean {
  if (!isLinear(learner.classifier)) return false;
  const { calibration } = model_building;
  const mine = JSON.stringify([feature_engineering, model_building]);
  return mine === JSON.stringify([params.feature_engineering, { ...params.model_building, calibration }]);
}

function progressLine(log: (line: string) => void): NonNullable<Listener['onOutcome']> {
  return (cell, split, { done, total, secondsLeft }) => {
    const left = done === total || secondsLeft === undefined ? '' : `, about ${duration(secondsLeft)} left`;
    log(`${String(done).padStart(String(total).length)}/${total} ${cell.name}, fold ${split.name}${left}`);
  };
}

function outcomeOf(journal: Journal, key: string, split: Split): Outcome {
  const outcome = journal.read(key, split.name);
  if (outcome) return outcome;
  throw new SentimentError('JOURNAL_DAMAGED', `the journal has lost cell ${key}, fold ${split.name}`, {
    next: 'run it again: only the missing cells are run',
  });
}

function accuracyOn({ held }: Split, { probabilities }: Outcome, { labels, classes }: Texts): number {
  const own = { labels: Uint8Array.from(held, (i) => labels[i]), probabilities };
  const predicted = predictedClasses(classes.names.length === 2 ? own : { ...own, classes });
  return own.labels.filter((label, k) => predicted[k] === label).length / held.length;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

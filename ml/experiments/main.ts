/** `node ml/experiments/main.ts STUDY`: a study of experiments.yaml on the texts of params.yaml. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { gatherReviews } from '../corpus/corpus.ts';
import { runMain, usageError } from '../errors.ts';
import { readParams, withSource } from '../params.ts';
import { gitState } from '../stages/git.ts';
import { paths } from '../stages/paths.ts';
import { trackingConfig } from '../tracking/config.ts';
import { reports } from './report.ts';
import { runStudy } from './run_study.ts';
import { readExperiments } from './study.ts';

const help = `usage: node ml/experiments/main.ts STUDY [options]     (make compare, make tune, make ablation)

Cross-validates every cell of the study, on all cores. Finished cells are not run again.

  --experiments FILE   the studies [experiments.yaml]
  --params FILE        settings that the cells change [params.yaml]
  --reports FOLDER     for tables and plots [${reports}]
  --journal FOLDER     for finished cells [.local/experiments]
  --scratch FOLDER     for temporary files [${paths.downloads}]
  --threads N          number of threads [all cores]
  --only CELL          run one cell, such as logistic_regression/tfidf_uni, without tables and plots
  --out FILE           with --only: file for the cell's figures

MLFLOW_TRACKING_URI is the server for the runs; without it nothing is logged. With EXPERIMENTS_SHARDS=N and
JOB_COMPLETION_INDEX=I (a Kubernetes Indexed Job sets the second) only every N-th cell is run, starting with cell I.
`;

await runMain(async () => {
  const { values, positionals } = parseArguments();
  if (values.help) return void process.stdout.write(help);
  if (positionals.length !== 1) throw usageError('COMMAND', 'expected the name of one study', 'see --help');
  const experiments = readExperiments(values.experiments);
  const params = withSource(readParams(values.params), experiments.source);
  const log = (line: string) => void process.stdout.write(`${line}\n`);
  const { commit, changed } = await gitState(['ml', 'params.yaml', 'experiments.yaml']);
  await runStudy({
    study: positionals[0],
    experiments,
    params,
    paramsPath: values.params,
    reviews: await gatherReviews(params.data_ingestion, { folder: values.scratch ?? paths.downloads, log }),
    threads: wholeNumber('--threads', values.threads ?? String(availableParallelism()), 1),
    journal: values.journal,
    reports: values.reports,
    tracking: process.env.MLFLOW_TRACKING_URI ? trackingConfig() : undefined,
    shard: shardOf(process.env),
    only: values.only,
    out: values.out,
    tags: {
      'mlflow.source.name': 'ml/experiments/main.ts',
      'mlflow.source.type': 'LOCAL',
      ...(commit && { 'mlflow.source.git.commit': commit }),
      ...(changed.length > 0 && { 'git.changed': changed.join('\n') }),
    },
    log,
  });
});

function parseArguments() {
  const text = (value: string) => ({ type: 'string', default: value }) as const;
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        experiments: text('experiments.yaml'),
        params: text(paths.params),
        reports: text(reports),
        journal: text('.local/experiments'),
        scratch: { type: 'string' },
        threads: { type: 'string' },
        only: { type: 'string' },
        out: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw usageError('COMMAND', error instanceof Error ? error.message : String(error), 'see --help');
  }
}

function shardOf(env: NodeJS.ProcessEnv): { index: number; count: number } | undefined {
  if (!env.EXPERIMENTS_SHARDS) return undefined;
  const count = wholeNumber('EXPERIMENTS_SHARDS', env.EXPERIMENTS_SHARDS, 1);
  const index = wholeNumber('JOB_COMPLETION_INDEX', env.JOB_COMPLETION_INDEX ?? '', 0);
  if (index < count) return { index, count };
  throw usageError(
    'SETTING',
    `JOB_COMPLETION_INDEX is ${index} and EXPERIMENTS_SHARDS is ${count}: set EXPERIMENTS_SHARDS to the Job's completions`,
  );
}

function wholeNumber(name: string, value: string, least: number): number {
  const number = Number(value);
  if (/^\d{1,4}$/.test(value) && number >= least) return number;
  throw usageError('SETTING', `${name} is "${value}", expected a whole number of at least ${least}`);
}

/**
 * The six stages and promotion, in the fastest order: MLflow, which starts slowly, starts in parallel with the data
 * stages, and does not start at all when a receipt shows that nothing has changed.
 */
import { globSync, linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { cannotWrite, SentimentError } from '../../ml/errors.ts';
import { makeFolder } from '../../ml/files.ts';
import { paths } from '../../ml/stages/paths.ts';
import { repro } from './dvc.ts';
import type { Tracking, TrackingServer } from './mlflow.ts';
import { type Identity, isRunning, ownIdentity } from './processes.ts';
import { type Environment, runProgram, untilAborted } from './programs.ts';
import type { Progress } from './progress.ts';
import {
  databaseState,
  dropReceipt,
  fetchProduction,
  type Outcome,
  pipelineInputs,
  type Receipt,
  readReceipt,
} from './receipt.ts';

/** Exit code when the gate refuses a model. */
export const REFUSED = 3;
const HOUR = 3_600_000;

export type PipelineOptions = {
  root: string;
  env: Environment;
  tracking: Tracking;
  progress: Progress;
  cancelled: AbortSignal;
};

/** `receipt` is set when the local MLflow was used: write it once that has stopped. */
export type PipelineResult = { outcome: Outcome; receipt?: Receipt };

export async function runPipeline(options: PipelineOptions): Promise<PipelineResult> {
  const { root, env, tracking } = options;
  const known = () => (tracking.local ? readReceipt(root, pipelineInputs(root, env)) : undefined);
  if (!known()) await tracking.start();
  await makeModel(options);
  const outcome = known();
  if (outcome) return { outcome };
  dropReceipt(root);
  const server = await tracking.start();
  return Promise.race([register(options, server), server.failure]);
}

/** Runs stages one to five. */
async function makeModel(options: PipelineOptions): Promise<void> {
  await repro(['model_evaluation'], [], options);
}

async function register(options: PipelineOptions, server: TrackingServer): Promise<PipelineResult> {
  const { root, progress, tracking } = options;
  progress.start('MLflow');
  await Promise.race([server.ready, untilAborted(options.cancelled)]);
  options.cancelled.throwIfAborted();
  progress.done(server.address);
  const env = { ...options.env, MLFLOW_TRACKING_URI: server.uri };
  await repro(['register_model'], ['--single-item'], { ...options, env });
  const outcome = await promote({ ...options, env });
  if (!tracking.local) return { outcome };
  return { outcome, receipt: { inputs: pipelineInputs(root, options.env), database: databaseState(root), outcome } };
}

async function promote({ root, env, progress, cancelled }: PipelineOptions): Promise<Outcome> {
  const reasons: string[] = [];
  const onLine = (line: string) => {
    reasons.push(line);
    progress.say(line);
  };
  progress.start('promote_model');
  const exitCode = await runProgram({ command: ['node', 'ml/stages/promote_model.ts'], root, env, cancelled, onLine });
  progress.done(exitCode === REFUSED ? 'refused' : exitCode === 0 ? '' : 'failed');
  if (exitCode !== 0 && exitCode !== REFUSED) {
    throw new SentimentError('STAGE_FAILED', 'promote_model failed; its message is above', { exitCode });
  }
  return { exitCode, reasons, production: await fetchProduction(env) };
}

/**
 * Makes sure that one pipeline at a time runs in this folder, and removes what killed ones have left. Returns the function that releases the lock; so does the end of
 * this process. Throws PIPELINE_BUSY.
 */
export function lockPipeline(root: string): () => void {
  const file = resolve(root, paths.local, 'pipeline.lock');
  makeFolder(dirname(file));
  if (!create(file)) {
    const holder = holderOf(file);
    if (holder && isRunning(holder)) {
      const message = `another pipeline run (process ${holder.pid}) is running in this folder`;
      throw new SentimentError('PIPELINE_BUSY', message, { next: 'wait until it ends, or stop it' });
    }
    rmSync(file, { force: true });
    if (!create(file)) return lockPipeline(root);
  }
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  removeLeftovers(root);
  return () => {
    process.removeListener('exit', release);
    release();
  };
}

/** Temporary files of runs that were killed. A program beside this one may be writing the younger ones. */
function removeLeftovers(root: string): void {
  const names = ['{data,models,reports}/**/*.tmp', `${paths.downloads}/*`, `${paths.modelCache}/*.tmp`];
  for (const path of globSync(names, { cwd: root }).map((name) => resolve(root, name))) {
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > HOUR) rmSync(path, { recursive: true, force: true });
  }
}

/** Complete from the first moment, so that nobody takes it for a broken one. False if the file is there. */
function create(file: string): boolean {
  const own = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(own, JSON.stringify(ownIdentity()));
    linkSync(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cannotWrite(file, error);
  } finally {
    rmSync(own, { force: true });
  }
}

/** undefined if the file is damaged or just gone. */
function holderOf(file: string): Identity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * The six stages and promotion, in the order that wastes no time: MLflow, which takes a while to start, starts beside
 * the data stages, and not at all when there is a receipt that nothing has changed.
 */
import { SentimentError } from '../../ml/errors.ts';
import { readParams } from '../../ml/params.ts';
import { paths } from '../../ml/stages/paths.ts';
import { untilAborted } from './cancel.ts';
import { repro } from './dvc.ts';
import type { Environment } from './environment.ts';
import type { TrackingServer } from './mlflow.ts';
import { fetchProduction } from './production.ts';
import { runProgram } from './programs.ts';
import type { Progress } from './progress.ts';
import { databaseState, dropReceipt, type Outcome, pipelineInputs, type Receipt, readReceipt } from './receipt.ts';
import { sourceState } from './source.ts';
import type { Tracking } from './tracking.ts';

/** Exit code of a gate that says no. */
export const REFUSED = 3;

export type PipelineOptions = {
  root: string;
  env: Environment;
  tracking: Tracking;
  progress: Progress;
  cancelled: AbortSignal;
};

/** `receipt` is there when a local MLflow was asked: write it when that has stopped. */
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

/** Stages one to five. */
async function makeModel(options: PipelineOptions): Promise<void> {
  const source = sourceState(options.root, readParams(paths.params).data_ingestion.source);
  if (!source.known) await repro(['data_ingestion'], ['--single-item', '--force'], options);
  source.remember();
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
    throw new SentimentError('STAGE_FAILED', 'promote_model failed and said why above', { exitCode });
  }
  return { exitCode, reasons, production: await fetchProduction(env) };
}

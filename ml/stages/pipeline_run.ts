/**
 * The MLflow run of one pipeline result: found again by its fingerprint when the server has it whole, else logged.
 *
 * A run is FINISHED only when everything is on the server and the model has been read back from it. A registered
 * version is only ever made of a FINISHED run, so one that was killed halfway never has one: it is marked FAILED by
 * the next.
 */
import { hostname, userInfo } from 'node:os';
import { uploadArtifact } from '../tracking/artifacts.ts';
import type { TrackingConfig } from '../tracking/config.ts';
import { createRun, type DatasetInput, endRun, logInputs, logValues, type Run, searchRuns } from '../tracking/runs.ts';
import { digestOnServer, uploadModel } from './model_folder.ts';
import type { PipelineResult } from './pipeline_result.ts';
import { tags } from './tags.ts';

/** SHA-256 of the model file in the run's artifacts. */
const MODEL_DIGEST = 'pipeline.model_digest';
const HOST = 'pipeline.host';
const PROCESS = 'pipeline.process';
/** Logging a run takes seconds; one that has been at it for longer has died. Milliseconds. */
const LONGEST_RUN = 3_600_000;

export type PipelineRun = { run: Run; modelDigest: string };

/** The newest finished run of this result whose model is whole on the server, or undefined. */
export async function findPipelineRun(
  config: TrackingConfig,
  experimentId: string,
  result: PipelineResult,
): Promise<PipelineRun | undefined> {
  for (const run of await searchRuns(config, experimentId, { [tags.fingerprint]: result.fingerprint })) {
    const modelDigest = run.tags[MODEL_DIGEST];
    if (run.status !== 'FINISHED' || !modelDigest) continue;
    if ((await digestOnServer(config, run)) === modelDigest) return { run, modelDigest };
    console.log(`run ${run.id} has this result, but its model is damaged or missing on the server: logging a new one`);
  }
  return undefined;
}

/** Logs a new run. It ends FINISHED, or FAILED with an error thrown. */
export async function logPipelineRun(
  config: TrackingConfig,
  experimentId: string,
  result: PipelineResult,
  modelName: string,
): Promise<PipelineRun> {
  const name = `${result.params['model_building.classifier']} ${result.fingerprint.slice(0, 8)}`;
  const run = await createRun(config, experimentId, name, runTags(result));
  try {
    await logValues(config, run.id, { params: result.params, metrics: result.metrics }, run.startTime);
    await logInputs(config, run.id, datasets(result));
    for (const [path, file] of Object.entries(result.files)) await uploadArtifact(config, run.artifactUri, path, file);
    const trainedAt = new Date(run.startTime).toISOString();
    const stamps = { metrics: result.metrics, runId: run.id, gitCommit: result.git.commit, modelName, trainedAt };
    const modelDigest = await uploadModel(config, run, result.facts, stamps);
    await logValues(config, run.id, { tags: { [MODEL_DIGEST]: modelDigest } }, run.startTime);
    await endRun(config, run.id, 'FINISHED');
    return { run, modelDigest };
  } catch (error) {
    // What went wrong matters more than that this may go wrong as well; the next run cleans up.
    await endRun({ ...config, retries: 0 }, run.id, 'FAILED').catch(() => {});
    throw error;
  }
}

/** Marks as FAILED the runs of this pipeline whose process died, so that none looks as if it were still going on. */
export async function failAbandonedRuns(config: TrackingConfig, experimentId: string): Promise<void> {
  for (const run of await searchRuns(config, experimentId, {}, 'RUNNING')) {
    if (!run.tags[tags.fingerprint]) continue;
    const hasDied = run.tags[HOST] === hostname() && !isAlive(Number(run.tags[PROCESS]));
    if (!hasDied && Date.now() - run.startTime < LONGEST_RUN) continue;
    await endRun(config, run.id, 'FAILED');
    console.log(`run ${run.id} ("${run.name}") was abandoned halfway: marked as FAILED`);
  }
}

function runTags(result: PipelineResult): Record<string, string> {
  const { git, lockHash } = result;
  return {
    [tags.fingerprint]: result.fingerprint,
    [HOST]: hostname(),
    [PROCESS]: String(process.pid),
    [tags.content]: result.modelDigest,
    'dvc.lock_hash': lockHash ?? 'none: there is no dvc.lock',
    'mlflow.source.name': 'ml/stages/register_model.ts',
    'mlflow.source.type': 'LOCAL',
    'mlflow.user': userName(),
    'mlflow.note.content': describeResult(result),
    ...(git.commit && { 'mlflow.source.git.commit': git.commit }),
    ...(git.branch && { 'mlflow.source.git.branch': git.branch }),
    ...(git.changed.length > 0 && { 'git.changed': git.changed.join('\n') }),
  };
}

/** One line for the pages of run and version. */
export function describeResult({ metrics, facts, git }: PipelineResult): string {
  const figure = (name: string) => {
    const value = metrics[name]?.toFixed(4) ?? 'not measured';
    const se = metrics[`${name}_se`];
    return se === undefined ? value : `${value} (standard error ${se.toFixed(4)})`;
  };
  const code = git.commit
    ? `code ${git.commit.slice(0, 12)}${git.changed.length > 0 ? ' with changes' : ''}`
    : 'no git';
  return (
    `Accuracy ${figure('accuracy')}, ROC-AUC ${figure('roc_auc')}; trained on ${facts.trainingTexts.toLocaleString('en')} texts of ` +
    `${facts.source}; ${code}.`
  );
}

function datasets({ facts, testDigest, testTexts }: PipelineResult): DatasetInput[] {
  const schema = {
    mlflow_colspec: [
      { type: 'string', name: 'text' },
      { type: 'long', name: 'label' },
    ],
  };
  const common = { name: facts.source, ...sourceOf(facts.source), schema };
  return [
    { ...common, digest: facts.dataDigest, profile: { texts: facts.trainingTexts }, context: 'training' },
    { ...common, digest: testDigest, profile: { texts: testTexts }, context: 'evaluation' },
  ];
}

/** As MLflow's page shows a data source: with a link where there is one. */
function sourceOf(source: string): { sourceType: string; source: object } {
  if (/^https?:/.test(source)) return { sourceType: 'http', source: { url: source } };
  return { sourceType: source.startsWith('s3:') ? 's3' : 'local', source: { uri: source } };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number without a name.
    return 'unknown';
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

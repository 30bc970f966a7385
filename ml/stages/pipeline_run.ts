/**
 * The MLflow run of one pipeline result: found by its fingerprint if the server has a complete one, otherwise logged.
 *
 * A run is FINISHED only when everything is on the server and its model has been read back. Only a FINISHED run becomes
 * a registered version. If the program was killed halfway, the next one marks its run as FAILED.
 */
import type { KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { SentimentError } from '../errors.ts';
import { inTemporaryFolder } from '../files.ts';
import { isSignedModel, MOST_MODEL_BYTES, stampFacts } from '../model/artifact.ts';
import { MODEL_FILE } from '../model/remote.ts';
import type { Signer } from '../model/signature.ts';
import type { ModelFacts } from '../model/types.ts';
import { downloadArtifact, uploadArtifact } from '../tracking/artifacts.ts';
import type { TrackingConfig } from '../tracking/config.ts';
import { isMissing } from '../tracking/errors.ts';
import { createRun, type DatasetInput, endRun, logInputs, logValues, type Run, searchRuns } from '../tracking/runs.ts';
import { paths } from './paths.ts';
import { type PipelineResult, tags } from './pipeline_result.ts';

/** Folder of the model among the artifacts. */
export const MODEL_FOLDER = 'model';
/** Tag: SHA-256 of the model file in the run's artifacts. */
const MODEL_DIGEST = 'pipeline.model_digest';
const HOST = 'pipeline.host';
const PROCESS = 'pipeline.process';
/** Logging a run takes seconds; after this time its process must have died. Milliseconds. */
const LONGEST_RUN = 3_600_000;

export type PipelineRun = { run: Run; modelDigest: string };

/** The newest FINISHED run of this result whose model on the server is undamaged, and signed if there is a key; or undefined. */
export async function findPipelineRun(
  config: TrackingConfig,
  experimentId: string,
  result: PipelineResult,
  key?: KeyObject,
): Promise<PipelineRun | undefined> {
  for (const run of await searchRuns(config, experimentId, { [tags.fingerprint]: result.fingerprint })) {
    const modelDigest = run.tags[MODEL_DIGEST];
    if (run.status !== 'FINISHED' || !modelDigest) continue;
    const onServer = await onServerOf(config, run, key);
    if (onServer?.digest === modelDigest && onServer.isSigned) return { run, modelDigest };
    const what = onServer?.digest === modelDigest ? 'not signed with this key' : 'damaged or missing on the server';
    console.log(`run ${run.id} has this result, but its model is ${what}: logging a new one`);
  }
  return undefined;
}

/** Logs a new run. It ends as FINISHED, or as FAILED and an error is thrown. */
export async function logPipelineRun(
  config: TrackingConfig,
  experimentId: string,
  result: PipelineResult,
  { modelName, sign }: { modelName: string; sign?: Signer | undefined },
): Promise<PipelineRun> {
  const name = `${result.params['model_building.classifier']} ${result.fingerprint.slice(0, 8)}`;
  const run = await createRun(config, experimentId, name, runTags(result));
  try {
    await logValues(config, run.id, { params: result.params, metrics: result.metrics }, run.startTime);
    await logInputs(config, run.id, datasets(result));
    for (const [path, file] of Object.entries(result.files)) await uploadArtifact(config, run.artifactUri, path, file);
    const trainedAt = new Date(run.startTime).toISOString();
    const { metrics, card } = result;
    const stamps = { metrics, card, runId: run.id, gitCommit: result.git.commit, modelName, trainedAt };
    const modelDigest = await uploadModel(config, run, result.facts, stamps, sign);
    await logValues(config, run.id, { tags: { [MODEL_DIGEST]: modelDigest } }, run.startTime);
    await endRun(config, run.id, 'FINISHED');
    return { run, modelDigest };
  } catch (error) {
    // The first error matters more than a failure here; the next run cleans up.
    await endRun({ ...config, retries: 0 }, run.id, 'FAILED').catch(() => {});
    throw error;
  }
}

/**
 * Uploads the model file with `stamps` on it, the same facts as JSON, and the MLmodel file, then reads the model back.
 * Returns its SHA-256, hex. Throws MODEL_DAMAGED if the server returns something else.
 */
async function uploadModel(
  config: TrackingConfig,
  run: Run,
  facts: ModelFacts,
  stamps: Partial<ModelFacts>,
  sign: Signer | undefined,
): Promise<string> {
  return inTemporaryFolder('register-', async (folder) => {
    const digest = stampFacts(paths.model, join(folder, MODEL_FILE), stamps, sign);
    await writeFile(join(folder, 'facts.json'), `${JSON.stringify({ ...facts, ...stamps }, null, 2)}\n`);
    await writeFile(join(folder, 'MLmodel'), `${JSON.stringify(describeFolder(run), null, 2)}\n`);
    for (const name of ['facts.json', 'MLmodel', MODEL_FILE]) {
      await uploadArtifact(config, run.artifactUri, `${MODEL_FOLDER}/${name}`, join(folder, name));
    }
    const onServer = await onServerOf(config, run);
    if (onServer?.digest === digest) return digest;
    throw new SentimentError(
      'MODEL_DAMAGED',
      `the model uploaded to run ${run.id} has SHA-256 ${digest}, but the server returns ${onServer?.digest ?? 'no file'}`,
      { next: "check the server's log and its free disk space, then run dvc repro register_model" },
    );
  });
}

/** SHA-256 of the run's model on the server, and whether it is signed if there is a key; undefined if the server has none. */
async function onServerOf(
  config: TrackingConfig,
  run: Run,
  key?: KeyObject,
): Promise<{ digest: string; isSigned: boolean } | undefined> {
  return inTemporaryFolder('registered-', async (folder) => {
    const path = `${MODEL_FOLDER}/${MODEL_FILE}`;
    try {
      const file = join(folder, MODEL_FILE);
      const { sha256: digest } = await downloadArtifact(config, run.artifactUri, path, file, MOST_MODEL_BYTES);
      return { digest, isSigned: !key || isSignedModel(file, key) };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  });
}

/**
 * The MLmodel file, written as JSON, which is valid YAML. With it the page shows the signature, and MLflow's own tools
 * recognise the folder as a model. Its flavor is our own, so they do not try to load the file with Python.
 * https://mlflow.org/docs/latest/ml/model/#mlmodel-file
 */
function describeFolder(run: Run): object {
  const column = (name: string, type: string) => ({ name, type, required: true });
  return {
    artifact_path: MODEL_FOLDER,
    run_id: run.id,
    utc_time_created: new Date(run.startTime).toISOString().replace('T', ' ').replace('Z', ''),
    flavors: { sentiment: { data: MODEL_FILE, loader: 'ml/model/artifact.ts' } },
    signature: {
      inputs: JSON.stringify([column('text', 'string')]),
      outputs: JSON.stringify([column('label', 'string'), column('probability', 'double')]),
      params: null,
    },
  };
}

/** Marks the runs of this pipeline whose process has died as FAILED, so that they do not look active. */
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

/** The source as MLflow's page shows it: with a link if it is an HTTP address. */
function sourceOf(source: string): { sourceType: string; source: object } {
  if (/^https?:/.test(source)) return { sourceType: 'http', source: { url: source } };
  return { sourceType: source.startsWith('s3:') ? 's3' : 'local', source: { uri: source } };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a user id without a name.
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

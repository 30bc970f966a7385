/**
 * The model among a run's artifacts: the file itself with its facts stamped on it, the same facts as JSON for the
 * page, and the description that makes the folder a model in MLflow's eyes.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SentimentError } from '../errors.ts';
import { inTemporaryFolder } from '../files.ts';
import { stampFacts } from '../model/artifact.ts';
import { MODEL_FILE } from '../model/remote.ts';
import type { ModelFacts } from '../model/types.ts';
import { downloadArtifact, uploadArtifact } from '../tracking/artifacts.ts';
import type { TrackingConfig } from '../tracking/config.ts';
import { isMissing } from '../tracking/errors.ts';
import type { Run } from '../tracking/runs.ts';
import { paths } from './paths.ts';

/** The folder's name among the artifacts. */
export const MODEL_FOLDER = 'model';

/**
 * Sends the model file with `stamps` on it and reads it back. Returns its SHA-256, hex; throws MODEL_DAMAGED when what
 * the server gives back is something else.
 */
export async function uploadModel(
  config: TrackingConfig,
  run: Run,
  facts: ModelFacts,
  stamps: Partial<ModelFacts>,
): Promise<string> {
  return inTemporaryFolder('register-', async (folder) => {
    const digest = stampFacts(paths.model, join(folder, MODEL_FILE), stamps);
    await writeFile(join(folder, 'facts.json'), `${JSON.stringify({ ...facts, ...stamps }, null, 2)}\n`);
    await writeFile(join(folder, 'MLmodel'), `${JSON.stringify(describeFolder(run), null, 2)}\n`);
    for (const name of ['facts.json', 'MLmodel', MODEL_FILE]) {
      await uploadArtifact(config, run.artifactUri, `${MODEL_FOLDER}/${name}`, join(folder, name));
    }
    const onServer = await digestOnServer(config, run);
    if (onServer === digest) return digest;
    throw new SentimentError(
      'MODEL_DAMAGED',
      `the model sent to run ${run.id} has SHA-256 ${digest}, what the server gives back has ${onServer ?? 'none: it is not there'}`,
      { next: "look into the server's log and the room on its disk, then run dvc repro register_model" },
    );
  });
}

/** SHA-256 of the run's model as the server has it; undefined when it has none. */
export async function digestOnServer(config: TrackingConfig, run: Run): Promise<string | undefined> {
  return inTemporaryFolder('registered-', async (folder) => {
    const path = `${MODEL_FOLDER}/${MODEL_FILE}`;
    try {
      return (await downloadArtifact(config, run.artifactUri, path, join(folder, MODEL_FILE))).sha256;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  });
}

/**
 * The MLmodel file, YAML of which JSON is a part: the page shows its signature, and MLflow's own tools recognise the
 * folder. It has a flavor of our own, so none of them will try to load the file with Python.
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

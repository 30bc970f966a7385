/**
 * `node scripts/production_model.ts FILE`: downloads the current Production model to FILE and prints its name, its version
 * and, if the registry knows it, when a pipeline last examined it, separated by spaces. MLFLOW_TRACKING_URI and the other variables
 * of MLflow's client name the server; with SENTIMENT_MODEL_KEY the model must be signed, so that no other one gets into an image.
 */
import { copyFile } from 'node:fs/promises';
import { runMain, SentimentError, usageError } from '../ml/errors.ts';
import { writeAtomicallyAsync } from '../ml/files.ts';
import { readModel } from '../ml/model/artifact.ts';
import { fetchModel } from '../ml/model/remote.ts';
import { KEY_VARIABLE, verifyKeyOf } from '../ml/model/signature.ts';
import { readParams } from '../ml/params.ts';
import { paths } from '../ml/stages/paths.ts';

await runMain(async () => {
  const [file, ...rest] = process.argv.slice(2);
  if (!file || rest.length > 0)
    throw usageError('ARGUMENTS', 'expected one file to write to', 'node scripts/production_model.ts model.bin');
  const name = readParams(paths.params).register_model.model_name;
  const { path, version, source, warning, examinedAt } = await fetchModel(`models:/${name}/Production`, {
    cacheDir: paths.modelCache,
  });
  // A cached copy may be out of date; an image must hold the current Production model.
  if (source !== 'registry') throw new SentimentError('REGISTRY_AWAY', warning ?? 'the registry did not answer');
  readModel(path, { key: verifyKeyOf(process.env[KEY_VARIABLE]) });
  await writeAtomicallyAsync(file, (temporary) => copyFile(path, temporary));
  console.log([name, version, examinedAt ?? []].flat().join(' '));
});

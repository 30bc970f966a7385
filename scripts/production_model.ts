/**
 * `node scripts/production_model.ts FILE`: downloads the current Production model to FILE and prints its name, its version
 * and, if the registry knows it, when a pipeline last examined it, separated by spaces. MLFLOW_TRACKING_URI and the other variables of MLflow's client name the server.
 */
import { copyFile } from 'node:fs/promises';
import { runMain, SentimentError, usageError } from '../ml/errors.ts';
import { writeAtomicallyAsync } from '../ml/files.ts';
import { fetchModel } from '../ml/model/remote.ts';
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
  await writeAtomicallyAsync(file, (temporary) => copyFile(path, temporary));
  console.log([name, version, examinedAt ?? []].flat().join(' '));
});

/**
 * `node scripts/production_model.ts FILE`: the model that is in Production now, as FILE; prints its name and version, with
 * a space between. MLFLOW_TRACKING_URI and the other variables of MLflow's client say where.
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
  const { path, version, source, warning } = await fetchModel(`models:/${name}/Production`, {
    cacheDir: paths.modelCache,
  });
  // An image must not be built from what was in Production some time ago.
  if (source !== 'registry') throw new SentimentError('REGISTRY_AWAY', warning ?? 'the registry did not answer');
  await writeAtomicallyAsync(file, (temporary) => copyFile(path, temporary));
  console.log(`${name} ${version}`);
});

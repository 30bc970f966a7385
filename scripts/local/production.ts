/** The Production model as a file on this machine, which the service can start from while MLflow itself still starts. */
import { SentimentError } from '../../ml/errors.ts';
import { fetchModel } from '../../ml/model/remote.ts';
import { readParams } from '../../ml/params.ts';
import { paths } from '../../ml/stages/paths.ts';
import type { Environment } from './environment.ts';

export type Production = { path: string; name: string; version: string };

/** Undefined when no version is in Production. `env` names the tracking server. */
export async function fetchProduction(env: Environment): Promise<Production | undefined> {
  const name = readParams(paths.params).register_model.model_name;
  try {
    const { path, version } = await fetchModel(`models:/${name}/Production`, { cacheDir: paths.modelCache, env });
    return { path, name, version };
  } catch (error) {
    if (error instanceof SentimentError && error.code === 'MODEL_NOT_REGISTERED') return undefined;
    throw error;
  }
}

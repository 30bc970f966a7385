/**
 * The model of a command that names none: the version in Production, as this project's pipeline last left it (the page of
 * `make run` shows the same), or else the file that the pipeline made last.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cachedModel } from '../ml/model/remote.ts';
import { readParams } from '../ml/params.ts';
import { paths } from '../ml/stages/paths.ts';

export type DefaultModel = { path: string; production?: { name: string; version: string } };

/** `root` is the project's folder. Asks no server. Throws what readParams throws if models of Production are there. */
export async function defaultModel(root: string): Promise<DefaultModel> {
  const cacheDir = join(root, paths.modelCache);
  const path = join(root, paths.model);
  if (!existsSync(cacheDir)) return { path };
  const name = readParams(join(root, paths.params)).register_model.model_name;
  const cached = await cachedModel(`models:/${name}/Production`, cacheDir);
  return cached ? { path: cached.path, production: { name, version: cached.version } } : { path };
}

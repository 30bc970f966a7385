/** Loads the model that MODEL_URI names: a file, or a version in the registry. */
import { readModel } from '../ml/model/artifact.ts';
import type { Model } from '../ml/model/types.ts';
import type { ServiceConfig } from './config.ts';

export type ServedModel = {
  model: Model;
  name: string;
  version: string;
  /** MLflow run that trained it; empty if unknown. */
  runId: string;
  /** `cache`: the registry was unreachable, and this is the copy from the last successful download. */
  source: 'file' | 'registry' | 'cache';
  /** What a person should know, such as why the model comes from the cache. */
  warning?: string;
};

/** Where its training texts came from, safe to show: a URL without credentials, query and fragment. */
export function dataSource({ model }: ServedModel): string {
  return model.facts.source.replace(/\/\/[^/@]*@/, '//').replace(/[?#].*$/s, '');
}

/** Throws what readModel and the registry throw, each naming the file or URL and the next step. */
export async function loadServedModel(config: ServiceConfig): Promise<ServedModel> {
  return config.modelUri.startsWith('models:/') ? fromRegistry(config) : fromFile(config);
}

function fromFile(config: ServiceConfig): ServedModel {
  const model = readModel(config.modelUri);
  return {
    model,
    name: config.modelName || model.facts.modelName || 'sentiment',
    version: config.modelVersion || model.digest.slice(0, 12),
    runId: model.facts.runId ?? '',
    source: 'file',
  };
}

async function fromRegistry(config: ServiceConfig): Promise<ServedModel> {
  // Imported only here: a service that starts from a file, as in the image, needs no registry client.
  const { fetchModel } = await import('../ml/model/remote.ts');
  const { path, version, runId, source, warning } = await fetchModel(config.modelUri, {
    cacheDir: config.modelCacheDir,
    env: process.env,
  });
  const model = readModel(path);
  const [, name] = /^models:\/([^/@]+)/.exec(config.modelUri) ?? [];
  return { model, name: name ?? model.facts.modelName ?? 'sentiment', version, runId, source, warning };
}

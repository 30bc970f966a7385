/** Brings the model that MODEL_URI names: a file, or a version of the registry. */
import { loadModel } from '../ml/model/load.ts';
import type { Model } from '../ml/model/types.ts';
import type { ServiceConfig } from './config.ts';

export type ServedModel = {
  model: Model;
  name: string;
  version: string;
  /** MLflow run that made it; empty when unknown. */
  runId: string;
  /** `cache`: the registry was away, and this is the copy of the last time it was not. */
  source: 'file' | 'registry' | 'cache';
  /** What a person should know, such as why it comes from the cache. */
  warning?: string;
};

/** Where its training texts came from, fit to be shown: without what an address may hold besides the place. */
export function dataSource({ model }: ServedModel): string {
  return model.facts.source.replace(/\/\/[^/@]*@/, '//').replace(/[?#].*$/, '');
}

/** Throws what loadModel and the registry throw, each naming the file or address and the next step. */
export async function bringModel(config: ServiceConfig): Promise<ServedModel> {
  return config.modelUri.startsWith('models:/') ? fromRegistry(config) : fromFile(config);
}

async function fromFile(config: ServiceConfig): Promise<ServedModel> {
  const model = await loadModel(config.modelUri);
  return {
    model,
    name: config.modelName || model.facts.modelName || 'sentiment',
    version: config.modelVersion || model.digest.slice(0, 12),
    runId: model.facts.runId ?? '',
    source: 'file',
  };
}

async function fromRegistry(config: ServiceConfig): Promise<ServedModel> {
  // Loaded only here: a service that starts from a file, as in the image, does without the registry's client.
  const { fetchModel } = await import('../ml/model/remote.ts');
  const { path, version, runId, source, warning } = await fetchModel(config.modelUri, {
    cacheDir: config.modelCacheDir,
    env: process.env,
  });
  const model = await loadModel(path);
  const [, name] = /^models:\/([^/@]+)/.exec(config.modelUri) ?? [];
  return { model, name: name ?? model.facts.modelName ?? 'sentiment', version, runId, source, warning };
}

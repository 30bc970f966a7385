/** Loads the model that MODEL_URI names: a file, or a version in the registry. */
import { readFile } from 'node:fs/promises';
import { type ReadOptions, readModel } from '../ml/model/artifact.ts';
import { verifyKeyOf } from '../ml/model/signature.ts';
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
  /** When a pipeline last examined it, ISO 8601, if the registry told. */
  examinedAt?: string;
  /** What a person should know, such as why the model comes from the cache. */
  warning?: string;
};

/** Where its training texts came from, safe to show: URLs without credentials, query and fragment. */
export function dataSource({ model }: ServedModel): string {
  const safe = model.facts.source
    .split(', ')
    .map((source) => source.replace(/\/\/[^/@]*@/, '//').replace(/[?#].*$/s, ''));
  return safe.join(', ');
}

/**
 * When a pipeline last examined this model, in Unix seconds: the later of what the registry said at the start and what the
 * note says now. The note is a JSON file, {"version", "examined_at"}, that a release replaces although the model stays.
 */
export async function lastExamined(
  { version, examinedAt }: ServedModel,
  noteFile: string,
): Promise<number | undefined> {
  const times = [Date.parse(examinedAt ?? '')];
  try {
    const note = JSON.parse(await readFile(noteFile, 'utf8'));
    if (note?.version === version) times.push(Date.parse(note.examined_at));
  } catch {
    // No release has written one yet.
  }
  const known = times.filter((time) => !Number.isNaN(time));
  return known.length === 0 ? undefined : Math.max(...known) / 1000;
}

/**
 * `warn` is told what the model lacks. Throws what readModel, verifyKeyOf and the registry throw, each naming the file or URL and
 * the next step.
 */
export async function loadServedModel(config: ServiceConfig, warn: (sentence: string) => void): Promise<ServedModel> {
  const options = { key: verifyKeyOf(config.modelKey), warn };
  return config.modelUri.startsWith('models:/') ? fromRegistry(config, options) : fromFile(config, options);
}

function fromFile(config: ServiceConfig, options: ReadOptions): ServedModel {
  const model = readModel(config.modelUri, options);
  return {
    model,
    name: config.modelName || model.facts.modelName || 'sentiment',
    version: config.modelVersion || model.digest.slice(0, 12),
    runId: model.facts.runId ?? '',
    source: 'file',
  };
}

async function fromRegistry(config: ServiceConfig, options: ReadOptions): Promise<ServedModel> {
  // Imported only here: a service that starts from a file, as in the image, needs no registry client.
  const { fetchModel } = await import('../ml/model/remote.ts');
  const { path, version, runId, source, warning, examinedAt } = await fetchModel(config.modelUri, {
    cacheDir: config.modelCacheDir,
    env: process.env,
  });
  const model = readModel(path, options);
  const [, name] = /^models:\/([^/@]+)/.exec(config.modelUri) ?? [];
  return { model, name: name ?? model.facts.modelName ?? 'sentiment', version, runId, source, warning, examinedAt };
}

/**
 * Addresses of registered models: `models:/name/Production`, `models:/name@production`, `models:/name/3`,
 * `models:/name/latest`. https://mlflow.org/docs/latest/ml/model-registry/#model-uris
 */
import { usageError } from '../errors.ts';
import type { TrackingConfig } from './config.ts';
import { isMissing, MlflowError } from './errors.ts';
import {
  getVersion,
  type ModelVersion,
  type Stage,
  searchVersions,
  versionByAlias,
  versionInStage,
} from './registry.ts';

export type ModelReference = { name: string } & (
  | { stage: Stage }
  | { alias: string }
  | { version: string }
  | { latest: true }
);

const STAGES: Record<string, Stage> = {
  none: 'None',
  staging: 'Staging',
  production: 'Production',
  archived: 'Archived',
};

/** Throws a usage error for anything that is not one of the four forms. Stages are read in any case, as MLflow does. */
export function parseModelUri(uri: string): ModelReference {
  const groups = /^models:\/(?<name>[^/@:]+)(?:\/(?<suffix>[^/@]+)|@(?<alias>[\w-]+))$/.exec(uri)?.groups;
  if (groups?.alias) return { name: groups.name, alias: groups.alias };
  if (groups?.suffix) {
    const { name, suffix } = groups;
    const stage = STAGES[suffix.toLowerCase()];
    if (stage) return { name, stage };
    if (/^[1-9]\d*$/.test(suffix)) return { name, version: suffix };
    if (suffix.toLowerCase() === 'latest') return { name, latest: true };
  }
  throw usageError(
    'MODEL_URI',
    `"${uri}" is not the address of a registered model`,
    'write models:/my_model/Production, models:/my_model@production, models:/my_model/3 or models:/my_model/latest',
  );
}

/** The version a reference means now; throws MODEL_NOT_REGISTERED when there is none. */
export async function resolveReference(config: TrackingConfig, reference: ModelReference): Promise<ModelVersion> {
  const found = await find(config, reference);
  if (found) return found;
  throw new MlflowError('MODEL_NOT_REGISTERED', `the registry at ${config.uri} has no ${describe(reference)}`, {
    endpoint: 'model-versions',
    next: '`make pipeline` trains, registers and promotes one; the Models page of MLflow shows what there is',
  });
}

async function find(config: TrackingConfig, reference: ModelReference): Promise<ModelVersion | undefined> {
  const { name } = reference;
  if ('stage' in reference) return versionInStage(config, name, reference.stage);
  if ('alias' in reference) return versionByAlias(config, name, reference.alias);
  if ('latest' in reference) return (await searchVersions(config, name))[0];
  try {
    return await getVersion(config, name, reference.version);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function describe(reference: ModelReference): string {
  const { name } = reference;
  if ('stage' in reference) return `version of ${name} in stage ${reference.stage}`;
  if ('alias' in reference) return `version of ${name} with the alias ${reference.alias}`;
  return 'latest' in reference ? `version of ${name}` : `version ${reference.version} of ${name}`;
}

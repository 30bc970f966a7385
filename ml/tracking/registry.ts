/**
 * The model registry: named models, their versions, what points at a version (stage and alias), and model addresses.
 *
 * MLflow still serves stages but deprecates them in favour of aliases. Older tools, and DagsHub's page, show only
 * stages, so we keep both.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { usageError } from '../errors.ts';
import type { TrackingConfig } from './config.ts';
import { isDuplicate, MlflowError, missingAsUndefined } from './errors.ts';
import {
  type Answer,
  callApi,
  callPages,
  createOnce,
  fitting,
  isId,
  list,
  optionalText,
  pairs,
  part,
  text,
  texts,
  unfit,
} from './transport.ts';

export type Stage = 'None' | 'Staging' | 'Production' | 'Archived';

export type ModelVersion = {
  name: string;
  /** A whole number from 1, as MLflow writes it. */
  version: string;
  stage: string;
  /** PENDING_REGISTRATION, FAILED_REGISTRATION or READY. */
  status: string;
  statusMessage: string;
  /** The run that made it, or empty. */
  runId: string;
  source: string;
  description: string;
  aliases: string[];
  tags: Record<string, string>;
};

export type NewVersion = {
  name: string;
  /** Artifact address of the model's folder, under the run's. */
  source: string;
  runId: string;
  description: string;
  tags: Record<string, string>;
};

/** Creates the registered model unless it exists. Safe for several at once. */
export async function ensureModel(config: TrackingConfig, name: string, description: string): Promise<void> {
  try {
    await callApi(config, 'POST', 'registered-models/create', { name, description });
  } catch (error) {
    if (!isDuplicate(error)) throw error;
  }
}

/**
 * The version of the model that this run made, created unless it exists. A run makes at most one version, so a creation
 * that broke off is found by its run. Returns when the version is READY.
 */
export async function ensureVersion(config: TrackingConfig, version: NewVersion): Promise<ModelVersion> {
  const find = async () => (await searchVersions(config, version.name, version.runId))[0];
  const made = (await find()) ?? (await createOnce(config, () => createVersion(config, version), find));
  return waitUntilReady(config, made);
}

async function createVersion(config: TrackingConfig, version: NewVersion): Promise<ModelVersion> {
  const body = {
    name: version.name,
    source: version.source,
    run_id: version.runId,
    description: version.description,
    tags: Object.entries(version.tags).map(([key, value]) => ({ key, value })),
  };
  return readVersion(
    part(await callApi(config, 'POST', 'model-versions/create', body, { once: true }), 'model_version'),
  );
}

/** Waits until MLflow has finished copying a version. Throws MODEL_NOT_READY if that fails or takes over a minute. */
async function waitUntilReady(config: TrackingConfig, version: ModelVersion): Promise<ModelVersion> {
  const deadline = Date.now() + 60_000;
  let seen = version;
  for (let pause = 100; seen.status !== 'READY'; pause = Math.min(2 * pause, 2000)) {
    if (seen.status === 'FAILED_REGISTRATION' || Date.now() > deadline) {
      const why = seen.statusMessage ? `: "${seen.statusMessage}"` : '';
      throw new MlflowError('MODEL_NOT_READY', `version ${seen.version} of ${seen.name} is ${seen.status}${why}`, {
        endpoint: 'GET /api/2.0/mlflow/model-versions/get',
        next: 'delete that version in MLflow and register again',
      });
    }
    await sleep(pause);
    seen = await getVersion(config, version.name, version.version);
  }
  return seen;
}

export async function getVersion(config: TrackingConfig, name: string, version: string): Promise<ModelVersion> {
  return readVersion(part(await callApi(config, 'GET', 'model-versions/get', { name, version }), 'model_version'));
}

/** All versions of a model, or those of one run, the newest first. */
export async function searchVersions(config: TrackingConfig, name: string, runId?: string): Promise<ModelVersion[]> {
  const filter = `name = ${quoted(name)}${runId === undefined ? '' : ` and run_id = ${quoted(runId)}`}`;
  const input = { filter, max_results: 1000 };
  const versions = (await callPages(config, 'GET', 'model-versions/search', input, 'model_versions')).map(readVersion);
  return versions.sort((a, b) => Number(b.version) - Number(a.version));
}

/** The newest version in a stage, or undefined. */
export async function versionInStage(
  config: TrackingConfig,
  name: string,
  stage: Stage,
): Promise<ModelVersion | undefined> {
  return missingAsUndefined(async () => {
    const answer = await callApi(config, 'POST', 'registered-models/get-latest-versions', { name, stages: [stage] });
    return list(answer, 'model_versions').map(readVersion)[0];
  });
}

/** The version an alias points at, or undefined. */
export async function versionByAlias(
  config: TrackingConfig,
  name: string,
  alias: string,
): Promise<ModelVersion | undefined> {
  return missingAsUndefined(async () =>
    readVersion(part(await callApi(config, 'GET', 'registered-models/alias', { name, alias }), 'model_version')),
  );
}

/** Moves a version to a stage. Archives the other versions in Staging or Production. */
export async function moveToStage(config: TrackingConfig, version: ModelVersion, stage: Stage): Promise<ModelVersion> {
  const answer = await callApi(config, 'POST', 'model-versions/transition-stage', {
    name: version.name,
    version: version.version,
    stage,
    archive_existing_versions: stage === 'Staging' || stage === 'Production',
  });
  return readVersion(part(answer, 'model_version'));
}

export async function setAlias(config: TrackingConfig, version: ModelVersion, alias: string): Promise<void> {
  await callApi(config, 'POST', 'registered-models/alias', { name: version.name, version: version.version, alias });
}

/** Does nothing if there is no such alias. */
export async function deleteAlias(config: TrackingConfig, name: string, alias: string): Promise<void> {
  await missingAsUndefined(() => callApi(config, 'DELETE', 'registered-models/alias', { name, alias }));
}

export async function setVersionTags(
  config: TrackingConfig,
  version: ModelVersion,
  tags: Record<string, string>,
): Promise<void> {
  for (const [key, value] of Object.entries(tags)) {
    await callApi(config, 'POST', 'model-versions/set-tag', {
      name: version.name,
      version: version.version,
      key,
      value,
    });
  }
}

/** Does nothing if the version has no such tag. */
export async function deleteVersionTag(config: TrackingConfig, version: ModelVersion, key: string): Promise<void> {
  const { name, version: number } = version;
  await missingAsUndefined(() =>
    callApi(config, 'DELETE', 'model-versions/delete-tag', { name, version: number, key }),
  );
}

/** The artifact address of a version's files. MLflow does not resolve "runs:/" sources, so this does. */
export async function versionArtifacts(config: TrackingConfig, version: ModelVersion): Promise<string> {
  const { name, version: number } = version;
  const answer = await callApi(config, 'GET', 'model-versions/get-download-uri', { name, version: number });
  const uri = text(answer, 'artifact_uri');
  const [, runId, path] = /^runs:\/([^/]+)\/(.*)$/.exec(uri) ?? [];
  if (runId === undefined) return uri;
  if (!isId(runId)) throw unfit(answer, 'artifact_uri', uri);
  const run = await callApi(config, 'GET', 'runs/get', { run_id: runId });
  return `${text(run, 'run.info.artifact_uri')}/${path}`;
}

/** A text in MLflow's filter syntax, which has no escape: one that contains a single quote gets double quotes. */
function quoted(value: string): string {
  return value.includes("'") ? `"${value}"` : `'${value}'`;
}

/** Name, number and run become parts of paths and addresses. */
function readVersion(answer: Answer): ModelVersion {
  return {
    name: fitting(answer, 'name', isName),
    version: fitting(answer, 'version', (value) => /^[1-9]\d{0,9}$/.test(value)),
    stage: optionalText(answer, 'current_stage') || 'None',
    status: optionalText(answer, 'status') || 'READY',
    statusMessage: optionalText(answer, 'status_message'),
    runId: optionalText(answer, 'run_id') && fitting(answer, 'run_id', isId),
    source: optionalText(answer, 'source'),
    description: optionalText(answer, 'description'),
    aliases: texts(answer, 'aliases'),
    tags: pairs(answer, 'tags'),
  };
}

/** MLflow itself forbids slashes and colons in names. */
function isName(value: string): boolean {
  return value.length <= 256 && !/[/:@\p{Cc}]/u.test(value);
}

// Addresses of registered models: `models:/name/Production`, `models:/name@production`, `models:/name/3`,
// `models:/name/latest`. https://mlflow.org/docs/latest/ml/model-registry/#model-uris

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

/** Throws MODEL_URI (2) for any other form. Like MLflow, ignores the letter case of stages. */
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
    'use models:/my_model/Production, models:/my_model@production, models:/my_model/3 or models:/my_model/latest',
  );
}

/** The version that a reference means now. Throws MODEL_NOT_REGISTERED if there is none. */
export async function resolveReference(config: TrackingConfig, reference: ModelReference): Promise<ModelVersion> {
  const found = await find(config, reference);
  if (found) return found;
  throw new MlflowError('MODEL_NOT_REGISTERED', `the registry at ${config.uri} has no ${describe(reference)}`, {
    endpoint: 'model-versions',
    next: 'run `make pipeline`, which trains, registers and promotes one; the Models page of MLflow lists all',
  });
}

async function find(config: TrackingConfig, reference: ModelReference): Promise<ModelVersion | undefined> {
  const { name } = reference;
  if ('stage' in reference) return versionInStage(config, name, reference.stage);
  if ('alias' in reference) return versionByAlias(config, name, reference.alias);
  if ('latest' in reference) return (await searchVersions(config, name))[0];
  return missingAsUndefined(() => getVersion(config, name, reference.version));
}

function describe(reference: ModelReference): string {
  const { name } = reference;
  if ('stage' in reference) return `version of ${name} in stage ${reference.stage}`;
  if ('alias' in reference) return `version of ${name} with the alias ${reference.alias}`;
  return 'latest' in reference ? `version of ${name}` : `version ${reference.version} of ${name}`;
}

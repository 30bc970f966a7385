/**
 * The model registry: named models, their versions, and what points at a version (stage and alias).
 *
 * Stages are deprecated in MLflow but still served, and older tools (and DagsHub's page) show only them; aliases are
 * what replaced them. We keep both.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, list, optionalText, pairs, part, text, texts } from './answer.ts';
import type { TrackingConfig } from './config.ts';
import { isDuplicate, isMissing, MlflowError } from './errors.ts';
import { createOnce } from './once.ts';
import { callApi } from './transport.ts';

export type Stage = 'None' | 'Staging' | 'Production' | 'Archived';

export type ModelVersion = {
  name: string;
  /** A whole number from 1, as MLflow writes it. */
  version: string;
  stage: string;
  /** PENDING_REGISTRATION, FAILED_REGISTRATION or READY. */
  status: string;
  statusMessage: string;
  /** The run that made it; empty when there is none. */
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

/** Creates the registered model unless it exists. Safe when several do it at once. */
export async function ensureModel(config: TrackingConfig, name: string, description: string): Promise<void> {
  try {
    await callApi(config, 'POST', 'registered-models/create', { name, description });
  } catch (error) {
    if (!isDuplicate(error)) throw error;
  }
}

/**
 * The version of the model that this run made, created unless it exists: a run makes at most one version, which is
 * also how a creation that broke off on the way is found again. Returns when the version is READY.
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

/** Asks until MLflow has finished copying a version; throws MODEL_NOT_READY when it failed or took over a minute. */
export async function waitUntilReady(config: TrackingConfig, version: ModelVersion): Promise<ModelVersion> {
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

/** All versions of a model, or those that one run made, the newest first. */
export async function searchVersions(config: TrackingConfig, name: string, runId?: string): Promise<ModelVersion[]> {
  const filter = `name = ${quoted(name)}${runId === undefined ? '' : ` and run_id = ${quoted(runId)}`}`;
  const versions: ModelVersion[] = [];
  let page = '';
  do {
    const answer = await callApi(config, 'GET', 'model-versions/search', {
      filter,
      max_results: 1000,
      ...(page && { page_token: page }),
    });
    versions.push(...list(answer, 'model_versions').map(readVersion));
    page = optionalText(answer, 'next_page_token');
  } while (page);
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

/** Moves a version to a stage; whatever else is in that stage is archived (Staging and Production only). */
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

/** Nothing happens when there is no such alias. */
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

/** Nothing happens when the version has no such tag. */
export async function deleteVersionTag(config: TrackingConfig, version: ModelVersion, key: string): Promise<void> {
  const { name, version: number } = version;
  await missingAsUndefined(() =>
    callApi(config, 'DELETE', 'model-versions/delete-tag', { name, version: number, key }),
  );
}

/** Where a version's files are: an artifact address. "runs:/" sources come back unresolved from MLflow. */
export async function versionArtifacts(config: TrackingConfig, version: ModelVersion): Promise<string> {
  const { name, version: number } = version;
  const answer = await callApi(config, 'GET', 'model-versions/get-download-uri', { name, version: number });
  const uri = text(answer, 'artifact_uri');
  const [, runId, path] = /^runs:\/([^/]+)\/(.*)$/.exec(uri) ?? [];
  if (runId === undefined) return uri;
  const run = await callApi(config, 'GET', 'runs/get', { run_id: runId });
  return `${text(run, 'run.info.artifact_uri')}/${path}`;
}

async function missingAsUndefined<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** A text as MLflow's filters write it; they know no escape, so the other quote is used where need be. */
function quoted(value: string): string {
  return value.includes("'") ? `"${value}"` : `'${value}'`;
}

function readVersion(answer: Answer): ModelVersion {
  return {
    name: text(answer, 'name'),
    version: text(answer, 'version'),
    stage: optionalText(answer, 'current_stage') || 'None',
    status: optionalText(answer, 'status') || 'READY',
    statusMessage: optionalText(answer, 'status_message'),
    runId: optionalText(answer, 'run_id'),
    source: optionalText(answer, 'source'),
    description: optionalText(answer, 'description'),
    aliases: texts(answer, 'aliases'),
    tags: pairs(answer, 'tags'),
  };
}

/**
 * Stages and aliases, kept in agreement.
 *
 *   Staging, alias `staging`        what the pipeline proposes: at most one version, none if it is already in Production
 *   Production, alias `production`  what the service uses: at most one version
 *   Archived                        earlier versions
 *
 * MLflow moves a version into a stage and archives the previous one in one transaction. The aliases follow afterwards:
 * we compare them with the stages until they agree. So a second run after a kill, or two runs at once, end in the same
 * state and never undo what another client did meanwhile.
 */
import type { TrackingConfig } from './config.ts';
import { MlflowError } from './errors.ts';
import {
  deleteAlias,
  type ModelVersion,
  moveToStage,
  searchVersions,
  setAlias,
  setVersionTags,
  versionByAlias,
} from './registry.ts';

const STAGES = [
  { stage: 'Staging', alias: 'staging' },
  { stage: 'Production', alias: 'production' },
] as const;

const ROUNDS = 10;

export type Staged = {
  staging: ModelVersion | undefined;
  production: ModelVersion | undefined;
  /** All versions of the model, the newest first. */
  versions: ModelVersion[];
};

/** The versions in Staging and Production at one moment; two calls could see two states of a promotion. */
export async function stagedVersions(config: TrackingConfig, name: string): Promise<Staged> {
  const versions = await searchVersions(config, name);
  return {
    versions,
    staging: versions.find(({ stage }) => stage === 'Staging'),
    production: versions.find(({ stage }) => stage === 'Production'),
  };
}

/**
 * Moves this version to Staging and returns its stage. If it is already in Production there is nothing to propose, so
 * the version that an earlier run proposed is archived.
 */
export async function proposeVersion(config: TrackingConfig, version: ModelVersion): Promise<string> {
  const versions = await searchVersions(config, version.name);
  const stage = versions.find((one) => one.version === version.version)?.stage;
  if (stage === 'Production') {
    for (const other of versions.filter((one) => one.stage === 'Staging')) {
      await setVersionTags(config, other, { 'pipeline.superseded_by': version.version });
      await moveToStage(config, other, 'Archived');
    }
  } else if (stage !== 'Staging') {
    await moveToStage(config, version, 'Staging');
  }
  await settleStages(config, version.name);
  return stage === 'Production' ? 'Production' : 'Staging';
}

/** Moves this version to Production and archives the previous one. */
export async function promoteVersion(config: TrackingConfig, version: ModelVersion): Promise<void> {
  await moveToStage(config, version, 'Production');
  await settleStages(config, version.name);
}

/** Leaves one version in each stage, the newest if somebody put several there by hand, and points its alias at it. */
export async function settleStages(config: TrackingConfig, name: string): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const versions = await searchVersions(config, name);
    let isSettled = true;
    for (const { stage, alias } of STAGES) {
      const [newest, ...others] = versions.filter((version) => version.stage === stage);
      const named = await versionByAlias(config, name, alias);
      if (others.length === 0 && named?.version === newest?.version) continue;
      isSettled = false;
      if (others.length > 0) await moveToStage(config, newest, stage);
      if (newest) await setAlias(config, newest, alias);
      else await deleteAlias(config, name, alias);
    }
    if (isSettled) return;
  }
  throw new MlflowError('MODEL_NOT_READY', `the stages of ${name} changed in each of ${ROUNDS} attempts to set them`, {
    endpoint: 'registered-models',
    next: 'wait until other pipelines have finished, then run it again',
  });
}

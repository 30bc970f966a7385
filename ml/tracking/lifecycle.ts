/**
 * What points at which version: stage and alias, kept in agreement.
 *
 *   Staging, alias `staging`        what the pipeline proposes: at most one version, none when it proposes what serves
 *   Production, alias `production`  what serves: at most one version
 *   Archived                        what was replaced
 *
 * MLflow moves a version into a stage and archives the one before in one transaction; the aliases follow afterwards,
 * by looking at the stages until nothing differs. So a repetition after a kill in the middle, and two at once, end in
 * the same state, and never in one that undoes what somebody else did meanwhile.
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

/** The versions in Staging and Production at one moment: two questions could see two states of a promotion. */
export async function stagedVersions(
  config: TrackingConfig,
  name: string,
): Promise<{ staging: ModelVersion | undefined; production: ModelVersion | undefined }> {
  const versions = await searchVersions(config, name);
  return {
    staging: versions.find(({ stage }) => stage === 'Staging'),
    production: versions.find(({ stage }) => stage === 'Production'),
  };
}

/**
 * Makes this version what the pipeline proposes, and returns its stage. When it is in Production already there is
 * nothing to propose, and what an earlier run proposed is archived.
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

/** Makes this version the one that serves, and archives the one before. */
export async function promoteVersion(config: TrackingConfig, version: ModelVersion): Promise<void> {
  await moveToStage(config, version, 'Production');
  await settleStages(config, version.name);
}

/** Leaves one version in each stage (the newest, where several were put there by hand) and its alias pointing at it. */
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
  throw new MlflowError('MODEL_NOT_READY', `the stages of ${name} changed ${ROUNDS} times while they were being set`, {
    endpoint: 'registered-models',
    next: 'wait until the other pipelines are done, then run it again',
  });
}

/**
 * What points at which version: stage and alias, kept in agreement.
 *
 *   Staging, alias `staging`        what the pipeline proposes: at most one version, none when it proposes what serves
 *   Production, alias `production`  what serves: at most one version
 *   Archived                        what was replaced
 *
 * Every function here looks first and changes only what differs, so that a repetition after a kill in the middle, or
 * two at once, end in the same state.
 */
import type { TrackingConfig } from './config.ts';
import {
  deleteAlias,
  type ModelVersion,
  moveToStage,
  type Stage,
  searchVersions,
  setAlias,
  setVersionTags,
  versionByAlias,
} from './registry.ts';

const ALIASES = { Staging: 'staging', Production: 'production' } as const;

/**
 * Makes this version what the pipeline proposes. When it is in Production already there is nothing to propose, and
 * what an earlier run proposed is archived.
 */
export async function proposeVersion(config: TrackingConfig, version: ModelVersion): Promise<ModelVersion> {
  if (version.stage !== 'Production') return occupy(config, version, 'Staging');
  const versions = await searchVersions(config, version.name);
  for (const other of versions.filter(({ stage }) => stage === 'Staging')) {
    await setVersionTags(config, other, { 'pipeline.superseded_by': version.version });
    await moveToStage(config, other, 'Archived');
  }
  return promoteVersion(config, version);
}

/** Makes this version the one that serves, and archives the one before. */
export async function promoteVersion(config: TrackingConfig, version: ModelVersion): Promise<ModelVersion> {
  const settled = await occupy(config, version, 'Production');
  const staged = (await searchVersions(config, version.name)).some(({ stage }) => stage === 'Staging');
  if (!staged && (await versionByAlias(config, version.name, ALIASES.Staging))) {
    await deleteAlias(config, version.name, ALIASES.Staging);
  }
  return settled;
}

async function occupy(
  config: TrackingConfig,
  version: ModelVersion,
  stage: Stage & keyof typeof ALIASES,
): Promise<ModelVersion> {
  const inStage = (await searchVersions(config, version.name)).filter((other) => other.stage === stage);
  const isAlone = inStage.length === 1 && inStage[0].version === version.version;
  const settled = isAlone ? inStage[0] : await moveToStage(config, version, stage);
  const named = await versionByAlias(config, version.name, ALIASES[stage]);
  if (named?.version !== version.version) await setAlias(config, version, ALIASES[stage]);
  return settled;
}

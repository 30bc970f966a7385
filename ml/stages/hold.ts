/**
 * Holds: after a rollback no run promotes the version that was left, or the same model under another version number, until
 * somebody lifts the hold. Hold and history are tags of the version:
 *
 *     hold.state     held | lifted
 *     hold.reason, hold.by, hold.since                        why, who and when
 *     hold.lifted_reason, hold.lifted_by, hold.lifted_at      the same of its end
 */
import { SentimentError, usageError } from '../errors.ts';
import { DIGEST_TAG } from '../model/remote.ts';
import type { TrackingConfig } from '../tracking/config.ts';
import { deleteVersionTag, type ModelVersion, setVersionTags } from '../tracking/registry.ts';
import { cutValue } from '../tracking/runs.ts';
import { tags } from './pipeline_result.ts';

/** Who decides, and why. */
export type Decision = { by: string; reason: string };

/** Longest tag that older MLflow stores accept for a version. */
export const MAX_TAG = 5000;

const STATE = 'hold.state';
/** Until the way back from the version is complete: the version to go to. See rollback.ts. */
export const GOING_TO = 'hold.going_back_to';
const LIFTED = ['hold.lifted_reason', 'hold.lifted_by', 'hold.lifted_at'] as const;

/** How the command is called, for messages. */
export const ROLLBACK = 'npm run -s sentiment -- rollback-model';

export function isSameModel(a: ModelVersion, b: ModelVersion): boolean {
  return (
    a.version === b.version ||
    [tags.content, DIGEST_TAG].some((key) => a.tags[key] !== undefined && a.tags[key] === b.tags[key])
  );
}

/** The held version among `versions` that is this version or the same model; undefined if it may be promoted. */
export function holdOn(version: ModelVersion, versions: readonly ModelVersion[]): ModelVersion | undefined {
  return versions.find((one) => one.tags[STATE] === 'held' && isSameModel(one, version));
}

/** Such as `version 4 is the same model as version 2, which is held: ann went back from it on ...`. */
export function describeHold(version: ModelVersion, held: ModelVersion): string {
  const { 'hold.by': by = 'somebody', 'hold.since': since = '', 'hold.reason': reason = 'no reason given' } = held.tags;
  const when = since.slice(0, 16).replace('T', ' ');
  const same = version.version === held.version ? '' : `the same model as version ${held.version}, which is `;
  return (
    `version ${version.version} is ${same}held: ${by} went back from it on ${when} UTC ("${reason}"); ` +
    `${ROLLBACK} ${held.version} --lift ends the hold`
  );
}

/** Holds this version. `more` are tags to set first. */
export async function hold(
  config: TrackingConfig,
  version: ModelVersion,
  { by, reason }: Decision,
  more: Record<string, string> = {},
): Promise<void> {
  const since = new Date().toISOString();
  await setVersionTags(config, version, {
    ...more,
    'hold.reason': cutValue(reason, MAX_TAG),
    'hold.by': by,
    'hold.since': since,
    [STATE]: 'held',
  });
  for (const key of LIFTED.filter((one) => one in version.tags)) await deleteVersionTag(config, version, key);
}

/**
 * Ends the hold on this version, or on the only one that is held, and on all versions with the same model. Returns the
 * versions that were held. Throws NO_SUCH_VERSION, NOT_HELD or HOLD_UNCLEAR (2).
 */
export async function liftHold(
  config: TrackingConfig,
  name: string,
  versions: readonly ModelVersion[],
  wanted: string | undefined,
  { by, reason }: Decision,
): Promise<ModelVersion[]> {
  const lifted = heldVersions(name, versions, wanted);
  const values = [cutValue(reason, MAX_TAG), by, new Date().toISOString()];
  for (const version of lifted) {
    const filled = LIFTED.map((key, i) => [key, values[i]]).filter(([, value]) => value !== '');
    await setVersionTags(config, version, { ...Object.fromEntries(filled), [STATE]: 'lifted' });
    if (GOING_TO in version.tags) await deleteVersionTag(config, version, GOING_TO);
  }
  return lifted;
}

/** The held versions that a lift of `wanted` concerns: all with its model. */
export function heldVersions(
  name: string,
  versions: readonly ModelVersion[],
  wanted: string | undefined,
): ModelVersion[] {
  const held = versions.filter((one) => one.tags[STATE] === 'held');
  const list = held.map(({ version, tags: { 'hold.reason': reason } }) => `${version} ("${reason ?? ''}")`).join(', ');
  const next = held.length > 0 ? `held are: ${list}` : 'nothing is held, so the gate alone decides';
  const [first] = held;
  const meant = wanted === undefined ? first : findVersion(name, versions, wanted);
  if (!meant) throw new SentimentError('NOT_HELD', `no version of ${name} is held`, { next });
  if (wanted === undefined && held.some((one) => !isSameModel(one, first))) {
    throw usageError('HOLD_UNCLEAR', `several versions of ${name} are held: ${list}`, `name one: ${ROLLBACK} 2 --lift`);
  }
  const lifted = held.filter((one) => isSameModel(one, meant));
  if (lifted.length > 0) return lifted;
  throw new SentimentError('NOT_HELD', `version ${meant.version} of ${name} is not held`, { next });
}

/** Throws NO_SUCH_VERSION. */
export function findVersion(name: string, versions: readonly ModelVersion[], wanted: string): ModelVersion {
  const found = versions.find(({ version }) => version === wanted);
  if (found) return found;
  const shown = versions.slice(0, 10).map(({ version, stage }) => `${version} (${stage})`);
  const more = versions.length > shown.length ? ` and ${versions.length - shown.length} older ones` : '';
  throw new SentimentError('NO_SUCH_VERSION', `${name} has no version ${wanted}`, {
    next: versions.length > 0 ? `its versions: ${shown.join(', ')}${more}` : 'run `make pipeline`, which registers one',
  });
}

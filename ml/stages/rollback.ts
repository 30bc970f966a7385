/**
 * Going back: Production moves to an earlier version, and the version that was left is held (see hold.ts).
 *
 * The order makes it safe to be killed at any point. First the version that is left gets its hold, with a mark of where
 * the way back leads; last of all the mark is removed. A call that finds the mark completes that way.
 */
import { SentimentError } from '../errors.ts';
import { readModel } from '../model/artifact.ts';
import { fetchVersion } from '../model/remote.ts';
import { KEY_VARIABLE, verifyKeyOf } from '../model/signature.ts';
import type { TrackingConfig } from '../tracking/config.ts';
import { promoteVersion, settleStages } from '../tracking/lifecycle.ts';
import { deleteVersionTag, type ModelVersion, searchVersions, setVersionTags } from '../tracking/registry.ts';
import { cutValue } from '../tracking/runs.ts';
import {
  type Decision,
  describeHold,
  findVersion,
  GOING_TO,
  hold,
  holdOn,
  isSameModel,
  MAX_TAG,
  ROLLBACK,
} from './hold.ts';

const SUPERSEDED = 'promotion.superseded_by';

/** `left` is undefined if `target` is in Production already. */
export type Way = { left: ModelVersion | undefined; target: ModelVersion };

/**
 * Goes to the version `wanted`, or to the one that was in Production before. Checks that its model can be read before
 * anything changes. Throws what planRollback, fetchVersion and readModel throw.
 */
export async function rollBack(
  config: TrackingConfig,
  name: string,
  options: Decision & { wanted: string | undefined; cacheDir: string },
): Promise<Way> {
  const { wanted, cacheDir, by, reason } = options;
  const versions = await searchVersions(config, name);
  const way = planRollback(name, versions, wanted);
  const { left, target } = way;
  if (left) {
    const { path } = await fetchVersion(config, target, cacheDir, { fresh: true });
    readModel(path, { key: verifyKeyOf(process.env[KEY_VARIABLE]) });
    await hold(config, left, { by, reason }, { [GOING_TO]: target.version });
    await setVersionTags(config, target, {
      'rollback.from': left.version,
      'rollback.reason': cutValue(reason, MAX_TAG),
      'rollback.by': by,
      'rollback.at': new Date().toISOString(),
    });
    for (const key of [SUPERSEDED, 'pipeline.superseded_by'].filter((one) => one in target.tags)) {
      await deleteVersionTag(config, target, key);
    }
    await promoteVersion(config, target);
  } else {
    await settleStages(config, name);
  }
  const marked = versions.filter((one) => one === left || GOING_TO in one.tags);
  for (const version of marked) await deleteVersionTag(config, version, GOING_TO);
  return way;
}

/**
 * Where the way leads. `versions` are all of the model, the newest first. Throws NO_PRODUCTION, NO_SUCH_VERSION,
 * VERSION_HELD or NO_EARLIER_VERSION.
 */
export function planRollback(name: string, versions: readonly ModelVersion[], wanted: string | undefined): Way {
  const production = versions.find(({ stage }) => stage === 'Production');
  if (!production) {
    throw new SentimentError(
      'NO_PRODUCTION',
      `${name} has no version in Production, so there is nothing to go back from`,
      {
        next: 'run `make pipeline`, which promotes one; or check MLFLOW_TRACKING_URI',
      },
    );
  }
  const unfinished = versions.find(
    (one) => GOING_TO in one.tags && [one.version, one.tags[GOING_TO]].includes(production.version),
  );
  const goal = unfinished && versions.find(({ version }) => version === unfinished.tags[GOING_TO]);
  if (unfinished && goal && (wanted === undefined || wanted === goal.version))
    return { left: unfinished, target: goal };

  if (wanted === undefined) return { left: production, target: versionBefore(name, versions, production) };
  const target = findVersion(name, versions, wanted);
  if (target.version === production.version) return { left: undefined, target };
  const held = holdOn(target, versions);
  if (held) {
    throw new SentimentError('VERSION_HELD', describeHold(target, held), {
      next: 'lift the hold first, or name another version',
    });
  }
  return { left: production, target };
}

/**
 * The version that `production` took the place of, as the tags of promotions say; without such tags (promoted by hand)
 * the newest older one that was not refused. Versions that are held, or the same model, are passed over.
 */
function versionBefore(name: string, versions: readonly ModelVersion[], production: ModelVersion): ModelVersion {
  const isChoice = (one: ModelVersion) => !isSameModel(one, production) && !holdOn(one, versions);
  const seen = new Set<ModelVersion>();
  for (let current: ModelVersion | undefined = production; current && !seen.has(current); ) {
    seen.add(current);
    const { version }: ModelVersion = current;
    current = versions.find((one) => one.tags[SUPERSEDED] === version && !seen.has(one));
    if (current && isChoice(current)) return current;
  }
  const neverPromoted = ['promotion.refused', 'pipeline.superseded_by'];
  const older = versions.find(
    (one) =>
      Number(one.version) < Number(production.version) &&
      one.stage === 'Archived' &&
      isChoice(one) &&
      !neverPromoted.some((key) => key in one.tags),
  );
  if (older) return older;
  const message = `no other version of ${name} was in Production before version ${production.version}`;
  throw new SentimentError('NO_EARLIER_VERSION', message, {
    next: `name the version to go to: ${ROLLBACK} VERSION --reason "..."; MLflow's page of the model lists all`,
  });
}

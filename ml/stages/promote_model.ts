/**
 * Champion against challenger: the version in Staging becomes Production if it passes the gate (see gate.ts). A refusal
 * ends with exit code 3. The version's tags keep the reason in both cases.
 *
 * A version that somebody went back from is held (see hold.ts): it stays where it is, and so does Production.
 *
 * It is not a stage of dvc.yaml, because its result depends on the registry. If it was killed halfway, running it again
 * completes the promotion.
 */
import { runMain, SentimentError } from '../errors.ts';
import { describeBehaviour } from '../evaluation/behaviour.ts';
import { cacheProduction, EXAMINED_TAG } from '../model/remote.ts';
import { readParams } from '../params.ts';
import { type TrackingConfig, trackingConfig } from '../tracking/config.ts';
import { promoteVersion, settleStages, stagedVersions } from '../tracking/lifecycle.ts';
import { deleteVersionTag, type ModelVersion, setVersionTags } from '../tracking/registry.ts';
import { cutValue } from '../tracking/runs.ts';
import { type Examination, examine } from './examination.ts';
import { describeHold, holdOn, MAX_TAG } from './hold.ts';
import { paths } from './paths.ts';

const REFUSED = 3;
/** Limit of comparisons when other pipelines promote or register at the same time. */
const ATTEMPTS = 3;
/** Failed behaviour tests that a refusal shows. */
const EXAMPLES = 5;

await runMain(async () => {
  const config = trackingConfig();
  const params = readParams();
  const name = params.register_model.model_name;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { staging: challenger, production: champion, versions } = await stagedVersions(config, name);
    if (!challenger) return keep(config, name, champion, 'nothing is in Staging', { examined: true });
    const held = holdOn(challenger, versions);
    if (held) return keepHeld(config, name, champion, describeHold(challenger, held));
    const examination = await examine(config, params, challenger, champion);
    report(challenger, champion, examination);

    const now = await stagedVersions(config, name);
    const isStill = now.staging?.version === challenger.version && now.production?.version === champion?.version;
    if (isStill && !holdOn(challenger, now.versions)) return decide(config, challenger, champion, examination);
    console.log('another version was promoted, registered or held meanwhile: comparing again');
  }
  throw new SentimentError('PROMOTION_BUSY', `${name} changed ${ATTEMPTS} times during the comparison`, {
    next: 'wait until the other pipelines are done, then run promote_model again',
  });
});

async function decide(
  config: TrackingConfig,
  challenger: ModelVersion,
  champion: ModelVersion | undefined,
  examination: Examination,
): Promise<void> {
  const { name, version } = challenger;
  const { verdict } = examination;
  if (verdict.decision === 'unchanged') return keep(config, name, champion, verdict.reason, { examined: true });
  // Tags first: after a kill between the two steps the version is still in Staging and is judged again.
  await tagVerdict(config, challenger, champion, examination);
  if (verdict.decision === 'refuse') {
    console.log(`refused: ${name} version ${version} stays in Staging: ${verdict.reason}`);
    process.exitCode = REFUSED;
    return;
  }
  await promoteVersion(config, challenger);
  await fillCache(name);
  console.log(
    `promoted: ${name} version ${version} is Production${champion ? `, version ${champion.version} archived` : ''}`,
  );
}

/** A held challenger is no failure of the pipeline, unless there is no other model to use. */
async function keepHeld(
  config: TrackingConfig,
  name: string,
  champion: ModelVersion | undefined,
  reason: string,
): Promise<void> {
  if (champion) return keep(config, name, champion, reason);
  console.log(`refused: nothing of ${name} is in Production, and ${reason}`);
  process.exitCode = REFUSED;
}

/**
 * Production stays as it is; completes a promotion that was killed halfway. `examined`: the pipeline made the champion again,
 * which its tag notes.
 */
async function keep(
  config: TrackingConfig,
  name: string,
  champion: ModelVersion | undefined,
  reason: string,
  { examined = false } = {},
): Promise<void> {
  if (!champion) {
    throw new SentimentError('NOTHING_STAGED', `${name} has no version in Staging or Production at ${config.uri}`, {
      next: 'run dvc repro, whose last stage registers a version',
    });
  }
  await settleStages(config, name);
  if (examined) await setVersionTags(config, champion, { [EXAMINED_TAG]: new Date().toISOString() });
  await fillCache(name);
  console.log(`unchanged: ${name} version ${champion.version} stays Production: ${reason}`);
}

async function tagVerdict(
  config: TrackingConfig,
  challenger: ModelVersion,
  champion: ModelVersion | undefined,
  { verdict: { decision, reason, figures }, warnings }: Examination,
): Promise<void> {
  const isPromoted = decision === 'promote';
  const now = new Date().toISOString();
  await setVersionTags(config, challenger, {
    [isPromoted ? 'promotion.reason' : 'promotion.refused']: cutValue(reason, MAX_TAG),
    'promotion.decided_against': champion ? `version ${champion.version}` : 'no champion',
    'promotion.decided_at': now,
    ...(isPromoted && { [EXAMINED_TAG]: now }),
    'promotion.figures': JSON.stringify(figures),
    ...(warnings.length > 0 && { 'promotion.warnings': cutValue(warnings.join('; '), MAX_TAG) }),
  });
  if (isPromoted && champion) {
    await setVersionTags(config, champion, { 'promotion.superseded_by': challenger.version });
  }
  // An earlier verdict, with other limits or another champion, no longer applies.
  const outdated = isPromoted
    ? ['promotion.refused', 'promotion.superseded_by', 'pipeline.superseded_by']
    : ['promotion.reason'];
  if (warnings.length === 0) outdated.push('promotion.warnings');
  for (const key of outdated.filter((one) => one in challenger.tags)) await deleteVersionTag(config, challenger, key);
}

async function fillCache(name: string): Promise<void> {
  for (const warning of await cacheProduction(name, { cacheDir: paths.modelCache })) console.log(`warning: ${warning}`);
}

function report(
  challenger: ModelVersion,
  champion: ModelVersion | undefined,
  { verdict, behaviour, domains, warnings }: Examination,
): void {
  if (verdict.decision === 'unchanged') return;
  const opponent = champion ? `against version ${champion.version}` : 'without a champion';
  console.log(`${challenger.name} version ${challenger.version} ${opponent}, ${verdict.figures.texts} held-out texts`);
  for (const { passed, text } of verdict.checks) console.log(`  ${passed ? 'ok  ' : 'FAIL'} ${text}`);
  for (const line of domains) console.log(`       ${line}`);
  const isRefused = verdict.decision === 'refuse';
  let examples = isRefused ? EXAMPLES : 0;
  for (const file of behaviour.files.filter(({ decides }) => isRefused || !decides)) {
    for (const line of describeBehaviour(file, file.decides ? examples : 0)) console.log(`       ${line}`);
    if (file.decides) examples = Math.max(0, examples - file.failures.length);
  }
  if (isRefused) console.log(`       ${paths.behaviour} has all failures, also among the files of the run in MLflow`);
  for (const warning of warnings) console.log(`  warning: ${warning}`);
}

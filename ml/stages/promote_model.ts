/**
 * Champion against challenger: the version in Staging becomes Production if the gate lets it pass (see gate.ts). A
 * refusal is a normal ending, with exit code 3. Either way the reason is kept with the version, as tags.
 *
 * Not a stage of dvc.yaml: what it does depends on the registry. Running it again after a kill in the middle finishes
 * what was begun.
 */
import { runMain, SentimentError } from '../errors.ts';
import type { Verdict } from '../evaluation/gate.ts';
import { fetchModel } from '../model/remote.ts';
import { readParams } from '../params.ts';
import { cutValue } from '../tracking/batches.ts';
import { type TrackingConfig, trackingConfig } from '../tracking/config.ts';
import { promoteVersion, settleStages, stagedVersions } from '../tracking/lifecycle.ts';
import { deleteVersionTag, type ModelVersion, setVersionTags } from '../tracking/registry.ts';
import { type Examination, examine } from './examination.ts';
import { paths } from './paths.ts';

const REFUSED = 3;
/** How often the comparison is made again because somebody else promoted or registered meanwhile. */
const ATTEMPTS = 3;
/** Older MLflow stores take no longer tag of a version. */
const MAX_TAG = 5000;

await runMain(async () => {
  const config = trackingConfig();
  const params = readParams();
  const name = params.register_model.model_name;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { staging: challenger, production: champion } = await stagedVersions(config, name);
    if (!challenger) return keep(config, name, champion, 'nothing is in Staging');
    const examination = await examine(config, params, challenger, champion);
    report(challenger, champion, examination);

    const now = await stagedVersions(config, name);
    const isStill = now.staging?.version === challenger.version && now.production?.version === champion?.version;
    if (isStill) return decide(config, challenger, champion, examination.verdict);
    console.log('another version was promoted or registered meanwhile: comparing again');
  }
  throw new SentimentError('PROMOTION_BUSY', `${name} changed ${ATTEMPTS} times while it was being compared`, {
    next: 'wait until the other pipelines are done, then run promote_model again',
  });
});

async function decide(
  config: TrackingConfig,
  challenger: ModelVersion,
  champion: ModelVersion | undefined,
  verdict: Verdict,
): Promise<void> {
  const { name, version } = challenger;
  if (verdict.decision === 'unchanged') return keep(config, name, champion, verdict.reason);
  // Tags first: whoever is killed between the two leaves a version that is still in Staging, and is judged again.
  await tagVerdict(config, challenger, champion, verdict);
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

/** Production stays as it is; what a promotion killed in the middle left undone is done. */
async function keep(
  config: TrackingConfig,
  name: string,
  champion: ModelVersion | undefined,
  reason: string,
): Promise<void> {
  if (!champion) {
    throw new SentimentError('NOTHING_STAGED', `${name} has no version in Staging or Production at ${config.uri}`, {
      next: 'run dvc repro, whose last stage registers one',
    });
  }
  await settleStages(config, name);
  await fillCache(name);
  console.log(`unchanged: ${name} version ${champion.version} stays Production: ${reason}`);
}

async function tagVerdict(
  config: TrackingConfig,
  challenger: ModelVersion,
  champion: ModelVersion | undefined,
  { decision, reason, warnings, figures }: Verdict,
): Promise<void> {
  const isPromoted = decision === 'promote';
  await setVersionTags(config, challenger, {
    [isPromoted ? 'promotion.reason' : 'promotion.refused']: cutValue(reason, MAX_TAG),
    'promotion.decided_against': champion ? `version ${champion.version}` : 'no champion',
    'promotion.decided_at': new Date().toISOString(),
    'promotion.figures': JSON.stringify(figures),
    ...(warnings.length > 0 && { 'promotion.warnings': cutValue(warnings.join('; '), MAX_TAG) }),
  });
  if (isPromoted && champion) {
    await setVersionTags(config, champion, { 'promotion.superseded_by': challenger.version });
  }
  // What an earlier verdict said, under other floors or against another champion, no longer holds.
  const outdated = isPromoted
    ? ['promotion.refused', 'promotion.superseded_by', 'pipeline.superseded_by']
    : ['promotion.reason'];
  if (warnings.length === 0) outdated.push('promotion.warnings');
  for (const key of outdated.filter((one) => one in challenger.tags)) await deleteVersionTag(config, challenger, key);
}

/** Puts what is in Production where the service looks for it, under both of its addresses. */
async function fillCache(name: string): Promise<void> {
  for (const uri of [`models:/${name}/Production`, `models:/${name}@production`]) {
    const { warning } = await fetchModel(uri, { cacheDir: paths.modelCache });
    if (warning) console.log(`warning: ${warning}`);
  }
}

function report(
  challenger: ModelVersion,
  champion: ModelVersion | undefined,
  { verdict, behaviour }: Examination,
): void {
  if (verdict.decision === 'unchanged') return;
  const opponent = champion ? `against version ${champion.version}` : 'without a champion';
  console.log(`${challenger.name} version ${challenger.version} ${opponent}, ${verdict.figures.texts} held-out texts`);
  for (const { passed, text } of verdict.checks) console.log(`  ${passed ? 'ok  ' : 'FAIL'} ${text}`);
  for (const { kind, name, text, expected, got } of behaviour.failures) {
    console.log(`       ${kind}, ${name}: "${text}" expected ${expected}, got ${got}`);
  }
  for (const warning of verdict.warnings) console.log(`  warning: ${warning}`);
}

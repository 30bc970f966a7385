/** The comparison behind a promotion: registered artifacts, downloaded, tested and scored on the held-out texts. */
import type { Review } from '../corpus/review.ts';
import { readReviews } from '../corpus/reviews_file.ts';
import { SentimentError } from '../errors.ts';
import { type BehaviourReport, runBehaviourTests } from '../evaluation/behaviour.ts';
import { type Contender, judge, type Verdict } from '../evaluation/gate.ts';
import { scoreReviews } from '../evaluation/measures.ts';
import { readModel } from '../model/artifact.ts';
import { fetchVersion } from '../model/remote.ts';
import type { Model } from '../model/types.ts';
import type { Params } from '../params.ts';
import type { TrackingConfig } from '../tracking/config.ts';
import type { ModelVersion } from '../tracking/registry.ts';
import { paths } from './paths.ts';
import { hashTexts } from './pipeline_result.ts';
import { tags } from './tags.ts';

export type Examination = { verdict: Verdict; behaviour: BehaviourReport };

/**
 * Downloads the challenger anew, whatever the cache holds, and compares it with the champion. A champion whose file is
 * lost or of a format this code no longer reads cannot be compared: the challenger then passes on the floors, with a
 * warning. Throws when the challenger or the texts cannot be read.
 */
export async function examine(
  config: TrackingConfig,
  params: Params,
  challenger: ModelVersion,
  champion: ModelVersion | undefined,
): Promise<Examination> {
  const warnings: string[] = [];
  const { testDigest } = await hashTexts(paths.rawTest);
  if (challenger.tags[tags.testDigest] !== testDigest) {
    warnings.push(
      `version ${challenger.version} was made with other held-out texts than ${paths.rawTest} has: it may have learnt some of these`,
    );
  }
  const reviews = [...readReviews(paths.rawTest)];
  const model = await loadVersion(config, challenger, true);
  const behaviour = runBehaviourTests(model);
  const theirs = champion && (await loadChampion(config, champion, warnings));
  const verdict = judge({
    challenger: contender(challenger, model, reviews),
    champion: champion && theirs && contender(champion, theirs, reviews),
    behaviour,
    calibrationBins: params.model_evaluation.calibration_bins,
    params: params.promote_model,
  });
  return { verdict: { ...verdict, warnings: [...warnings, ...verdict.warnings] }, behaviour };
}

async function loadVersion(config: TrackingConfig, version: ModelVersion, fresh: boolean): Promise<Model> {
  return readModel((await fetchVersion(config, version, paths.modelCache, { fresh })).path);
}

async function loadChampion(
  config: TrackingConfig,
  champion: ModelVersion,
  warnings: string[],
): Promise<Model | undefined> {
  try {
    return await loadVersion(config, champion, false);
  } catch (error) {
    if (!(error instanceof SentimentError && /^MODEL_(DAMAGED|VERSION)$/.test(error.code))) throw error;
    warnings.push(`version ${champion.version}, the champion, cannot be compared: ${error.message}`);
    return undefined;
  }
}

function contender(version: ModelVersion, model: Model, reviews: Review[]): Contender {
  return {
    version: version.version,
    contentDigest: version.tags[tags.content] ?? model.digest,
    dataDigest: model.facts.dataDigest,
    scored: scoreReviews(reviews, (text) => model.predict(text).probability),
  };
}

/**
 * What promote_model needs to know of challenger and champion: behaviour tests, scores of held-out texts that they were not
 * trained on, and where these are too few, a cross-validation of their settings on the new data.
 */

import { isDeepStrictEqual } from 'node:util';
import { nearDuplicateKey } from '../corpus/duplicates.ts';
import type { Review } from '../corpus/review.ts';
import { readReviews } from '../corpus/reviews_file.ts';
import { crossValidateModel } from '../cross_validate_model.ts';
import { SentimentError } from '../errors.ts';
import { type BehaviourReport, domainsOf, readBehaviourFiles, runBehaviourTests } from '../evaluation/behaviour.ts';
import { accuracyOf, type Champion, type Pair } from '../evaluation/comparison.ts';
import { scoresByDomain } from '../evaluation/domains.ts';
import { type Spread, spreadChecks } from '../evaluation/fairness.ts';
import { judge, type Verdict } from '../evaluation/gate.ts';
import { predictedClasses, type Scored, scorePredictions, scoreReviews } from '../evaluation/scored.ts';
import { readModel } from '../model/artifact.ts';
import type { LinearTextModel } from '../model/linear_text_model.ts';
import { fetchVersion } from '../model/remote.ts';
import { KEY_VARIABLE, verifyKeyOf } from '../model/signature.ts';
import type { ModelFacts } from '../model/types.ts';
import { type Params, paramsSchema, sectionsOfModel } from '../params.ts';
import { createNormalizer } from '../text/normalize.ts';
import type { TrackingConfig } from '../tracking/config.ts';
import type { ModelVersion } from '../tracking/registry.ts';
import { paths } from './paths.ts';
import { hashTexts, tags } from './pipeline_result.ts';

export type Examination = {
  verdict: Verdict;
  behaviour: BehaviourReport;
  /** Accuracy of both by domain, on texts that neither was trained on; empty for a single domain. */
  domains: string[];
  /** Reasons why the comparison may be unfair. */
  warnings: string[];
};

/**
 * The challenger is always downloaded, even if it is in the cache. If the champion's file is damaged, not signed as
 * SENTIMENT_MODEL_KEY asks, or of an unsupported format, only floors and behaviour tests decide, with a warning. Throws if the challenger or the texts cannot be read.
 */
export async function examine(
  config: TrackingConfig,
  params: Params,
  challenger: ModelVersion,
  champion: ModelVersion | undefined,
): Promise<Examination> {
  const warnings: string[] = [];
  const { min_unseen: least } = params.promote_model;
  const model = await loadVersion(config, challenger, true);
  const theirs = champion && (await loadChampion(config, champion, warnings));
  const held = await heldOutTexts(challenger, model, warnings);
  const files = readBehaviourFiles(params.model_evaluation.behaviour, model.classes);
  const test = (one: LinearTextModel) => runBehaviourTests(one, files, domainsOf(model.facts));
  const behaviour = test(model);
  const others = theirs && isAlike(model, theirs) ? test(theirs) : undefined;
  const scored = scoreReviews(held, model);
  const contentDigest = contentOf(challenger, model);
  const met = theirs && meet(model, theirs, held, least);
  if (met?.comparison.pair && !theirs?.parts.fingerprints) {
    warnings.push(
      `version ${champion?.version} has no fingerprints of its training texts; it is compared because version ` +
        `${challenger.version} was trained on the same ones`,
    );
  }
  const opponent: Champion | undefined = champion &&
    theirs &&
    met && {
      version: champion.version,
      contentDigest: contentOf(champion, theirs),
      ...met,
      behaviour: others ? changesOf(others, behaviour) : { won: 0, lost: 0 },
    };
  const isSmall = held.length < least;
  const isOpen = isSmall || opponent?.comparison.why !== undefined;
  const crossValidated =
    isOpen && opponent?.contentDigest !== contentDigest
      ? await crossValidateSettings(params, theirs?.facts, isSmall)
      : undefined;
  const verdict = judge({
    challenger: { version: challenger.version, contentDigest, scored },
    champion: opponent,
    crossValidated,
    behaviour: behaviour.files,
    fairness: others ? spreadChecks(decidingSpreads(behaviour), decidingSpreads(others), params.promote_model) : [],
    calibrationBins: params.model_evaluation.calibration_bins,
    params: params.promote_model,
  });
  return { verdict, behaviour, domains: met?.domains ?? [], warnings };
}

type Meeting = Pick<Champion, 'recorded' | 'known' | 'isOfSameTexts' | 'comparison'> & Pick<Examination, 'domains'>;

/** Scores what neither was trained on of the challenger's held-out texts, if these are at least `least`. */
function meet(ours: LinearTextModel, theirs: LinearTextModel, held: readonly Review[], least: number): Meeting {
  const isSameTraining = theirs.facts.dataDigest === ours.facts.dataDigest;
  const unseen = unseenBy(theirs, held) ?? (isSameTraining ? held : undefined);
  const known = unseen ? held.length - unseen.length : 0;
  const { accuracy, n_test: count } = theirs.facts.metrics ?? {};
  const hasSameClasses = isAlike(ours, theirs);
  const common = {
    recorded: hasSameClasses && accuracy !== undefined && count ? { share: accuracy, count } : undefined,
    known,
    // It knows as many of the challenger's training texts as of the held-out ones, in proportion.
    isOfSameTexts:
      2 * known >= held.length &&
      2 * known * (1 + ours.facts.trainingTexts / held.length) >= theirs.facts.trainingTexts,
  };
  if (!hasSameClasses) {
    return { ...common, comparison: { why: `its classes are ${theirs.classes.join(', ')}` }, domains: [] };
  }
  if (!unseen) {
    const why = 'it was made before models kept fingerprints of their training texts, and from other texts';
    return { ...common, comparison: { why }, domains: [] };
  }
  if (unseen.length < least) {
    const why = `only ${unseen.length} held-out texts are unknown to both models, fewer than min_unseen ${least}`;
    return { ...common, comparison: { why }, domains: [] };
  }
  const pair = { challenger: scoresOf(ours, unseen), champion: scoresOf(theirs, unseen) };
  return { ...common, comparison: { pair }, domains: compareDomains(unseen, pair) };
}

function isAlike(one: LinearTextModel, other: LinearTextModel): boolean {
  return isDeepStrictEqual(one.classes, other.classes);
}

/** Those of rawTest that the challenger was not trained on. */
async function heldOutTexts(challenger: ModelVersion, model: LinearTextModel, warnings: string[]): Promise<Review[]> {
  const reviews = [...readReviews(paths.rawTest)];
  const unseen = unseenBy(model, reviews);
  const { testDigest } = await hashTexts(paths.rawTest);
  if (!unseen && challenger.tags[tags.testDigest] !== testDigest) {
    warnings.push(
      `version ${challenger.version} has no fingerprints of its training texts and was built with other held-out texts ` +
        `than ${paths.rawTest}: it may know some of these`,
    );
  }
  return unseen ?? reviews;
}

/** Undefined for a model without fingerprints. */
function unseenBy({ parts }: LinearTextModel, reviews: readonly Review[]): Review[] | undefined {
  const { fingerprints } = parts;
  if (!fingerprints) return undefined;
  const normalize = createNormalizer(parts.normalize);
  return reviews.filter(({ text }) =>
    [text, normalize(text)].every((form) => !fingerprints.has(nearDuplicateKey(form))),
  );
}

/** They may be of one class: a comparison of accuracies does not need both. */
function scoresOf(model: LinearTextModel, reviews: readonly Review[]): Scored {
  const predictions = reviews.map(({ text }) => model.predict(text));
  return scorePredictions(reviews, predictions, { names: model.classes, ordered: model.ordered });
}

/** Such as "amazon: accuracy 0.7994 against 0.6838 on 718 texts". */
function compareDomains(reviews: readonly Review[], pair: { challenger: Scored; champion: Scored }): string[] {
  const [ours, theirs] = [pair.challenger, pair.champion].map((scored) => scoresByDomain(reviews, scored));
  if (ours.length < 2) return [];
  return ours.map(({ domain, scored }, i) => {
    const [own, other] = [scored, theirs[i].scored].map((one) => accuracyOf(one.labels, predictedClasses(one)));
    const texts = `on ${own.count.toLocaleString('en')} texts`;
    return `${domain}: accuracy ${own.share.toFixed(4)} against ${other.share.toFixed(4)} ${texts}`;
  });
}

function decidingSpreads({ files }: BehaviourReport): Spread[] {
  return files.filter(({ decides }) => decides).flatMap(({ spreads }) => spreads);
}

/** How many deciding tests only the one or only the other passes. */
function changesOf(theirs: BehaviourReport, ours: BehaviourReport): { won: number; lost: number } {
  const [before, after] = [theirs, ours].map(({ files }) => {
    const deciding = files.filter(({ decides }) => decides);
    return new Set(
      deciding.flatMap(({ file, failures }) => failures.map(({ name, text }) => `${file} ${name} ${text}`)),
    );
  });
  const missing = (some: Set<string>, others: Set<string>) => [...some].filter((one) => !others.has(one)).length;
  return { won: missing(before, after), lost: missing(after, before) };
}

/**
 * Out-of-fold predictions with the settings of params.yaml, and on the same folds with those of the champion if they
 * differ. Undefined if neither is needed or the texts are too few for folds.
 */
async function crossValidateSettings(
  params: Params,
  facts: ModelFacts | undefined,
  isNeeded: boolean,
): Promise<Pair | undefined> {
  const theirs = facts && settingsOf(facts, params);
  const differ = theirs && !isDeepStrictEqual(modelSettings(theirs), modelSettings(params));
  if (!isNeeded && !differ) return undefined;
  const { cross_validation_texts: most, folds: wanted } = params.promote_model;
  const all = [...readReviews(paths.rawTrain), ...readReviews(paths.rawTest)];
  // Both files are in the order of a hash.
  const step = Math.ceil(all.length / most);
  const reviews = all.filter((_, i) => i % step === 0);
  const folds = Math.min(wanted, ...countClasses(reviews), countUnits(reviews));
  if (folds < 2) return undefined;
  const score = async (settings: Params) => {
    console.log(`cross-validating on ${reviews.length.toLocaleString('en')} texts, ${folds} folds`);
    const { model_evaluation } = params;
    return (await crossValidateModel(reviews, { ...settings, model_evaluation }, { folds })).scored;
  };
  return { challenger: await score(params), champion: differ ? await score(theirs) : undefined };
}

/** `params` with the settings that made a model; undefined if a program of another version wrote them. */
function settingsOf(facts: ModelFacts, params: Params): Params | undefined {
  const { data_ingestion: _source, ...sections } = facts.params;
  const parsed = paramsSchema.safeParse({ ...params, ...sections });
  return parsed.success ? parsed.data : undefined;
}

function modelSettings(params: Params): Record<string, unknown> {
  const { data_ingestion: _source, ...sections } = sectionsOfModel(params);
  return sections;
}

function countClasses(reviews: readonly Review[]): number[] {
  const counts = new Map<number, number>();
  for (const { label } of reviews) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts.values()];
}

/** Groups, and texts without one. */
function countUnits(reviews: readonly Review[]): number {
  return new Set(reviews.map(({ group }, i) => group ?? i)).size;
}

function contentOf(version: ModelVersion, model: LinearTextModel): string {
  return version.tags[tags.content] ?? model.digest;
}

async function loadVersion(config: TrackingConfig, version: ModelVersion, fresh: boolean): Promise<LinearTextModel> {
  const { path } = await fetchVersion(config, version, paths.modelCache, { fresh });
  return readModel(path, { key: verifyKeyOf(process.env[KEY_VARIABLE]) });
}

async function loadChampion(
  config: TrackingConfig,
  champion: ModelVersion,
  warnings: string[],
): Promise<LinearTextModel | undefined> {
  try {
    return await loadVersion(config, champion, false);
  } catch (error) {
    if (!(error instanceof SentimentError && /^MODEL_(DAMAGED|VERSION|SIGNATURE)$/.test(error.code))) throw error;
    warnings.push(`version ${champion.version}, the champion, cannot be compared: ${error.message}`);
    return undefined;
  }
}

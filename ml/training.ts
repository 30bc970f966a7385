/**
 * From a matrix and labels to calibrated weights, and from texts to a model in memory.
 *
 * The stages of dvc.yaml run the same pieces with files in between; the command line and cross-validation run them
 * here in one go.
 */
import { createHash, type Hash } from 'node:crypto';
import { classSetOf } from './corpus/classes.ts';
import { nearDuplicateKey } from './corpus/duplicates.ts';
import { countDomain, type Review, updateDigest } from './corpus/review.ts';
import { fitVectorizer, type Vectorizer } from './features/vectorizer.ts';
import { lexiconOf, type Prior } from './lexicon/lexicon.ts';
import { fingerprintsOf } from './model/artifact.ts';
import { LinearTextModel, type ModelParts } from './model/linear_text_model.ts';
import { profileOf } from './model/profile.ts';
import type { ModelFacts, TrainingProfile } from './model/types.ts';
import { nameOfSources, type Params, sectionsOfModel } from './params.ts';
import { createNormalizer, type Normalizer } from './text/normalize.ts';
import { trainingThreads } from './threads.ts';
import { type FittedWeights, fitWeights, type Labels } from './weights.ts';

export function labelsOf(reviews: readonly Review[]): Labels {
  return {
    labels: Uint8Array.from(reviews, (review) => review.label),
    ratings: Float64Array.from(reviews, (review) => review.rating ?? Number.NaN),
    weights: Float64Array.from(reviews, (review) => review.weight ?? 1),
  };
}

/**
 * Learns a model from texts, and from what `prior` says of words (prior.ts). It is the same for any number of `threads`. Throws
 * ONE_CLASS, VOCABULARY_EMPTY, NOT_CONVERGED.
 */
export function trainModel(
  reviews: readonly Review[],
  params: Params,
  prior?: Prior,
  threads = trainingThreads(),
): LinearTextModel {
  const normalize = createNormalizer(params.data_preprocessing);
  const hash = createHash('sha256');
  const { data_ingestion, feature_engineering, model_building } = params;
  const { vectorizer, x } = fitVectorizer(normalizedTexts(reviews, normalize, hash), feature_engineering, prior);
  const lexicon = lexiconOf(feature_engineering, prior);
  const fitted = fitWeights(x, labelsOf(reviews), classSetOf(data_ingestion), model_building, lexicon, threads);
  const domains = new Map<string, number>();
  for (const review of reviews) countDomain(domains, review);
  const counts = { trainingTexts: reviews.length, domains: Object.fromEntries(domains) };
  const data = { dataDigest: hash.digest('hex'), ...counts };
  const profile = profileOf(normalized(reviews, normalize), vectorizer, x, fitted.scores);
  const known = [reviews, normalized(reviews, normalize)];
  return new LinearTextModel(modelParts(params, vectorizer, fitted, data, profile, known));
}

/** A model of the fitted weights, with the facts of its training. `known` are its texts, as given and as normalised. */
export function modelParts(
  params: Params,
  vectorizer: Vectorizer,
  { model, calibration, decision, prior }: FittedWeights,
  data: Pick<ModelFacts, 'dataDigest' | 'trainingTexts' | 'domains'>,
  profile: TrainingProfile,
  known: readonly Iterable<{ text: string }>[],
): ModelParts {
  const { names: classes, ordered } = classSetOf(params.data_ingestion);
  const weights = Float32Array.from(model.weights);
  return {
    classes,
    ordered,
    normalize: params.data_preprocessing,
    vectorizer,
    weights,
    intercepts: [...model.intercepts],
    calibration,
    decision,
    facts: {
      ...data,
      source: nameOfSources(params.data_ingestion),
      params: sectionsOfModel(params),
      ...(prior !== undefined && { prior }),
    },
    profile,
    fingerprints: fingerprintsOf(keysOf(known), { vectorizer, weights }),
  };
}

function* keysOf(parts: readonly Iterable<{ text: string }>[]): Generator<string> {
  for (const part of parts) for (const { text } of part) yield nearDuplicateKey(text);
}

function* normalized(reviews: readonly Review[], normalize: Normalizer): Generator<{ text: string }> {
  for (const { text } of reviews) yield { text: normalize(text) };
}

function* normalizedTexts(reviews: readonly Review[], normalize: Normalizer, hash: Hash): Generator<string> {
  for (const { label, text: given } of reviews) {
    const text = normalize(given);
    updateDigest(hash, { label, text });
    yield text;
  }
}

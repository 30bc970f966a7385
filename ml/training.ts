/**
 * From a matrix and labels to calibrated weights, and from texts to a model in memory.
 *
 * The stages of dvc.yaml run the same pieces with files in between; the command line and cross-validation run them
 * here in one go.
 */
import { createHash, type Hash } from 'node:crypto';
import type { LinearModel, TrainingSet } from './classifiers/classifier.ts';
import { sigmoid } from './classifiers/logistic_loss.ts';
import { fitPlatt } from './classifiers/platt.ts';
import { classifiers } from './classifiers/registry.ts';
import { nearDuplicateKey } from './corpus/duplicates.ts';
import { countDomain, type Review, updateDigest } from './corpus/review.ts';
import { SentimentError } from './errors.ts';
import { stratifiedFolds } from './evaluation/folds.ts';
import { type Csr, dot, selectRows } from './features/csr.ts';
import { fitVectorizer, type Vectorizer } from './features/vectorizer.ts';
import { fingerprintsOf } from './model/artifact.ts';
import { LinearTextModel, type ModelParts } from './model/linear_text_model.ts';
import { profileOf } from './model/profile.ts';
import type { Calibration, ModelFacts, TrainingProfile } from './model/types.ts';
import { type ModelBuildingParams, nameOfSources, type Params, sectionsOfModel } from './params.ts';
import { createNormalizer, type Normalizer } from './text/normalize.ts';

/** What is known of the matrix's rows besides their features. */
export type Labels = {
  /** 0 or 1. */
  labels: Uint8Array<ArrayBuffer>;
  /** NaN where the source has none. */
  ratings: Float64Array<ArrayBuffer>;
  /** Of each text's source. */
  weights: Float64Array<ArrayBuffer>;
};

export function labelsOf(reviews: readonly Review[]): Labels {
  return {
    labels: Uint8Array.from(reviews, (review) => review.label),
    ratings: Float64Array.from(reviews, (review) => review.rating ?? Number.NaN),
    weights: Float64Array.from(reviews, (review) => review.weight ?? 1),
  };
}

/** Target and weight of each text, as params.yaml says. Texts without a rating get target 0 or 1 and the weight of their source. */
export function trainingSet(x: Csr, { labels, ratings, weights }: Labels, params: ModelBuildingParams): TrainingSet {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  if (positives === 0 || positives === labels.length) {
    throw new SentimentError(
      'ONE_CLASS',
      `all ${labels.length} training texts are ${positives === 0 ? 'negative' : 'positive'}: training needs both classes`,
      { next: 'check positive_labels and negative_labels in params.yaml against the label column' },
    );
  }
  const classWeight = classWeights(labels, params);
  const target = new Float64Array(labels.length);
  const weight = new Float64Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    const rated = !Number.isNaN(ratings[i]);
    target[i] = params.target === 'soft' && rated ? sigmoid(params.soft_slope * ratings[i]) : labels[i];
    weight[i] = weights[i] * (params.sample_weight === 'rating' && rated ? Math.abs(ratings[i]) : 1);
    weight[i] *= classWeight[labels[i]];
  }
  return { x, target, weight };
}

/** What a text of each class counts, for learning and for calibration alike. */
function classWeights(labels: Uint8Array, { class_weight }: ModelBuildingParams): [number, number] {
  if (class_weight === 'none') return [1, 1];
  const positives = labels.reduce((sum, label) => sum + label, 0);
  return [labels.length / (2 * (labels.length - positives)), labels.length / (2 * positives)];
}

export type FittedWeights = {
  model: LinearModel;
  calibration: Calibration;
  /** Out-of-fold score of each text before calibration; undefined without calibration. */
  rawScores: Float64Array | undefined;
};

/** Fits the classifier, and its calibration on out-of-fold scores. Throws NOT_CONVERGED. */
export function fitWeights(x: Csr, labels: Labels, params: ModelBuildingParams): FittedWeights {
  const set = trainingSet(x, labels, params);
  const model = classifiers[params.classifier].fit(set, params, params.seed);
  if (!model.converged) {
    throw new SentimentError(
      'NOT_CONVERGED',
      `the objective is within ${model.gap.toExponential(1)} of its minimum after ${model.iterations} passes, ` +
        `but tolerance is ${params.tolerance}`,
      { next: 'raise max_iterations or tolerance in params.yaml, or lower C' },
    );
  }
  const calibrated = params.calibration === 'platt' ? calibrate(set, labels, params) : UNCALIBRATED;
  return { model, ...calibrated };
}

const UNCALIBRATED = { calibration: { slope: 1, offset: 0 }, rawScores: undefined };

function calibrate(set: TrainingSet, { labels }: Labels, params: ModelBuildingParams): Omit<FittedWeights, 'model'> {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const foldCount = Math.min(params.calibration_folds, positives, labels.length - positives);
  // Out-of-fold scores need at least two texts of each class.
  if (foldCount < 2) return UNCALIBRATED;
  const folds = stratifiedFolds(labels, undefined, foldCount, params.seed);
  const scores = new Float64Array(labels.length);
  const rows = Uint32Array.from(labels, (_, i) => i);
  for (let fold = 0; fold < foldCount; fold++) {
    const inside = rows.filter((i) => folds[i] !== fold);
    const part = {
      x: selectRows(set.x, inside),
      target: Float64Array.from(inside, (i) => set.target[i]),
      weight: Float64Array.from(inside, (i) => set.weight[i]),
    };
    const model = classifiers[params.classifier].fit(part, params, params.seed);
    for (const i of rows) if (folds[i] === fold) scores[i] = dot(set.x, i, model.weights) + model.intercepts[0];
  }
  const classWeight = classWeights(labels, params);
  const calibration = fitPlatt(
    scores,
    labels,
    Float64Array.from(labels, (label) => classWeight[label]),
  );
  // Scores no better than chance (a handful of texts) can give a negative slope, which would invert every label.
  return calibration.slope > 0 ? { calibration, rawScores: scores } : UNCALIBRATED;
}

/** Learns a model from texts. Throws ONE_CLASS, VOCABULARY_EMPTY, NOT_CONVERGED. */
export function trainModel(reviews: readonly Review[], params: Params): LinearTextModel {
  const normalize = createNormalizer(params.data_preprocessing);
  const hash = createHash('sha256');
  const { vectorizer, x } = fitVectorizer(normalizedTexts(reviews, normalize, hash), params.feature_engineering);
  const fitted = fitWeights(x, labelsOf(reviews), params.model_building);
  const domains = new Map<string, number>();
  for (const review of reviews) countDomain(domains, review);
  const counts = { trainingTexts: reviews.length, domains: Object.fromEntries(domains) };
  const data = { dataDigest: hash.digest('hex'), ...counts };
  const profile = profileOf(normalized(reviews, normalize), vectorizer, x, fitted.rawScores, fitted.calibration);
  const known = [reviews, normalized(reviews, normalize)];
  return new LinearTextModel(modelParts(params, vectorizer, fitted, data, profile, known));
}

/** A model of the fitted weights, with the facts of its training. `known` are its texts, as given and as normalised. */
export function modelParts(
  params: Params,
  vectorizer: Vectorizer,
  { model, calibration }: FittedWeights,
  data: Pick<ModelFacts, 'dataDigest' | 'trainingTexts' | 'domains'>,
  profile: TrainingProfile,
  known: readonly Iterable<{ text: string }>[],
): ModelParts {
  const weights = Float32Array.from(model.weights);
  return {
    normalize: params.data_preprocessing,
    vectorizer,
    weights,
    intercept: model.intercepts[0],
    calibration,
    facts: { ...data, source: nameOfSources(params.data_ingestion), params: sectionsOfModel(params) },
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

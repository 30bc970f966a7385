/**
 * From a matrix and labels to calibrated weights, and from texts to a model in memory.
 *
 * The stages of dvc.yaml run the same pieces with files in between; the command line and cross-validation run them
 * here in one go.
 */
import { createHash } from 'node:crypto';
import { fitClassifier } from './classifiers/fit.ts';
import { fitPlatt } from './classifiers/platt.ts';
import type { LinearModel, OnProgress, TrainingSet } from './classifiers/types.ts';
import { sigmoid } from './classifiers/logistic.ts';
import type { Review } from './corpus/review.ts';
import { SentimentError } from './errors.ts';
import { stratifiedFolds } from './evaluation/folds.ts';
import { type Csr, dot, selectRows } from './features/csr.ts';
import { fitVectorizer } from './features/vectorizer.ts';
import { type Calibration, LinearTextModel } from './model/linear_text_model.ts';
import type { ModelBuildingParams, Params } from './params.ts';
import { createNormalizer } from './text/normalize.ts';

/** Labels (0 or 1) and ratings of the matrix's rows; a rating is NaN where the source has none. */
export type Labels = { labels: Uint8Array<ArrayBuffer>; ratings: Float64Array<ArrayBuffer> };

export function labelsOf(reviews: readonly Review[]): Labels {
  return {
    labels: Uint8Array.from(reviews, (review) => review.label),
    ratings: Float64Array.from(reviews, (review) => review.rating ?? Number.NaN),
  };
}

/** Target and weight of each text by params.yaml. Texts without a rating get target 0 or 1 and weight 1. */
export function trainingSet(x: Csr, { labels, ratings }: Labels, params: ModelBuildingParams): TrainingSet {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  if (positives === 0 || positives === labels.length) {
    throw new SentimentError(
      'ONE_CLASS',
      `all ${labels.length} training texts are ${positives === 0 ? 'negative' : 'positive'}: there is nothing to tell apart`,
      { next: 'check positive_labels and negative_labels in params.yaml against the label column' },
    );
  }
  const balance = [labels.length / (2 * (labels.length - positives)), labels.length / (2 * positives)];
  const target = new Float64Array(labels.length);
  const weight = new Float64Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    const rated = !Number.isNaN(ratings[i]);
    target[i] = params.target === 'soft' && rated ? sigmoid(params.soft_slope * ratings[i]) : labels[i];
    weight[i] = params.sample_weight === 'rating' && rated ? Math.abs(ratings[i]) : 1;
    if (params.class_weight === 'balanced') weight[i] *= balance[labels[i]];
  }
  return { x, target, weight };
}

export type FittedWeights = { model: LinearModel; calibration: Calibration };

/** Fits the classifier, and its calibration on scores of texts that the fit did not see. Throws NOT_CONVERGED. */
export function fitWeights(x: Csr, labels: Labels, params: ModelBuildingParams, onProgress?: OnProgress): FittedWeights {
  const set = trainingSet(x, labels, params);
  const model = fitClassifier(set, params, onProgress);
  if (!model.converged) {
    throw new SentimentError(
      'NOT_CONVERGED',
      `the objective is within ${model.gap.toExponential(1)} of its minimum after ${model.iterations} passes, ` +
        `not within ${params.tolerance}`,
      { next: 'raise max_iterations or tolerance in params.yaml, or lower C' },
    );
  }
  const calibration = params.calibration === 'platt' ? calibrate(set, labels, params) : { slope: 1, offset: 0 };
  return { model, calibration };
}

function calibrate(set: TrainingSet, { labels }: Labels, params: ModelBuildingParams): Calibration {
  const folds = stratifiedFolds(labels, undefined, params.calibration_folds, params.seed);
  const scores = new Float64Array(labels.length);
  const rows = Uint32Array.from(labels, (_, i) => i);
  for (let fold = 0; fold < params.calibration_folds; fold++) {
    const inside = rows.filter((i) => folds[i] !== fold);
    const part = {
      x: selectRows(set.x, inside),
      target: Float64Array.from(inside, (i) => set.target[i]),
      weight: Float64Array.from(inside, (i) => set.weight[i]),
    };
    const model = fitClassifier(part, params);
    for (const i of rows) if (folds[i] === fold) scores[i] = dot(set.x, i, model.weights) + model.intercept;
  }
  return fitPlatt(scores, labels);
}

export type TrainedModel = LinearTextModel;

/** Texts to model. Throws ONE_CLASS, VOCABULARY_EMPTY, NOT_CONVERGED. */
export function trainModel(reviews: readonly Review[], params: Params, onProgress?: OnProgress): TrainedModel {
  const normalize = createNormalizer(params.data_preprocessing);
  const texts = reviews.map((review) => normalize(review.text));
  const { vectorizer, x } = fitVectorizer(texts, params.feature_engineering);
  const { model, calibration } = fitWeights(x, labelsOf(reviews), params.model_building, onProgress);
  return new LinearTextModel({
    normalize: params.data_preprocessing,
    vectorizer,
    weights: Float32Array.from(model.weights),
    intercept: model.intercept,
    calibration,
    facts: {
      dataDigest: digestOf(reviews),
      source: params.data_ingestion.source,
      trainingTexts: reviews.length,
      params: sectionsOfModel(params),
    },
  });
}

/** SHA-256 over labels and texts in their order, hex. */
export function digestOf(reviews: Iterable<Review>): string {
  const hash = createHash('sha256');
  for (const { label, text } of reviews) hash.update(`${label}\t${text.length}\t${text}\n`);
  return hash.digest('hex');
}

/** The sections of params.yaml that decide what a model is. */
export function sectionsOfModel(params: Params): Record<string, unknown> {
  const { data_ingestion, data_preprocessing, feature_engineering, model_building } = params;
  return { data_ingestion, data_preprocessing, feature_engineering, model_building };
}

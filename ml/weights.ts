/** From a matrix, labels and ratings to calibrated weights, and to the decision that out-of-fold scores justify. */
import { type LinearModel, outputsOf, type TrainingSet } from './classifiers/classifier.ts';
import { sigmoid } from './classifiers/logistic_loss.ts';
import { type FoldFits, OutOfFoldScores } from './classifiers/out_of_fold.ts';
import { fitPlatt } from './classifiers/platt.ts';
import { classifiers } from './classifiers/registry.ts';
import { fitVectorScaling } from './classifiers/vector_scaling.ts';
import type { ClassSet } from './corpus/classes.ts';
import { SentimentError, usageError } from './errors.ts';
import { stratifiedFolds } from './evaluation/folds.ts';
import type { Csr } from './features/csr.ts';
import { leaveOut, tie } from './features/tied.ts';
import type { Lexicon } from './lexicon/lexicon.ts';
import { calibrated, probabilitiesOf } from './model/linear_text_model.ts';
import type { Calibration, Decision } from './model/types.ts';
import type { ModelBuildingParams } from './params.ts';
import { trainingThreads } from './threads.ts';
import { chooseDecision } from './threshold.ts';

/** What is known of the matrix's rows besides their features. */
export type Labels = {
  /** Numbers of the classes. */
  labels: Uint8Array<ArrayBuffer>;
  /** NaN where the source has none. */
  ratings: Float64Array<ArrayBuffer>;
  /** Of each text's source. */
  weights: Float64Array<ArrayBuffer>;
};

/**
 * Target and weight of each text, as params.yaml says. A text without a rating has the target 1 for its class, and the
 * weight of its source. With a rating r the class is above cut c with probability logistic(soft_slope x (r - c)). Throws ONE_CLASS,
 * SAMPLE_WEIGHT (2).
 */
export function trainingSet(
  x: Csr,
  { labels, ratings, weights }: Labels,
  classes: ClassSet,
  params: ModelBuildingParams,
): TrainingSet {
  const K = classes.names.length;
  requireEveryClass(labels, classes);
  if (params.sample_weight === 'rating' && K > 2) {
    throw usageError('SAMPLE_WEIGHT', `sample_weight: rating needs two classes, not ${K}`, 'set sample_weight: none');
  }
  const classWeight = classWeights(labels, K, params);
  const outputs = K === 2 ? 1 : K;
  const target = new Float64Array(labels.length * outputs);
  const weight = new Float64Array(labels.length);
  const cuts = params.target === 'soft' ? classes.cuts : undefined;
  for (let i = 0; i < labels.length; i++) {
    const rated = !Number.isNaN(ratings[i]);
    const above = (cut: number) => sigmoid(params.soft_slope * (ratings[i] - cut));
    if (outputs === 1) target[i] = cuts && rated ? above(cuts[0]) : labels[i];
    else if (cuts && rated) {
      for (let k = 0; k < K; k++) {
        target[i * K + k] = (k === 0 ? 1 : above(cuts[k - 1])) - (k === K - 1 ? 0 : above(cuts[k]));
      }
    } else target[i * K + labels[i]] = 1;
    weight[i] = weights[i] * (params.sample_weight === 'rating' && rated ? Math.abs(ratings[i]) : 1);
    weight[i] *= classWeight[labels[i]];
  }
  return { x, target, weight };
}

function requireEveryClass(labels: Uint8Array, { names }: ClassSet): void {
  const counts = countsOf(labels, names.length);
  const missing = names.filter((_, k) => counts[k] === 0);
  if (missing.length === 0) return;
  const all = missing.length === names.length - 1 ? names[counts.findIndex((count) => count > 0)] : undefined;
  throw new SentimentError(
    'ONE_CLASS',
    all === undefined
      ? `none of the ${labels.length} training texts is ${missing.join(' or ')}: training needs every class`
      : `all ${labels.length} training texts are ${all}: training needs ${names.length === 2 ? 'both classes' : 'every class'}`,
    { next: 'check the labels of each class in params.yaml against the label column (docs/data.md)' },
  );
}

function countsOf(labels: Uint8Array, K: number): number[] {
  const counts = new Array<number>(K).fill(0);
  for (const label of labels) counts[label]++;
  return counts;
}

/** What a text of each class counts, for learning and for calibration alike. */
function classWeights(labels: Uint8Array, K: number, { class_weight }: ModelBuildingParams): number[] {
  const counts = countsOf(labels, K);
  return counts.map((count) => (class_weight === 'none' ? 1 : labels.length / (K * count)));
}

export type FittedWeights = {
  model: LinearModel;
  calibration: Calibration;
  /** Calibrated out-of-fold scores of each text, see Calibration; undefined without calibration. */
  scores: Float64Array[] | undefined;
  decision: Decision | undefined;
  /** What became of the lexicon's prior; undefined if it has none. */
  prior?: string;
};

/**
 * Fits the classifier, and calibration and decision on out-of-fold scores. The last columns of `x` are the words of `lexicon`, if
 * there is one; only logistic regression learns from them. A prior that is not asked for in any case is left out unless the
 * out-of-fold scores are better with it. The result is the same for any number of `threads`. Throws NOT_CONVERGED and what
 * chooseDecision throws.
 */
export function fitWeights(
  x: Csr,
  labels: Labels,
  classes: ClassSet,
  params: ModelBuildingParams,
  lexicon?: Lexicon,
  threads = trainingThreads(),
): FittedWeights {
  const prior = lexicon?.prior;
  const learn = (own: Lexicon | undefined) => fitOnce(x, labels, classes, params, own, threads);
  if (lexicon === undefined || prior === undefined) return learn(lexicon);
  const withPrior = learn(lexicon);
  if (prior.always) return { ...withPrior, prior: prior.name };
  const without = learn({ ...lexicon, prior: undefined });
  const [loss, lossWithout] = [withPrior, without].map(({ scores }) => logLoss(scores, labels.labels));
  const [better, worse] = [loss, lossWithout].map((value) => value.toFixed(3));
  return loss < lossWithout
    ? { ...withPrior, prior: `${prior.name} (log loss ${better}, without ${worse})` }
    : { ...without, prior: `none (${prior.name} does not help: log loss ${better}, without ${worse})` };
}

/** Mean over the texts; infinite without scores, because there are too few texts or no calibration. */
function logLoss(scores: Float64Array[] | undefined, labels: Uint8Array): number {
  if (scores === undefined) return Number.POSITIVE_INFINITY;
  const sum = scores.reduce((total, own, i) => total - Math.log(probabilitiesOf(own)[labels[i]] + 1e-15), 0);
  return sum / labels.length;
}

function fitOnce(
  x: Csr,
  labels: Labels,
  classes: ClassSet,
  params: ModelBuildingParams,
  lexicon: Lexicon | undefined,
  threads: number,
): FittedWeights {
  const tied = lexicon && (params.classifier === 'logistic_regression' ? tie(x, lexicon) : leaveOut(x, lexicon));
  const set = trainingSet(tied?.x ?? x, labels, classes, params);
  const fits = params.calibration === 'platt' ? foldFits(set, labels.labels, classes, params) : undefined;
  const outOfFold = fits && new OutOfFoldScores(fits, threads);
  const model = classifiers[params.classifier].fit(set, params, params.seed);
  if (!model.converged) {
    outOfFold?.stop();
    throw new SentimentError(
      'NOT_CONVERGED',
      `the objective is within ${model.gap.toExponential(1)} of its minimum after ${model.iterations} passes, ` +
        `but tolerance is ${params.tolerance}`,
      { next: 'raise max_iterations or tolerance in params.yaml, or lower C' },
    );
  }
  const found = outOfFold && calibrate(outOfFold.finish(), set, labels.labels, classes, params);
  const outputs = outputsOf(set);
  const calibration = found?.calibration ?? { slopes: Array(outputs).fill(1), offsets: Array(outputs).fill(0) };
  const probabilities = found?.scores.map(probabilitiesOf);
  const decision = chooseDecision(params.decision, classes.names, labels.labels, probabilities);
  const weights = tied?.untie(model.weights, outputs) ?? model.weights;
  return { model: { ...model, weights }, calibration, scores: found?.scores, decision };
}

/** Undefined with fewer than two texts of a class, which out-of-fold scores need. */
function foldFits(
  set: TrainingSet,
  labels: Uint8Array,
  { names }: ClassSet,
  params: ModelBuildingParams,
): FoldFits | undefined {
  const foldCount = Math.min(params.calibration_folds, ...countsOf(labels, names.length));
  if (foldCount < 2) return undefined;
  return { set, folds: stratifiedFolds(labels, undefined, foldCount, params.seed), foldCount, settings: params };
}

/** `raw` are the out-of-fold scores. */
function calibrate(
  raw: Float64Array,
  set: TrainingSet,
  labels: Uint8Array,
  { names }: ClassSet,
  params: ModelBuildingParams,
): { calibration: Calibration; scores: Float64Array[] } | undefined {
  const K = names.length;
  const classWeight = classWeights(labels, K, params);
  const weight = Float64Array.from(labels, (label) => classWeight[label]);
  const signs = params.calibration_signs ? set.x.signs : undefined;
  const calibration = fitCalibration(raw, labels, weight, K, signs);
  // Scores no better than chance (a handful of texts) can give a negative slope, which would invert every label.
  if (!calibration.slopes.some((slope) => slope > 0)) return undefined;
  const zero = new Array<number>(calibration.slopes.length).fill(0);
  const outputs = outputsOf(set);
  const scores = Array.from(labels, (_, i) =>
    calibrated(raw.slice(i * outputs, (i + 1) * outputs), zero, calibration, set.x.signs?.[i] === 1),
  );
  return { calibration, scores };
}

function fitCalibration(
  raw: Float64Array,
  labels: Uint8Array,
  weight: Float64Array,
  K: number,
  shown: Uint8Array | undefined,
): Calibration {
  if (K > 2) return fitVectorScaling(raw, labels, weight, K);
  const { slope, offset, signs } = fitPlatt(raw, labels, weight, shown);
  return { slopes: [slope], offsets: [offset], signs };
}

/** Evaluates a model on held-out texts in one pass of predictions: numbers, curves, findings. */
import { parse } from 'node:path';
import type { Review } from '../corpus/review.ts';
import type { Model } from '../model/types.ts';
import type { ModelEvaluationParams } from '../params.ts';
import { answerMetrics } from './answers.ts';
import { type BehaviourReport, describeBehaviour, type Tally } from './behaviour.ts';
import { type ClassCurves, curvesOf } from './curves.ts';
import { type DomainMetrics, domainTable, metricsByDomain, scoresByDomain } from './domains.ts';
import { type Mistake, type Slice, sliceReviews, type TopWord, topWords, worstMistakes } from './findings.ts';
import { binomialError, confusionMatrix, measure, measureNames } from './measures.ts';
import { requireTwoClasses, type Scored, scorePredictions } from './scored.ts';
import { standardErrors } from './significance.ts';

export type Evaluation = {
  /** Flat numbers, named as in reports/metrics.json and in MLflow; see flatMetrics. */
  metrics: Record<string, number>;
  scored: Scored;
  /** Names of all classes. */
  classes: readonly string[];
  /** matrix[actual][predicted] is a number of texts. */
  confusion: number[][];
  curves: ClassCurves[];
  behaviour: BehaviourReport;
  domains: DomainMetrics[];
  slices: Slice[];
  mistakes: Mistake[];
  topWords: TopWord[];
};

export type MeasureParams = Pick<ModelEvaluationParams, 'calibration_bins' | 'bootstrap_samples' | 'seed'>;

/** Deterministic: equal model, texts and settings give equal results. Throws NO_TEXTS, ONE_CLASS. */
export function evaluateModel(
  model: Pick<Model, 'predict' | 'explain' | 'classes' | 'ordered'>,
  reviews: readonly Review[],
  behaviour: BehaviourReport,
  params: MeasureParams,
): Evaluation {
  requireTwoClasses(reviews, model.classes);
  const predictions = reviews.map((review) => model.predict(review.text));
  const scored = scorePredictions(reviews, predictions, { names: model.classes, ordered: model.ordered });
  const domains = evaluateDomains(reviews, scored, params);
  return {
    metrics: {
      ...flatMetrics(scored, params),
      ...answerMetrics(scored, predictions),
      ...behaviourMetrics(behaviour),
      ...metricsByDomain(domains),
    },
    scored,
    classes: model.classes,
    confusion: confusionMatrix(scored),
    curves: curvesOf(scored, model.classes, params.calibration_bins),
    behaviour,
    domains,
    slices: sliceReviews(reviews, scored),
    mistakes: worstMistakes(reviews, scored, model.classes),
    topWords: topWords(
      model,
      reviews.map((review) => review.text),
    ),
  };
}

/** The flat metrics of each domain, the largest domain first. */
export function evaluateDomains(
  reviews: readonly Pick<Review, 'domain'>[],
  scored: Scored,
  params: MeasureParams,
): DomainMetrics[] {
  return scoresByDomain(reviews, scored).map((own) => ({
    domain: own.domain,
    metrics: flatMetrics(own.scored, params),
  }));
}

/**
 * Every measure by name, with its standard error as `<name>_se`: binomial for accuracy, from the bootstrap for the
 * others (none if `bootstrap_samples` is 0). A measure that has no value, such as the ROC-AUC of one class, is left out.
 * Also the number of texts (`n_test`), the share of positive ones of two classes (`positive_share`) or of each of more
 * (`share_<class>`), and the accuracy of always predicting the largest class (`majority_share`).
 */
export function flatMetrics(scored: Scored, params: MeasureParams): Record<string, number> {
  const { calibration_bins, bootstrap_samples, seed } = params;
  const count = scored.labels.length;
  const shares = confusionMatrix(scored).map((row) => row.reduce((sum, cell) => sum + cell, 0) / count);
  const measures = measure(scored, calibration_bins);
  const errors: Record<string, number | undefined> = {
    ...standardErrors(scored, calibration_bins, bootstrap_samples, seed),
    accuracy: binomialError(measures.accuracy, count),
  };
  const metrics: Record<string, number> = {
    n_test: count,
    ...sharesOf(shares, scored.classes?.names),
    majority_share: Math.max(...shares),
  };
  for (const name of Object.keys(measures)) {
    if (!Number.isFinite(measures[name])) continue;
    metrics[name] = measures[name];
    const error = errors[name];
    if (error !== undefined) metrics[`${name}_se`] = error;
  }
  return metrics;
}

/**
 * `behaviour_passed`, `_total` and `_pass_rate` of the files that decide, `behaviour_NAME_passed` and so on of each file with
 * cases, and `fairness_GROUP_spread`.
 */
function behaviourMetrics(behaviour: BehaviourReport): Record<string, number> {
  const metrics: Record<string, number> = {};
  const put = (name: string, { passed, total }: Tally) => {
    metrics[`${name}_passed`] = passed;
    metrics[`${name}_total`] = total;
    if (total > 0) metrics[`${name}_pass_rate`] = passed / total;
  };
  put('behaviour', behaviour);
  const asKey = (name: string) => name.replaceAll(/[^\w.-]/g, '_');
  for (const report of behaviour.files) {
    if (report.total > 0) put(`behaviour_${asKey(parse(report.file).name)}`, report);
    for (const { group, spread } of report.spreads) metrics[`fairness_${asKey(group)}_spread`] = spread;
  }
  return metrics;
}

function sharesOf(shares: readonly number[], names: readonly string[] | undefined): Record<string, number> {
  if (!names) return { positive_share: shares[1] };
  return Object.fromEntries(measureNames(names).map((name, k) => [`share_${name}`, shares[k]]));
}

const SUMMARY_ROWS: [label: string, metric: string][] = [
  ['accuracy', 'accuracy'],
  ['ROC-AUC', 'roc_auc'],
  ['average precision', 'average_precision'],
  ['precision', 'precision'],
  ['recall', 'recall'],
  ['F1', 'f1'],
  ['log loss', 'log_loss'],
  ['Brier score', 'brier'],
  ['calibration error', 'ece'],
  ['macro F1', 'f1_macro'],
  ['class distance', 'mean_absolute_error'],
  ['share answered', 'answered_share'],
  ['accuracy answered', 'answered_accuracy'],
  ['coverage', 'coverage'],
];

/** An evaluation as a few lines for the terminal. */
export function summarize({ metrics, behaviour, domains, slices }: Evaluation): string {
  const lines = [
    `${metrics.n_test.toLocaleString('en')} held-out texts, ${percent(metrics.majority_share)} of the larger class`,
  ];
  // Two classes have a precision, recall and F1 of their own.
  const left = 'f1' in metrics ? ['f1_macro'] : [];
  for (const [label, name] of SUMMARY_ROWS.filter(([, own]) => own in metrics && !left.includes(own))) {
    const error = metrics[`${name}_se`];
    lines.push(
      `  ${label.padEnd(18)}${metrics[name].toFixed(4)}${error === undefined ? '' : ` ± ${error.toFixed(4)}`}`,
    );
  }
  lines.push(...domainTable(domains).map((row) => `  ${row}`));
  for (const { by, from, to, count, accuracy, accuracy_se } of slices) {
    const range = `${by} ${short(from)} to ${short(to)}`;
    lines.push(
      `  accuracy, ${range.padEnd(28)}${accuracy.toFixed(3)} ± ${accuracy_se.toFixed(3)} (${count.toLocaleString('en')} texts)`,
    );
  }
  for (const file of behaviour.files) lines.push(...describeBehaviour(file, 0));
  return lines.join('\n');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function short(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}

/** Evaluates a model on held-out texts in one pass of predictions: numbers, curves, findings. */
import { parse } from 'node:path';
import type { Review } from '../corpus/review.ts';
import type { Model } from '../model/types.ts';
import type { ModelEvaluationParams } from '../params.ts';
import { type BehaviourReport, describeBehaviour, type Tally } from './behaviour.ts';
import { type PrecisionRecallPoint, precisionRecallCurve, type RocPoint, rocCurve, thin } from './curves.ts';
import { type DomainMetrics, domainTable, metricsByDomain, scoresByDomain } from './domains.ts';
import { type Mistake, type Slice, sliceReviews, type TopWord, topWords, worstMistakes } from './findings.ts';
import {
  binomialError,
  type CalibrationBin,
  countOutcomes,
  type MeasureName,
  measure,
  type Outcomes,
  positiveBins,
  type Scored,
  scoreReviews,
} from './measures.ts';
import { standardErrors } from './significance.ts';

export type Evaluation = {
  /** Flat numbers, named as in reports/metrics.json and in MLflow; see flatMetrics. */
  metrics: Record<string, number>;
  scored: Scored;
  outcomes: Outcomes;
  roc: RocPoint[];
  precisionRecall: PrecisionRecallPoint[];
  calibration: CalibrationBin[];
  behaviour: BehaviourReport;
  domains: DomainMetrics[];
  slices: Slice[];
  mistakes: Mistake[];
  topWords: TopWord[];
};

export type MeasureParams = Pick<ModelEvaluationParams, 'calibration_bins' | 'bootstrap_samples' | 'seed'>;

/** Deterministic: equal model, texts and settings give equal results. Throws NO_TEXTS, ONE_CLASS. */
export function evaluateModel(
  model: Pick<Model, 'predict' | 'explain'>,
  reviews: readonly Review[],
  behaviour: BehaviourReport,
  params: MeasureParams,
): Evaluation {
  const scored = scoreReviews(reviews, (text) => model.predict(text).probability);
  const domains = evaluateDomains(reviews, scored, params);
  return {
    metrics: { ...flatMetrics(scored, params), ...behaviourMetrics(behaviour), ...metricsByDomain(domains) },
    scored,
    outcomes: countOutcomes(scored),
    roc: thin(
      rocCurve(scored),
      (point) => point.fpr,
      (point) => point.tpr,
    ),
    precisionRecall: thin(
      precisionRecallCurve(scored),
      (point) => point.recall,
      (point) => point.precision,
    ),
    calibration: positiveBins(scored, params.calibration_bins),
    behaviour,
    domains,
    slices: sliceReviews(reviews, scored),
    mistakes: worstMistakes(reviews, scored),
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
 * others (none if `bootstrap_samples` is 0). A measure that has no value, such as the ROC-AUC of one class, is left out. Also the number of texts (`n_test`), the share of positive ones
 * (`positive_share`) and the accuracy of always predicting the larger class (`majority_share`).
 */
export function flatMetrics(scored: Scored, params: MeasureParams): Record<string, number> {
  const { calibration_bins, bootstrap_samples, seed } = params;
  const count = scored.labels.length;
  const positiveShare = scored.labels.reduce((sum, label) => sum + label, 0) / count;
  const measures = measure(scored, calibration_bins);
  const errors = {
    ...standardErrors(scored, calibration_bins, bootstrap_samples, seed),
    accuracy: binomialError(measures.accuracy, count),
  };
  const metrics: Record<string, number> = {
    n_test: count,
    positive_share: positiveShare,
    majority_share: Math.max(positiveShare, 1 - positiveShare),
  };
  for (const name of Object.keys(measures) as MeasureName[]) {
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
];

/** An evaluation as a few lines for the terminal. */
export function summarize({ metrics, behaviour, domains, slices }: Evaluation): string {
  const lines = [
    `${metrics.n_test.toLocaleString('en')} held-out texts, ${percent(metrics.majority_share)} of the larger class`,
  ];
  for (const [label, name] of SUMMARY_ROWS) {
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

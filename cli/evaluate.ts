/** `sentiment evaluate`: cross-validates on labelled texts what params.yaml would train, or tests a saved model on them. */
import { classSetOf } from '../ml/corpus/classes.ts';
import type { Review } from '../ml/corpus/review.ts';
import { crossValidateModel } from '../ml/cross_validate_model.ts';
import { usageError } from '../ml/errors.ts';
import type { CrossValidation } from '../ml/evaluation/cross_validation.ts';
import { type DomainMetrics, domainTable } from '../ml/evaluation/domains.ts';
import { evaluateDomains } from '../ml/evaluation/evaluation.ts';
import type { Measures } from '../ml/evaluation/measures.ts';
import { nameOfSources, type Params } from '../ml/params.ts';
import { describeSizes, evaluateModel } from './evaluate_model.ts';
import { type LabelledSourceOptions, paramsOf, readLabelled } from './train.ts';

export type EvaluateOptions = LabelledSourceOptions & {
  cv: number;
  json?: boolean;
  /** Path of a saved model. */
  model?: string;
  mistakes?: string;
  behaviour?: string[];
};

/** Throws EVALUATE_MODEL (2), FOLDS_INVALID (2), and what evaluateModel, readLabelled and trainModel throw. */
export async function evaluate(options: EvaluateOptions): Promise<void> {
  const { model, mistakes, behaviour } = options;
  if (model !== undefined) return evaluateModel({ ...options, model });
  if (mistakes !== undefined || behaviour !== undefined) {
    const option = mistakes === undefined ? '--behaviour' : '--mistakes';
    throw usageError('EVALUATE_MODEL', `${option} needs --model`, 'name the saved model to test');
  }
  const params = paramsOf(options);
  const reviews = await readLabelled(params);
  const result = await crossValidateAloud(reviews, params, options.cv);
  const { names } = classSetOf(params.data_ingestion);
  const sizes = names.map((_, label) => reviews.filter((review) => review.label === label).length);
  const counts = {
    source: nameOfSources(params.data_ingestion),
    texts: reviews.length,
    ...(names.length === 2
      ? { positives: sizes[1] }
      : { classes: Object.fromEntries(names.map((one, k) => [one, sizes[k]])) }),
  };
  const { folds, mean, se, pooled } = result;
  const domains = evaluateDomains(reviews, result.scored, params.model_evaluation);
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ ...counts, folds, mean, se, pooled, domains }, null, 2)}\n`
      : formatResult({ source: counts.source, names, sizes }, result, domains),
  );
}

/** Cross-validates what `params` would train; stderr gets a line for each fold. Throws what crossValidateModel throws. */
export function crossValidateAloud(
  reviews: readonly Review[],
  params: Params,
  folds: number,
): Promise<CrossValidation> {
  let began = performance.now();
  const onFold = (fold: number, { accuracy, roc_auc }: Measures) => {
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    process.stderr.write(
      `fold ${fold} of ${folds}: accuracy ${accuracy.toFixed(4)}, ROC-AUC ${roc_auc.toFixed(4)} (${seconds} s)\n`,
    );
    began = performance.now();
  };
  return crossValidateModel(reviews, params, { folds, onFold });
}

type Counts = { source: string; names: readonly string[]; sizes: readonly number[] };

/** A table with one measure per line, and one with a domain per line if there are several. */
function formatResult(
  { source, names: classes, sizes }: Counts,
  { folds, mean, se }: CrossValidation,
  domains: readonly DomainMetrics[],
): string {
  const byDomain = domainTable(domains);
  const names = Object.keys(mean);
  const width = Math.max(...names.map((name) => name.length));
  const texts = sizes.reduce((sum, size) => sum + size, 0);
  return [
    `${folds.length}-fold cross-validation of ${source}: ${texts.toLocaleString('en')} texts, ${describeSizes(classes, sizes)}`,
    '',
    `${'measure'.padEnd(width)}     mean   standard error`,
    ...names.map((name) => `${name.padEnd(width)}   ${mean[name].toFixed(4)}   ${se[name].toFixed(4)}`),
    '',
    ...(byDomain.length > 0 ? [...byDomain, ''] : []),
  ].join('\n');
}

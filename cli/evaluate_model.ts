/** `sentiment evaluate --model`: a saved model on labelled texts that it has not seen, and on behaviour tests. */
import type { Review } from '../ml/corpus/review.ts';
import { csvLine } from '../ml/corpus/table_lines.ts';
import { usageError } from '../ml/errors.ts';
import { describeBehaviour, domainsOf, readBehaviourFiles, runBehaviourTests } from '../ml/evaluation/behaviour.ts';
import { type DomainMetrics, domainTable } from '../ml/evaluation/domains.ts';
import { evaluateDomains, type MeasureParams } from '../ml/evaluation/evaluation.ts';
import {
  type ClassMetrics,
  classMetrics,
  confusionMatrix,
  countOutcomes,
  type Measures,
  measure,
  type Outcomes,
  outcomesOfClass,
} from '../ml/evaluation/measures.ts';
import { predictedClasses, type Scored, scoreReviews } from '../ml/evaluation/scored.ts';
import { standardErrors, wilsonInterval } from '../ml/evaluation/significance.ts';
import { writeText } from '../ml/files.ts';
import { readModel } from '../ml/model/artifact.ts';
import type { Model } from '../ml/model/types.ts';
import { ingestionOfModel } from '../ml/params.ts';
import { checkOutput } from './output.ts';
import { type LabelledSourceOptions, paramsOf, readLabelled } from './train.ts';

export type ModelEvaluationOptions = LabelledSourceOptions & {
  /** Path of the model. */
  model: string;
  json?: boolean;
  /** Path of the CSV file of mistakes. */
  mistakes?: string;
  /** Paths of files of behaviour tests. */
  behaviour?: string[];
};

/** Throws EVALUATE_DATA (2), and what readModel, checkOutput, readLabelled and readBehaviourFiles throw. */
export async function evaluateModel(options: ModelEvaluationOptions): Promise<void> {
  const { data, behaviour, mistakes } = options;
  if (data === undefined && (behaviour === undefined || mistakes !== undefined)) {
    throw usageError(
      'EVALUATE_DATA',
      `--model${behaviour ? ' with --mistakes' : ''} needs --data`,
      `name labelled texts that the model has not seen${behaviour ? '' : ', or files of behaviour tests (--behaviour)'}`,
    );
  }
  const model = readModel(options.model);
  const files =
    behaviour && runBehaviourTests(model, readBehaviourFiles(behaviour, model.classes), domainsOf(model.facts)).files;
  const result = data === undefined ? undefined : await evaluateOn(model, { ...options, data });
  if (options.json) {
    const shown = { model: options.model, source: data, ...result, behaviour: files };
    process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
    return;
  }
  if (result) {
    process.stdout.write(`${options.model} on ${data}: ${formatEvaluation(result)}`);
    for (const row of domainTable(result.domains)) process.stdout.write(`${row}\n`);
  }
  for (const file of files ?? []) {
    for (const line of describeBehaviour(file, file.total)) process.stdout.write(`${line}\n`);
  }
}

async function evaluateOn(
  model: Model,
  options: ModelEvaluationOptions & { data: string },
): Promise<SavedModelEvaluation & { domains: DomainMetrics[] }> {
  const { data, mistakes } = options;
  const target = mistakes === undefined ? undefined : checkOutput(mistakes, [data, options.model]);
  const params = paramsOf(options, ingestionOfModel(model.facts));
  const reviews = await readLabelled(params);
  const scored = scoreReviews(reviews, model);
  const result = evaluationOf(scored, model.classes, params.model_evaluation);
  const domains = evaluateDomains(reviews, scored, params.model_evaluation);
  if (target !== undefined) writeText(target, mistakesCsv(reviews, scored, model.classes));
  return { ...result, domains };
}

export type SavedModelEvaluation = {
  texts: number;
  measures: Measures;
  /** Bootstrap standard errors. */
  se: Partial<Record<string, number>>;
  /** 95 % interval. */
  accuracy_interval: [number, number];
  /** For two classes their outcomes; for more, confusion[label][predicted] is a number of texts. */
  confusion: Outcomes | number[][];
  classes: Record<string, ClassRow>;
};

type ClassRow = Pick<ClassMetrics, 'precision' | 'recall' | 'f1'> & { texts: number };

export function evaluationOf(scored: Scored, names: readonly string[], params: MeasureParams): SavedModelEvaluation {
  const { calibration_bins: bins, bootstrap_samples: samples, seed } = params;
  const texts = scored.labels.length;
  const measures = measure(scored, bins);
  const matrix = confusionMatrix(scored);
  return {
    texts,
    measures,
    se: standardErrors(scored, bins, samples, seed),
    accuracy_interval: wilsonInterval(measures.accuracy, texts),
    confusion: names.length === 2 ? countOutcomes(scored) : matrix,
    classes: Object.fromEntries(names.map((name, k) => [name, classRow(outcomesOfClass(matrix, k))])),
  };
}

function classRow(outcomes: Outcomes): ClassRow {
  const { precision, recall, f1 } = classMetrics(outcomes);
  return { precision, recall, f1, texts: outcomes.truePositives + outcomes.falseNegatives };
}

export function formatEvaluation({
  texts,
  measures,
  se,
  accuracy_interval: [low, high],
  confusion,
  classes,
}: SavedModelEvaluation): string {
  const count = (value: number) => value.toLocaleString('en');
  const names = Object.keys(measures);
  const width = Math.max(...names.map((name) => name.length));
  const labels = Object.keys(classes);
  const matrix = Array.isArray(confusion)
    ? confusion
    : [
        [confusion.trueNegatives, confusion.falsePositives],
        [confusion.falseNegatives, confusion.truePositives],
      ];
  const first = Math.max(10, ...labels.map((label) => label.length + 2));
  const wide = Math.max(20, ...labels.map((label) => label.length + 12));
  const sizes = labels.map((label) => classes[label].texts);
  return [
    `${count(texts)} texts, ${describeSizes(labels, sizes)}`,
    '',
    `accuracy ${measures.accuracy.toFixed(4)}, 95 % interval ${low.toFixed(4)} to ${high.toFixed(4)}`,
    '',
    'label'.padEnd(first) + labels.map((label) => `predicted ${label}`.padStart(wide)).join(''),
    ...matrix.map((cells, k) => labels[k].padEnd(first) + cells.map((cell) => count(cell).padStart(wide)).join('')),
    '',
    `${'class'.padEnd(first)}${['precision', 'recall', 'f1', 'texts'].map((name) => name.padStart(11)).join('')}`,
    ...Object.entries(classes).map(
      ([label, { precision, recall, f1, texts: own }]) =>
        label.padEnd(first) +
        [precision, recall, f1].map((value) => value.toFixed(4).padStart(11)).join('') +
        count(own).padStart(11),
    ),
    '',
    `${'measure'.padEnd(width)}    value   standard error`,
    ...names.map((name) =>
      `${name.padEnd(width)}   ${measures[name].toFixed(4)}   ${se[name]?.toFixed(4) ?? ''}`.trimEnd(),
    ),
    '',
  ].join('\n');
}

/** "3 positive, 2 negative": the last class first. */
export function describeSizes(names: readonly string[], sizes: readonly number[]): string {
  return names
    .map((name, k) => `${sizes[k].toLocaleString('en')} ${name}`)
    .reverse()
    .join(', ');
}

/** The mistakes as CSV, the most confident first. */
export function mistakesCsv(reviews: readonly Review[], scored: Scored, names: readonly string[]): string {
  const { labels, probabilities } = scored;
  const K = names.length;
  const predicted = predictedClasses(scored);
  const confidenceOf = (i: number) =>
    K > 2 ? probabilities[i * K + predicted[i]] : predicted[i] === 1 ? probabilities[i] : 1 - probabilities[i];
  const mistakes = [...reviews.keys()]
    .filter((i) => predicted[i] !== labels[i])
    .sort((a, b) => confidenceOf(b) - confidenceOf(a));
  const rows = mistakes.map((i) =>
    csvLine([reviews[i].id, names[labels[i]], names[predicted[i]], confidenceOf(i).toFixed(4), reviews[i].text]),
  );
  return [csvLine(['id', 'label', 'predicted', 'confidence', 'text']), ...rows].join('');
}

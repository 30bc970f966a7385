/** `sentiment doubt`: lists the texts whose labels a model that has not seen them contradicts, as CSV. */

import { classSetOf } from '../ml/corpus/classes.ts';
import type { Review } from '../ml/corpus/review.ts';
import { csvLine } from '../ml/corpus/table_lines.ts';
import { type Doubt, type Doubts, findDoubts } from '../ml/evaluation/doubt.ts';
import { writeText } from '../ml/files.ts';
import type { Params } from '../ml/params.ts';
import { crossValidateAloud } from './evaluate.ts';
import { checkOutput } from './output.ts';
import { type LabelledSourceOptions, paramsOf, readLabelled } from './train.ts';

export type DoubtOptions = LabelledSourceOptions & {
  cv: number;
  /** Path of the CSV file to write; stdout if undefined. */
  out?: string;
};

/** Throws FOLDS_INVALID (2), and what checkOutput, readLabelled and trainModel throw. */
export async function doubt(options: DoubtOptions): Promise<void> {
  const { data, out, cv } = options;
  const target = out === undefined ? undefined : checkOutput(out, data === undefined ? [] : [data]);
  const params = paramsOf(options);
  const reviews = await readLabelled(params);
  const { doubts, noise } = await doubtsOf(reviews, params, cv);
  const csv = doubtCsv(reviews, doubts, classSetOf(params.data_ingestion).names);
  if (target === undefined) process.stdout.write(csv);
  else writeText(target, csv);
  process.stderr.write(
    `${doubts.length.toLocaleString('en')} of ${reviews.length.toLocaleString('en')} labels are doubtful; ` +
      `confident learning estimates that ${(100 * noise).toFixed(1)} % are wrong or open to dispute\n`,
  );
}

export async function doubtsOf(reviews: readonly Review[], params: Params, folds: number): Promise<Doubts> {
  const { labels, probabilities, classes } = (await crossValidateAloud(reviews, params, folds)).scored;
  if (classes) return findDoubts(labels, probabilities, classes.names.length);
  const rows = Float64Array.from({ length: 2 * labels.length }, (_, i) => {
    const probability = probabilities[i >> 1];
    return i % 2 === 1 ? probability : 1 - probability;
  });
  return findDoubts(labels, rows, 2);
}

/** `names` are those of the classes. */
export function doubtCsv(reviews: readonly Review[], doubts: readonly Doubt[], names: readonly string[]): string {
  const lines = doubts.map(({ row, label, suggested, probability }) =>
    csvLine([reviews[row].id, names[label], names[suggested], probability.toFixed(4), reviews[row].text]),
  );
  return [csvLine(['id', 'label', 'suggested', 'probability', 'text']), ...lines].join('');
}

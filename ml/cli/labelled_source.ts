/** Labelled texts as the options of `train` and `evaluate` name them: params.yaml's own source, or another. */
import { resolve } from 'node:path';
import type { Review } from '../corpus/review.ts';
import { readReviews } from '../corpus/source.ts';
import { type Params, readParams } from '../params.ts';
import { paths } from '../stages/paths.ts';

/** The embedded corpora stay in the project's folder, wherever the program is called from. */
const DOWNLOADS = resolve(import.meta.dirname, '../..', paths.downloads);

export type LabelledSourceOptions = {
  data?: string;
  textColumn?: string;
  labelColumn?: string;
  ratingColumn?: string;
  positive?: string[];
  negative?: string[];
  neutral?: string[];
  /** Path of a params.yaml. */
  params: string;
};

/** The settings with the options put over data_ingestion's. Throws what readParams throws. */
export function paramsOf(options: LabelledSourceOptions): Params {
  const params = readParams(options.params);
  const given = params.data_ingestion;
  return {
    ...params,
    data_ingestion: {
      ...given,
      source: options.data ?? given.source,
      text_column: options.textColumn ?? given.text_column,
      label_column: options.labelColumn ?? given.label_column,
      rating_column: options.ratingColumn ?? given.rating_column,
      positive_labels: options.positive ?? given.positive_labels,
      negative_labels: options.negative ?? given.negative_labels,
      neutral_labels: options.neutral ?? given.neutral_labels,
    },
  };
}

/** All usable texts of the source; what was left out, and why, is told on stderr. Throws what readReviews throws. */
export function readLabelled({ data_ingestion }: Params): Promise<Review[]> {
  const log = (line: string) => process.stderr.write(`${line}\n`);
  return readReviews(data_ingestion, { folder: DOWNLOADS, log });
}

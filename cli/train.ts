/** `sentiment train`: labelled texts to a model file. `sentiment evaluate` reads its texts in the same way. */
import { resolve } from 'node:path';
import { gatherReviews } from '../ml/corpus/corpus.ts';
import type { ReadingOptions } from '../ml/corpus/dialect.ts';
import type { Review } from '../ml/corpus/review.ts';
import { saveModel } from '../ml/model/artifact.ts';
import { type DataIngestionParams, type Params, readParams } from '../ml/params.ts';
import { priorOf } from '../ml/prior.ts';
import { paths } from '../ml/stages/paths.ts';
import { trainModel } from '../ml/training.ts';
import { checkOutput } from './output.ts';

const PROJECT = resolve(import.meta.dirname, '..');
/** Temporary files go into the project's folder, whatever the current folder is. */
const DOWNLOADS = resolve(PROJECT, paths.downloads);

export type TrainOptions = LabelledSourceOptions & {
  out: string;
  /** auto, general, none or a model file. */
  prior?: string;
  threads?: number;
};

/** Throws what checkOutput, readLabelled, priorOf and trainModel throw. */
export async function train(options: TrainOptions): Promise<void> {
  const params = withPrior(paramsOf(options), options.prior);
  const { source, sources = [] } = params.data_ingestion;
  const inputs = [source, ...sources.map((own) => own.source), options.params];
  const out = checkOutput(options.out, inputs);
  const reviews = await readLabelled(params);
  process.stderr.write('training ...\n');
  const began = performance.now();
  const prior = priorOf(params.feature_engineering.prior, reviews);
  const model = trainModel(reviews, params, prior, options.threads);
  if (model.facts.prior !== undefined) process.stderr.write(`prior: ${model.facts.prior}\n`);
  const digest = saveModel(out, model.parts);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  process.stdout.write(
    `${model.featureCount.toLocaleString('en')} features learned in ${seconds} s -> ${options.out} (SHA-256 ${digest.slice(0, 12)})\n`,
  );
}

function withPrior(params: Params, prior: string | undefined): Params {
  if (prior === undefined) return params;
  return { ...params, feature_engineering: { ...params.feature_engineering, prior } };
}

/** Where labelled texts come from: the sources of params.yaml, or another that options name. */
export type LabelledSourceOptions = ReadingOptions & {
  data?: string;
  /** Several are joined by a sentence end. */
  textColumn?: string[];
  labelColumn?: string;
  ratingColumn?: string;
  /** Names of the classes, in their order. */
  classes?: string[];
  ratingCuts?: number[];
  neutralBand?: number;
  positive?: string[];
  negative?: string[];
  neutral?: string[];
  /** Path of a params.yaml. */
  params: string;
};

/**
 * The settings of params.yaml; options override those of data_ingestion. Columns and labels that are not given are those
 * of `learnt`, the settings that a saved model learnt with. Throws what readParams throws.
 */
export function paramsOf(options: LabelledSourceOptions, learnt?: DataIngestionParams): Params {
  const params = readParams(options.params);
  const given = { ...params.data_ingestion, ...(learnt && columnsAndLabels(learnt)) };
  const { encoding, delimiter, quote, escape: sign, header } = options;
  const reading = Object.entries({ encoding, delimiter, quote, escape: sign, header });
  return {
    ...params,
    data_ingestion: {
      ...given,
      ...Object.fromEntries(reading.filter(([, value]) => value !== undefined)),
      source: options.data ?? sourceOf(given.source, options.params),
      sources:
        options.data === undefined
          ? given.sources?.map((own) => ({ ...own, source: sourceOf(own.source, options.params) }))
          : undefined,
      text_column: options.textColumn ?? given.text_column,
      label_column: options.labelColumn ?? given.label_column,
      rating_column: options.ratingColumn ?? given.rating_column,
      ...(options.classes && { classes: options.classes }),
      ...(options.ratingCuts && { rating_cuts: options.ratingCuts }),
      neutral_band: options.neutralBand ?? given.neutral_band,
      positive_labels: options.positive ?? given.positive_labels,
      negative_labels: options.negative ?? given.negative_labels,
      neutral_labels: options.neutral ?? given.neutral_labels,
    },
  };
}

/** Without id and group: a test set need not have them, and ids are then the line numbers. */
function columnsAndLabels(settings: DataIngestionParams): Partial<DataIngestionParams> {
  const { text_column, label_column, rating_column } = settings;
  const { positive_labels, negative_labels, neutral_labels, neutral_band } = settings;
  const { classes, class_labels, rating_cuts, ordered } = settings;
  const ofClasses = { classes, class_labels, rating_cuts, ordered };
  const columns = { text_column, label_column, rating_column, id_column: '', group_column: '' };
  return { ...columns, ...ofClasses, positive_labels, negative_labels, neutral_labels, neutral_band };
}

/** A path in the project's own params.yaml starts in the project's folder, where DVC runs; other paths in the current one. */
function sourceOf(source: string, params: string): string {
  const isPath = !/^[a-z0-9]+:/i.test(source);
  const own = resolve(params) === resolve(PROJECT, paths.params);
  return isPath && own && process.cwd() !== PROJECT ? resolve(PROJECT, source) : source;
}

/** All usable texts of the sources; stderr says what was left out and why. Throws what readReviews throws. */
export function readLabelled({ data_ingestion }: Params): Promise<Review[]> {
  const log = (line: string) => process.stderr.write(`${line}\n`);
  return gatherReviews(data_ingestion, { folder: DOWNLOADS, log });
}

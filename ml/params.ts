/**
 * params.yaml: every parameter of the pipeline with its range, default and description. A key that the file leaves out has
 * its default; an unknown key is an error. Each stage reads its own section, and DVC reruns it when that section changes.
 */
import { z } from 'zod';
import { isClassifier, linearNames, linearSettings } from './classifiers/registry.ts';
import { readYamlFile, YamlFile } from './yaml_file.ts';

const seed = z.number().int().min(0).max(4294967295).default(42).describe('Fixes every random choice of the section.');
const share = z.number().min(0).max(1);
const column = (what: string) => z.string().default('').describe(`Column of ${what}; an empty name means none.`);
const words = (defaults: string[], what: string) =>
  z.array(z.coerce.string()).min(1).default(defaults).describe(`Values of the label column that count as ${what}.`);

/** A block of n-grams; null leaves the block out. */
const block = (unit: string, ngrams: [number, number], minDf: number) =>
  z
    .strictObject({
      ngrams: z
        .tuple([z.number().int().min(1).max(20), z.number().int().min(1).max(20)])
        .default(ngrams)
        .describe(`Least and most ${unit} of an n-gram, 1 to 20.`),
      min_df: z
        .number()
        .gt(0)
        .default(minDf)
        .describe('Least number of texts that have the n-gram; below 1, a share of the texts.'),
      max_df: z
        .number()
        .gt(0)
        .default(1)
        .describe('Most texts that have the n-gram: up to 1 a share of the texts, above that a number.'),
      max_features: z
        .number()
        .int()
        .min(0)
        .default(0)
        .describe('How many n-grams to keep, the most frequent first; 0 keeps all.'),
      weighting: z.enum(['count', 'binary', 'tfidf']).default('tfidf').describe('What the value of an n-gram is.'),
      sublinear_tf: z.boolean().default(true).describe('Use 1 + ln(count) in place of the count.'),
      smooth_idf: z.boolean().default(true).describe('Count every n-gram in one text more than there are.'),
      norm: z.enum(['l2', 'l1', 'none']).default('l2').describe("Length to which a text's values are scaled."),
    })
    .refine((value) => value.ngrams[0] <= value.ngrams[1], {
      path: ['ngrams'],
      message: 'the first exceeds the second',
    })
    .nullable()
    .prefault({})
    .describe(`N-grams of ${unit}; null leaves them out.`);

export const paramsSchema = z.strictObject({
  data_ingestion: z
    .strictObject({
      source: z
        .string()
        .min(1)
        .default('embedded:movies')
        .describe(
          'embedded:movies, embedded:amazon, embedded:tweets, embedded:nyt, a CSV, TSV or JSONL path, http(s)://, s3://, ' +
            'or an aclImdb folder or tar.gz.',
        ),
      text_column: z.string().min(1).default('text').describe('Column of the text in a table.'),
      label_column: z.string().default('label').describe('Column of the label in a table; an empty name means none.'),
      rating_column: column('a number whose sign is the label; the label column is then not read'),
      id_column: column("the text's id"),
      group_column: column('the group; texts of a group stay on one side of the split'),
      positive_labels: words(['positive', 'pos', '1', 'true'], 'positive'),
      negative_labels: words(['negative', 'neg', '0', 'false', '-1'], 'negative'),
      neutral_labels: z
        .array(z.coerce.string())
        .default(['neutral'])
        .describe('Values of the label column whose texts are left out.'),
      neutral_band: z.number().min(0).default(0).describe('Leave out texts whose rating is this close to zero.'),
      test_share: z.number().gt(0).lt(1).default(0.2).describe('Share of the texts in the held-out set.'),
      seed,
      max_bad_share: share.default(0.02).describe('The run fails when more than this share of the rows is unusable.'),
    })
    .prefault({}),
  data_preprocessing: z
    .strictObject({
      lowercase: z.boolean().default(true).describe('Turn letters into lower case.'),
      decode_entities: z.boolean().default(true).describe('Turn &amp; into &, and so on.'),
      strip_tags: z.boolean().default(true).describe('Remove HTML tags.'),
      unicode_form: z.enum(['NFC', 'NFKC', 'none']).default('NFKC').describe('Unicode normalisation form.'),
    })
    .prefault({}),
  feature_engineering: z
    .strictObject({
      tokenizer: z
        .enum(['words', 'treebank', 'wordpunct', 'aggressive'])
        .default('words')
        .describe("words is the project's own; the others are natural's."),
      stemmer: z.enum(['none', 'porter', 'lancaster']).default('none').describe("natural's stemmers."),
      stopwords: z
        .enum(['none', 'english', 'english_without_negations'])
        .default('none')
        .describe('Words to leave out.'),
      negation_scope: z
        .number()
        .int()
        .min(0)
        .max(20)
        .default(3)
        .describe('Words after a negation whose features count with the opposite sign; 0 turns it off.'),
      negation_weight: z
        .number()
        .gt(0)
        .max(3)
        .default(1.5)
        .describe('How much these words count: above 1 makes up for the negation itself.'),
      contrast_weight: share
        .default(0.3)
        .describe('Weight of what a "but" or an opening "although A," sets aside; 1 turns it off.'),
      word: block('words', [1, 2], 1),
      char: block('characters', [3, 6], 2),
    })
    .refine((value) => value.word !== null || value.char !== null, {
      path: ['word'],
      message: 'word and char are both null: one of them must be given',
    })
    .prefault({}),
  model_building: z
    .strictObject({
      classifier: z
        .enum(linearNames, {
          error: ({ input }) =>
            `${isClassifier(input) ? 'this classifier is not linear, so it cannot be served or explained' : 'unknown classifier'}: ` +
            `choose ${linearNames.join(', ')}`,
        })
        .default('logistic_regression')
        .describe('Must be linear, so that the model can be served and explained.'),
      target: z
        .enum(['hard', 'soft'])
        .default('soft')
        .describe('hard: 0 or 1. soft: logistic(soft_slope x rating), where the source has ratings.'),
      soft_slope: z.number().gt(0).default(1.5).describe('Slope of the soft target.'),
      sample_weight: z.enum(['none', 'rating']).default('none').describe('rating: the absolute rating.'),
      class_weight: z
        .enum(['none', 'balanced'])
        .default('none')
        .describe('balanced: texts of the rarer class count more, so that both classes weigh the same.'),
      seed,
      calibration: z.enum(['none', 'platt']).default('platt').describe('platt is fitted on out-of-fold scores.'),
      calibration_folds: z.number().int().min(2).max(50).default(5).describe('Folds of the calibration.'),
      ...linearSettings,
    })
    .prefault({}),
  model_evaluation: z
    .strictObject({
      calibration_bins: z.number().int().min(2).max(100).default(10).describe('Bins of the calibration error.'),
      bootstrap_samples: z.number().int().min(0).max(100_000).default(1000).describe('Samples of the standard errors.'),
      seed,
    })
    .prefault({}),
  register_model: z
    .strictObject({
      experiment: z.string().min(1).default('DVC_Pipeline_Evaluation').describe("MLflow's experiment."),
      model_name: z.string().min(1).default('my_model').describe("Name in MLflow's registry."),
    })
    .prefault({}),
  promote_model: z
    .strictObject({
      significance: z
        .number()
        .gt(0)
        .lt(1)
        .default(0.05)
        .describe('Refuse a challenger that is worse than the champion with less than this probability of chance.'),
      max_calibration_error: share.default(0.03).describe('Limit of the calibration error.'),
      min_accuracy: share.default(0.75).describe('Least accuracy.'),
      min_roc_auc: share.default(0.8).describe('Least ROC-AUC.'),
      min_behaviour_pass: share.default(0.85).describe('Least share of behaviour tests that pass.'),
    })
    .prefault({}),
});

export type Params = z.output<typeof paramsSchema>;
export type DataIngestionParams = Params['data_ingestion'];
export type ModelBuildingParams = Params['model_building'];
export type ModelEvaluationParams = Params['model_evaluation'];
export type PromoteModelParams = Params['promote_model'];

/** The sections that decide what a model is. */
export function sectionsOfModel(params: Params): Record<string, unknown> {
  const { data_ingestion, data_preprocessing, feature_engineering, model_building } = params;
  return { data_ingestion, data_preprocessing, feature_engineering, model_building };
}

/** Throws PARAMS_MISSING (1) or PARAMS_INVALID (2), which names file, line and field. */
export function readParams(path = 'params.yaml'): Params {
  return readYamlFile(path, 'params').check(paramsSchema);
}

/** The same for text that came from `path`. */
export function parseParams(text: string, path: string): Params {
  return new YamlFile(text, path, 'params').check(paramsSchema);
}

/**
 * params.yaml: every parameter of the pipeline with its range, default and description. A key that the file leaves out has
 * its default; an unknown key is an error. Each stage reads its own section, and DVC reruns it when that section changes.
 */
import { z } from 'zod';
import { isClassifier, linearNames, linearSettings } from './classifiers/registry.ts';
import { TABLES } from './lexicon/table_names.ts';
import { redact } from './redact.ts';
import { readYamlFile } from './yaml_file.ts';

const whole = (least: number, most = 4294967295) => z.number().int().min(least).max(most);
const above = (limit: number) => z.number().gt(limit);
const share = z.number().min(0).max(1);
const seed = whole(0).default(42).describe('Fixes every random choice of the section.');
const name = z.string().min(1);
const text = z.array(z.coerce.string());

/** A block of n-grams. */
const block = (unit: string, ngrams: [number, number], minDf: number) =>
  z
    .strictObject({
      ngrams: z
        .tuple([whole(1, 20), whole(1, 20)])
        .default(ngrams)
        .describe(`Least and most ${unit} of an n-gram.`),
      min_df: above(0).default(minDf).describe('Least number of texts that have the n-gram; below 1, a share.'),
      max_df: above(0).default(1).describe('Most texts that have the n-gram; up to 1, a share.'),
      max_features: whole(0).default(0).describe('How many n-grams to keep, the most frequent first; 0 keeps all.'),
      weighting: z.enum(['count', 'binary', 'tfidf']).default('tfidf').describe('What the value of an n-gram is.'),
      sublinear_tf: z.boolean().default(true).describe('Use 1 + ln(count) in place of the count.'),
      smooth_idf: z.boolean().default(true).describe('Compute idf as if one more text had every n-gram.'),
      norm: z.enum(['l2', 'l1', 'none']).default('l2').describe('Which norm of a row is scaled to 1.'),
    })
    .refine((value) => value.ngrams[0] <= value.ngrams[1], {
      path: ['ngrams'],
      message: 'the first exceeds the second',
    })
    .nullable()
    .prefault({})
    .describe(`N-grams of ${unit}; null leaves them out.`);

const classifier = z
  .enum(linearNames, {
    error: ({ input }) =>
      `${isClassifier(input) ? 'this classifier is not linear, so it cannot be served or explained' : 'unknown classifier'}: ` +
      `choose ${linearNames.join(', ')}`,
  })
  .default('logistic_regression')
  .describe('A linear classifier, so that the model can be served and explained.');

const ascends = (numbers: readonly number[]) => numbers.every((number, k) => k === 0 || number > numbers[k - 1]);

/** How one source of texts is read. */
const ofSource = {
  text_column: z
    .union([name, z.array(name).min(1)])
    .default('text')
    .describe('Column of the text in a table; a list of columns is joined by a sentence end.'),
  // Without a default, so that they are part of a model's facts only where they are given.
  encoding: name.optional().describe('Encoding of a table, such as utf-8 or windows-1252; else detected.'),
  delimiter: name.optional().describe('Character between the cells, or tab; else detected.'),
  quote: name.optional().describe('Character around cells, or none; else detected.'),
  escape: name.optional().describe('Character that makes a quote inside a cell a letter, or none; else detected.'),
  header: name.optional().describe('first, none, or the names of the columns of a table without a header: a,b,c.'),
  label_column: z.string().default('label').describe('Column of the label.'),
  rating_column: z
    .string()
    .default('')
    .describe('Column of a number whose sign is the label; an empty name means none.'),
  id_column: z.string().default('').describe("Column of the text's id; an empty name means none."),
  group_column: z
    .string()
    .default('')
    .describe('Texts of a group stay on one side of the split; an empty name means none.'),
  class_labels: z
    .record(z.string(), text.min(1))
    .optional()
    .describe('Labels that count as each class; if not given, the name, or the lists of the sentiments below.'),
  positive_labels: text.min(1).default(['positive', 'pos', '1', 'true']).describe('Labels that count as positive.'),
  negative_labels: text
    .min(1)
    .default(['negative', 'neg', '0', 'false', '-1'])
    .describe('Labels that count as negative.'),
  neutral_labels: text
    .default(['neutral'])
    .describe('Labels that count as neutral; their texts are left out unless neutral is a class.'),
  neutral_band: z
    .number()
    .min(0)
    .default(0)
    .describe('Ratings this close to zero are neutral: left out, or the class neutral if there is one.'),
  max_bad_share: share
    .default(0.02)
    .describe('The run fails when more than this share of the rows of a source is unusable.'),
  weight: above(0)
    .optional()
    .describe('How much a text of the source counts in training; 1 if not given, 0.4 for embedded:all.'),
  domain: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/, 'letters, digits, _ and -, at most 40')
    .refine((domain) => !domain.endsWith('_se') && domain !== 'se', 'names that end in se stand for standard errors')
    .optional()
    .describe('Kind of texts, by which all figures are also given; if not given, the name of the file or corpus.'),
};

/** Without defaults, so that they are part of a model's facts only where they are given. */
const classes = {
  classes: z
    .array(z.coerce.string().min(1).max(40))
    .min(2)
    .max(20)
    .refine((names) => new Set(names.map((one) => one.toLowerCase())).size === names.length, 'two have the same name')
    .optional()
    .describe('Names of the classes in their order; negative and positive if not given.'),
  rating_cuts: z
    .array(z.number())
    .min(1)
    .refine(ascends, 'they must ascend')
    .optional()
    .describe('Ratings between one class and the next, one fewer than classes; a rating up to the first is class 0.'),
  ordered: z
    .boolean()
    .optional()
    .describe('Whether the order of the classes means something; if not given, yes where ratings have a place.'),
};

/** Settings go into dvc.lock, MLflow and the model, so a secret address has no place here. */
export const sourceName = name
  .refine(
    (source) => redact(source, {}) === source,
    'it holds a signature, a token or a password, which would be written to dvc.lock, MLflow and the model; put the ' +
      "address into an environment variable (export REVIEWS_URL='...') and name that: env:REVIEWS_URL",
  )
  .describe(
    'embedded:all, embedded:NAME, a table, a folder of tables, http(s)://, s3://, an aclImdb folder or tar.gz, or env:NAME.',
  );

const ingestion = {
  source: sourceName.default('embedded:all'),
  sources: z
    .array(
      z.preprocess(
        (given) => (typeof given === 'string' ? { source: given } : given),
        z.strictObject({ source: sourceName, ...withoutDefaults(ofSource) }),
      ),
    )
    .min(1)
    .optional()
    .describe(
      'Several sources in place of the one, each with settings of its own; the others are those beside this list.',
    ),
  ...classes,
  ...ofSource,
  test_source: sourceName
    .optional()
    .describe('Held-out texts of your own, with the same columns as the source; they take the place of the split.'),
  test_share: above(0).lt(1).default(0.2).describe('Share of the texts in the held-out set.'),
  seed,
};

type WithoutDefaults<Fields extends Record<string, z.ZodType>> = {
  [Key in keyof Fields]: z.ZodOptional<
    Fields[Key] extends z.ZodDefault<infer Inner extends z.ZodType> ? Inner : Fields[Key]
  >;
};

/** The same settings, each optional. */
function withoutDefaults<Fields extends Record<string, z.ZodType>>(fields: Fields): WithoutDefaults<Fields> {
  const own = Object.entries(fields).map(([key, field]) => {
    const { description = '' } = field;
    const inner = field instanceof z.ZodDefault ? (field.unwrap() as z.ZodType) : field;
    return [key, inner.optional().describe(description)];
  });
  return Object.fromEntries(own) as WithoutDefaults<Fields>;
}

const rules = z
  .union([z.literal(1), z.literal(2)])
  .default(2)
  .describe('Version of the rules for texts and tokens; 1 is that of models from before December 2026.');

const preprocessing = {
  rules,
  lowercase: z.boolean().default(true).describe('Turn letters into lower case.'),
  decode_entities: z.boolean().default(true).describe('Turn &amp; into &, and so on.'),
  strip_tags: z.boolean().default(true).describe('Remove HTML tags.'),
  unicode_form: z.enum(['NFC', 'NFKC', 'none']).default('NFKC').describe('Unicode normalisation form.'),
  written_out: z.boolean().default(false).describe('Read a written-out \\n, \\t or \\" as line end, tab or quote.'),
  repair_encoding: z.boolean().default(true).describe('Repair text that was encoded twice, where that is certain.'),
  addresses: z.boolean().default(true).describe('One token for any web or mail address, and one for any @name.'),
  emoticons: z.boolean().default(true).describe('Read an emoticon as the emoji of its meaning.'),
  hashtags: z.boolean().default(true).describe('Split hashtags at capitals.'),
  elongation: z.boolean().default(true).describe('Fold elongated words (soooo), with a mark.'),
};

const features = {
  rules,
  tokenizer: z
    .enum(['words', 'treebank', 'wordpunct', 'aggressive'])
    .default('words')
    .describe("words is the project's own; the others are natural's."),
  stemmer: z.enum(['none', 'porter', 'lancaster']).default('none').describe("natural's stemmers."),
  stopwords: z.enum(['none', 'english', 'english_without_negations']).default('none').describe('Words to leave out.'),
  negation_scope: whole(0, 20).default(3).describe('Words after a negation whose sign is flipped; 0 turns it off.'),
  negation_weight: above(0).max(3).default(1).describe('How much these words count.'),
  contrast_weight: share
    .default(0.3)
    .describe('Weight of what a "but" or an opening "although A," sets aside; 1 turns it off.'),
  word: block('words', [1, 2], 1),
  char: block('characters', [3, 6], 2),
  hashing: whole(1 << 10, 1 << 24)
    .refine((columns) => Number.isInteger(Math.log2(columns)), 'it must be a power of two')
    .optional()
    .describe(
      'Number of columns of each block, a power of two: n-grams are hashed to them, min_df, max_df and max_features do not apply. If not given, each n-gram has a column of its own.',
    ),
  polarity: z
    .array(z.enum(TABLES))
    .default([...TABLES])
    .describe('Tables that polarities of words are learnt from; [] leaves them out.'),
  prior: name
    .default('auto')
    .describe(
      "Another model's opinion of words: auto (general below 3,000 texts where it helps), general, none, or a model file.",
    ),
};

const building = {
  classifier,
  target: z
    .enum(['hard', 'soft'])
    .default('soft')
    .describe('hard: 0 or 1. soft: logistic(soft_slope x (rating - cut)) for above each cut between classes.'),
  soft_slope: above(0).default(1.5).describe('Slope of the soft target.'),
  sample_weight: z.enum(['none', 'rating']).default('none').describe('rating: the absolute rating.'),
  class_weight: z
    .enum(['none', 'balanced'])
    .default('none')
    .describe('balanced: all classes weigh the same, and the probabilities are those of equally many texts of each.'),
  seed,
  calibration: z
    .enum(['none', 'platt'])
    .default('platt')
    .describe('platt is fitted on out-of-fold scores; more than two classes have a slope and an offset each.'),
  calibration_signs: z
    .boolean()
    .default(true)
    .describe('Whether texts that show a sign (emoji, drawn-out word, @name, address) have a slope of their own.'),
  calibration_folds: whole(2, 50).default(5).describe('Folds of the calibration.'),
  ...linearSettings,
  decision: z
    .strictObject({
      threshold: share.optional().describe('Answer `class` above this probability of it.'),
      precision: above(0)
        .max(1)
        .optional()
        .describe('Answer `class` above the lowest threshold that reaches this precision, on out-of-fold scores.'),
      class: z.coerce.string().optional().describe('Class of threshold or precision; the last if not given.'),
      costs: z
        .union([z.literal('distance'), z.record(z.string(), z.record(z.string(), z.number().min(0)))])
        .optional()
        .describe(
          'Cost of each error, {right: {answered: cost}}, 1 if not given; distance: the classes between the two. The least expected cost is answered.',
        ),
      least_known: share.optional().describe('Abstain if the model knows a smaller share of the words.'),
      abstain_below: share.optional().describe('Abstain if the confidence is below this.'),
      coverage: above(0)
        .lt(1)
        .optional()
        .describe(
          'Conformal prediction: share of texts whose class is among the possible ones; abstain unless it is one.',
        ),
    })
    .refine(
      ({ threshold, precision, costs }) => [threshold, precision, costs].filter((one) => one !== undefined).length <= 1,
      'give one of threshold, precision and costs',
    )
    .refine((one) => one.class === undefined || one.threshold !== undefined || one.precision !== undefined, {
      path: ['class'],
      message: 'class belongs to threshold or precision',
    })
    .optional()
    .describe('How probabilities become an answer; the most probable class if not given.'),
};

const evaluation = {
  calibration_bins: whole(2, 100).default(10).describe('Bins of the calibration error.'),
  bootstrap_samples: whole(0, 100_000).default(1000).describe('Samples of the standard errors.'),
  // In one folder, on which the stage depends in dvc.yaml.
  behaviour: z
    .array(z.string().regex(/^behaviour\/.+\.ya?ml$/, 'the files are in behaviour/ and end in .yaml'))
    .default(['behaviour/general.yaml', 'behaviour/films.yaml', 'behaviour/fairness.yaml'])
    .describe('Files of behaviour tests.'),
  seed,
};

const registration = {
  experiment: name.default('DVC_Pipeline_Evaluation').describe("MLflow's experiment."),
  model_name: name.default('my_model').describe("Name in MLflow's registry."),
  examples: whole(0, 20)
    .default(0)
    .describe('Held-out texts that travel with the model, for anyone who opens its page to try.'),
};

const promotion = {
  significance: above(0)
    .lt(1)
    .default(0.05)
    .describe('A difference counts where chance alone is less likely than this.'),
  min_unseen: whole(1)
    .default(200)
    .describe('Least number of held-out texts that neither model was trained on, to compare the two on them.'),
  folds: whole(2, 50).default(5).describe('Folds of the cross-validation that decides where there are fewer.'),
  cross_validation_texts: whole(100)
    .default(20_000)
    .describe('The cross-validation takes at most this many texts, evenly spread.'),
  better_than_larger_class: z
    .boolean()
    .default(true)
    .describe('The accuracy must be significantly above that of always naming the larger class.'),
  min_accuracy: share.default(0).describe('Least accuracy; a model fails whose interval lies below it. 0: no floor.'),
  min_roc_auc: share.default(0.5).describe('Least ROC-AUC, likewise.'),
  max_calibration_error: share.default(0.05).describe('Limit of the calibration error beyond what chance explains.'),
  min_behaviour_pass: share
    .default(0.7)
    .describe('A model is refused when significantly fewer behaviour tests pass than this share.'),
  max_spread_growth: z
    .number()
    .min(0)
    .default(0.1)
    .describe("How much more, as a share, a fairness group's probabilities may spread than the champion's."),
  spread_noise: share.default(0.1).describe('A smaller spread of the champion counts as this one.'),
};

export const paramsSchema = z.strictObject({
  data_ingestion: z.strictObject(ingestion).prefault({}),
  data_preprocessing: z.strictObject(preprocessing).prefault({}),
  feature_engineering: z
    .strictObject(features)
    .refine(({ word, char }) => word !== null || char !== null, {
      path: ['word'],
      message: 'word and char are both null: one of them must be given',
    })
    .prefault({}),
  model_building: z.strictObject(building).prefault({}),
  model_evaluation: z.strictObject(evaluation).prefault({}),
  register_model: z.strictObject(registration).prefault({}),
  promote_model: z.strictObject(promotion).prefault({}),
});

export type Params = z.output<typeof paramsSchema>;
export type DataIngestionParams = Params['data_ingestion'];
export type ModelBuildingParams = Params['model_building'];
export type ModelEvaluationParams = Params['model_evaluation'];
export type PromoteModelParams = Params['promote_model'];

/** The sections that decide what a model is, without secrets: an address of the command line may hold some. */
export function sectionsOfModel(params: Params): Record<string, unknown> {
  const { data_ingestion: given, data_preprocessing, feature_engineering, model_building } = params;
  const data_ingestion = { ...given, source: redact(given.source, {}) };
  return { data_ingestion, data_preprocessing, feature_engineering, model_building };
}

/** The same settings for another source. */
export function withSource(params: Params, source: string | undefined): Params {
  if (source === undefined) return params;
  return { ...params, data_ingestion: { ...params.data_ingestion, source, sources: undefined } };
}

/** What a model's facts call the sources: as params.yaml names them, without secrets. */
export function nameOfSources({ source, sources }: Pick<DataIngestionParams, 'source' | 'sources'>): string {
  return sources ? sources.map((own) => own.source).join(', ') : redact(source, {});
}

/** How the texts that a model learnt from were read, by its facts; undefined if a model of another version says it otherwise. */
export function ingestionOfModel(facts: { params: Record<string, unknown> }): DataIngestionParams | undefined {
  return paramsSchema.shape.data_ingestion.safeParse(facts.params.data_ingestion).data;
}

/** Throws PARAMS_MISSING (1) or PARAMS_INVALID (2), which names file, line and field. */
export function readParams(path = 'params.yaml'): Params {
  return readYamlFile(path, 'params').check(paramsSchema);
}
